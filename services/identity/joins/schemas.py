"""The request body of joining two accounts."""

from __future__ import annotations

from pydantic import Field

from services.identity.accounts.schemas import ChannelWord
from services.identity.field_types import Identifier
from shared.http.schema import Body


class JoinRequest(Body):
    """An address of the other account."""

    identifier: Identifier = Field(examples=["0812 3456 7890"])
    prove_by: ChannelWord | None = Field(
        None, description="Which address of your own account is to agree; without it one of the same kind, if any."
    )
