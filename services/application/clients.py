"""The issuance system and the border system over HTTP: bounded in time, tried again, given up on for a while when they
keep failing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.application.config import Settings
from services.application.crossings.crossing import MOST_CROSSINGS, Crossing, Direction
from services.application.issuance.ports import DpriFile, DpriRefuses, DpriState
from shared.errors import UpstreamDown
from shared.http.client import ClientAnswer, JsonClient, Patience
from shared.service import Platform

NAME: Final = "dpri"
CROSSINGS: Final = "crossings"
ANOTHER_PERSON: Final = "another_person"
UNREADABLE: Final = "unreadable"
SERVER_ERROR: Final = 500


class _FileAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    state: str = Field(max_length=40)
    passport_number: str | None = Field(None, max_length=40)
    passport_kind: str | None = Field(None, max_length=40)
    issued_on: date | None = None
    expires_on: date | None = None


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore")
    code: str = Field(max_length=80, pattern=r"^[a-z][a-z0-9_]*$")


class DpriClient:
    """The `Dpri` port over its HTTP interface."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    @classmethod
    def from_settings(cls, settings: Settings, platform: Platform) -> DpriClient:
        """The client that the settings describe."""
        token = settings.dpri_token
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        client = JsonClient(
            NAME,
            settings.dpri_url,
            clock=platform.clock,
            randomness=platform.randomness,
            patience=Patience(try_seconds=settings.dpri_try_seconds, tries=settings.dpri_tries),
            headers=headers,
        )
        return cls(client)

    async def hand_over(self, number: str, file: DpriFile) -> DpriState:
        """Give a file."""
        body = {**file.content, "delivery_id": file.delivery_id}
        return _state(await self._client.call("PUT", _path(number), body=body))

    async def get_state(self, number: str) -> DpriState:
        """Return the state of the file."""
        return _state(await self._client.call("GET", _path(number)))

    async def approve(self, number: str, approval: Mapping[str, Any]) -> None:
        """Say that the book may be printed."""
        _state(await self._client.call("PUT", f"{_path(number)}/approval", body=approval))

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()


class _CrossingRow(BaseModel):
    model_config = ConfigDict(extra="ignore")
    direction: Direction
    at: AwareDatetime
    place: str = Field(min_length=1, max_length=100)


class _CrossingsAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    nik: str = Field(max_length=40)
    crossings: list[_CrossingRow] = Field(max_length=10_000)


class CrossingsClient:
    """The `BorderCrossings` port over its HTTP interface."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    @classmethod
    def from_settings(cls, settings: Settings, platform: Platform) -> CrossingsClient | None:
        """The client that the settings describe; None where they name no border system."""
        if not settings.crossings_url:
            return None
        token = settings.crossings_token
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        client = JsonClient(
            CROSSINGS,
            settings.crossings_url,
            clock=platform.clock,
            randomness=platform.randomness,
            patience=Patience(try_seconds=settings.crossings_try_seconds, tries=2),
            headers=headers,
        )
        return cls(client)

    async def list_crossings(self, nik: str, birth_date: date) -> tuple[Crossing, ...]:
        """Ask for a person's crossings; a search changes nothing there, so it may be repeated."""
        body = {"nik": nik, "birth_date": birth_date.isoformat()}
        answer = await self._client.call("POST", "/crossings/search", body=body, idempotent=True)
        if not answer.ok:
            raise UpstreamDown(CROSSINGS, f"status_{answer.status}")
        try:
            found = _CrossingsAnswer.model_validate_json(answer.body)
        except ValidationError:
            raise UpstreamDown(CROSSINGS, UNREADABLE) from None
        if found.nik != nik:
            raise UpstreamDown(CROSSINGS, ANOTHER_PERSON)
        newest = sorted(found.crossings, key=lambda row: row.at, reverse=True)[:MOST_CROSSINGS]
        return tuple(Crossing(row.direction, row.at, row.place) for row in newest)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()


def _path(number: str) -> str:
    return f"/dpri/files/{quote(number, safe='')}"


def _state(answer: ClientAnswer) -> DpriState:
    if answer.status >= SERVER_ERROR:
        raise UpstreamDown(NAME, f"status_{answer.status}")
    if not answer.ok:
        raise DpriRefuses(_code(answer))
    try:
        file = _FileAnswer.model_validate_json(answer.body)
    except ValidationError:
        raise UpstreamDown(NAME, UNREADABLE) from None
    return DpriState(file.state, file.passport_number, file.passport_kind, file.issued_on, file.expires_on)


def _code(answer: ClientAnswer) -> str:
    try:
        return _Problem.model_validate_json(answer.body).code
    except ValidationError:
        return f"status_{answer.status}"
