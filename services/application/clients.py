"""The issuance system and the border system over HTTP: bounded in time, tried again, given up on for a while when they
keep failing.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from datetime import date
from typing import Any, Final, TypeVar
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.application.config import Settings
from services.application.crossings.crossing import MOST_CROSSINGS, Crossing, Direction
from services.application.issuance.ports import DpriFile, DpriPicture, DpriRefuses, DpriState
from services.application.issuance.problems import ACKNOWLEDGED
from shared.crypto.sealed import SealedBox
from shared.crypto.sealed_stream import StreamSealer
from shared.errors import UpstreamDown
from shared.http.client import ClientAnswer, JsonClient, Patience
from shared.service import Platform

NAME: Final = "dpri"
CROSSINGS: Final = "crossings"
ANOTHER_PERSON: Final = "another_person"
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
    passport_kind: str | None = Field(None, max_length=40)
    issued_on: date | None = None
    expires_on: date | None = None


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
    file = _read(_FileAnswer, answer)
    pictures = {picture.document_id: picture.sha256 for picture in file.pictures if picture.state in ACKNOWLEDGED}
    book = (file.passport_kind, file.issued_on, file.expires_on)
    return DpriState(file.state, file.passport_number, *book, pictures=pictures)


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
