"""What tests over all services share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from shared.service import Parts
from tests.assembled import assemble
from tests.conftest import START
from tests.unit.world import HurryingClock


@pytest.fixture(scope="module")
def parts() -> Mapping[str, Parts]:
    """Every service as it is wired, by name."""
    return {name: service.parts for name, service in assemble(HurryingClock(START)).items()}
