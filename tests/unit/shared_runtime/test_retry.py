"""Load, decide, save: again while another writer is faster, and not for ever."""

from __future__ import annotations

import pytest

from shared.errors import SomeoneElseChangedIt
from shared.store.port import VersionConflict
from shared.store.retry import TRIES, again


def after(conflicts: int) -> tuple[list[int], object]:
    tried: list[int] = []

    async def attempt() -> str:
        tried.append(len(tried))
        if len(tried) <= conflicts:
            raise VersionConflict("moved on")
        return "saved"

    return tried, attempt


@pytest.mark.parametrize("conflicts", [0, 1, TRIES - 1])
async def test_it_tries_until_it_is_the_fastest(conflicts: int) -> None:
    tried, attempt = after(conflicts)
    assert await again(attempt) == "saved"  # type: ignore[arg-type]
    assert len(tried) == conflicts + 1


async def test_it_gives_up_after_the_last_try() -> None:
    tried, attempt = after(TRIES)
    with pytest.raises(SomeoneElseChangedIt):
        await again(attempt)  # type: ignore[arg-type]
    assert len(tried) == TRIES


async def test_the_number_of_tries_is_the_caller_s() -> None:
    tried, attempt = after(2)
    with pytest.raises(SomeoneElseChangedIt):
        await again(attempt, tries=2)  # type: ignore[arg-type]
    assert len(tried) == 2


async def test_other_trouble_is_not_repeated() -> None:
    async def attempt() -> None:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        await again(attempt)
