"""Request and answer bodies of address changes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.identity.accounts.schemas import ChannelWord
from services.identity.field_types import Identifier
from shared.fields.telephone import MAX_TELEPHONE_CHARS
from shared.http.schema import Body, Query

_PROVE_BY = "Which address of before is to agree; without it the one that is replaced, else the one there is."


class PageLanguage(Query):
    """The language of a page; without it the browser's."""

    language: Literal["id", "en"] | None = None


class PhoneChange(Body):
    """The new telephone number."""

    phone: Annotated[str, StringConstraints(min_length=3, max_length=MAX_TELEPHONE_CHARS)] = Field(
        examples=["0812 3456 7890"]
    )
    prove_by: ChannelWord | None = Field(None, description=_PROVE_BY)


class EmailChange(Body):
    """The new email address."""

    email: Identifier = Field(examples=["budi@example.org"])
    prove_by: ChannelWord | None = Field(None, description=_PROVE_BY)
