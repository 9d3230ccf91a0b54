"""Request and answer bodies of address changes."""

from __future__ import annotations

from pydantic import Field

from services.identity.accounts.schemas import ChannelWord
from services.identity.field_types import Identifier, PhoneText
from shared.http.schema import Body

_PROVE_BY = "Which address of before is to agree; without it the one that is replaced, else the one there is."


class PhoneChange(Body):
    """The new telephone number."""

    phone: PhoneText = Field(examples=["0812 3456 7890"])
    prove_by: ChannelWord | None = Field(None, description=_PROVE_BY)


class EmailChange(Body):
    """The new email address."""

    email: Identifier = Field(examples=["budi@example.org"])
    prove_by: ChannelWord | None = Field(None, description=_PROVE_BY)
