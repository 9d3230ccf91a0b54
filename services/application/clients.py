"""The issuance system over HTTP: bounded in time, tried again, given up on for a while when it keeps failing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.application.config import Settings
from services.application.issuance.ports import DpriFile, DpriRefuses, DpriState
from shared.errors import UpstreamDown
from shared.http.client import ClientAnswer, JsonClient, Patience
from shared.service import Platform

NAME: Final = "dpri"
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
