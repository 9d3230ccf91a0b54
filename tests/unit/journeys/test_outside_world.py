"""The world outside, as a citizen reads it."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.outside_world import Outside


class Texts:
    """A telephone's messages, in place of the simulator's."""

    def __init__(self, *texts: str) -> None:
        self._messages = [{"text": text} for text in texts]

    async def get(self, _url: str, **_params: Any) -> dict[str, Any]:
        return {"messages": self._messages}


class Nowhere:
    sms = "http://sms"


@pytest.mark.parametrize(
    "notice", ["Lihat https://contoh.example/applications/0b103456-10a3-4d8b-a168-92a6e103456a", "Bayar 654321654321"]
)
async def test_a_code_is_six_digits_by_themselves_beyond_those_already_seen(notice: str) -> None:
    outside = Outside(Nowhere(), Texts("Kode Anda: 111111", "Kode Anda: 222222", notice))  # type: ignore[arg-type]
    assert await outside.otp_by_sms("+62811", seen=1) == "222222"
