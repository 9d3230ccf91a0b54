"""Holds the lines of an export against the models by which the interface describes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, RootModel


def assert_described(lines: Iterable[bytes], model: type[RootModel[Any]]) -> None:
    """Each line is read by the model, which has no member less."""
    for line in lines:
        read: BaseModel = model.model_validate_json(line).root
        assert read.model_fields_set == json.loads(line).keys(), line
