"""The issuance system over HTTP: bounded in time, tried again, given up on for a while when it keeps failing."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.application.config import Settings
from services.application.issuance.ports import DpriFile, DpriPicture, DpriRefuses, DpriState
from services.application.issuance.problems import ACKNOWLEDGED
from shared.crypto.sealed import SealedBox
from shared.crypto.sealed_stream import StreamSealer
from shared.errors import UpstreamDown
from shared.http.client import ClientAnswer, JsonClient, Patience
from shared.service import Platform

NAME: Final = "dpri"
UNREADABLE: Final = "unreadable"
SERVER_ERROR: Final = 500
MOST_PICTURES: Final = 1000
"""Pictures that an answer may name: ten times what one application can have."""
PICTURE_CORRUPT: Final = "picture_corrupt"
"""Another picture arrived than the one that was sent."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class _PictureAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    document_id: str = Field(max_length=100)
    sha256: str = Field(max_length=64)
    state: str = Field(max_length=40)


class _FileAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    state: str = Field(max_length=40)
    passport_number: str | None = Field(None, max_length=40)
    pictures: list[_PictureAnswer] = Field(default_factory=list, max_length=MOST_PICTURES)


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore")
    code: str = Field(max_length=80, pattern=r"^[a-z][a-z0-9_]*$")


class DpriClient:
    """The `Dpri` port over its HTTP interface."""

    def __init__(self, client: JsonClient, sealer: StreamSealer, picture_seconds: float) -> None:
        self._client = client
        self._sealer = sealer
        self._picture_seconds = picture_seconds

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
        sealer = StreamSealer(SealedBox.for_recipient(settings.dpri_public_key))
        return cls(client, sealer, settings.dpri_picture_seconds)

    async def hand_over(self, number: str, file: DpriFile) -> DpriState:
        """Give a file."""
        body = {**file.content, "delivery_id": file.delivery_id}
        return _state(await self._client.call("PUT", _path(number), body=body))

    async def hand_over_picture(self, number: str, picture: DpriPicture, pieces: AsyncIterable[bytes]) -> str:
        """Give a picture, sealed to the issuance system piece by piece."""
        path = f"{_path(number)}/pictures/{quote(picture.document_id, safe='')}"
        sealed = self._sealer.seal(pieces, f"{number}/{picture.document_id}")
        query = {"delivery_id": picture.delivery_id, "sha256": picture.sha256}
        answer = await self._client.send("PUT", path, sealed, query=query, try_seconds=self._picture_seconds)
        said = _read(_PictureAnswer, answer)
        if said.sha256 != picture.sha256:
            raise DpriRefuses(PICTURE_CORRUPT)
        return said.state

    async def get_state(self, number: str) -> DpriState:
        """Return the state of the file."""
        return _state(await self._client.call("GET", _path(number)))

    async def approve(self, number: str, approval: Mapping[str, Any]) -> None:
        """Say that the book may be printed."""
        _state(await self._client.call("PUT", f"{_path(number)}/approval", body=approval))

    async def recall(self, number: str, recall: Mapping[str, Any]) -> None:
        """Take an order to print back."""
        _state(await self._client.call("PUT", f"{_path(number)}/recall", body=recall))

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()


def _path(number: str) -> str:
    return f"/dpri/files/{quote(number, safe='')}"


def _state(answer: ClientAnswer) -> DpriState:
    file = _read(_FileAnswer, answer)
    pictures = {picture.document_id: picture.sha256 for picture in file.pictures if picture.state in ACKNOWLEDGED}
    return DpriState(file.state, file.passport_number, pictures)


def _read(model: type[ModelT], answer: ClientAnswer) -> ModelT:
    if answer.status >= SERVER_ERROR:
        raise UpstreamDown(NAME, f"status_{answer.status}")
    if not answer.ok:
        raise DpriRefuses(_code(answer))
    try:
        return model.model_validate_json(answer.body)
    except ValidationError:
        raise UpstreamDown(NAME, UNREADABLE) from None


def _code(answer: ClientAnswer) -> str:
    try:
        return _Problem.model_validate_json(answer.body).code
    except ValidationError:
        return f"status_{answer.status}"
