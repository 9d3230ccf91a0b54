"""Request and answer bodies of signing in through an office's provider, and of links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from services.identity.field_types import DeviceToken, Id
from services.identity.office_sign_in.link import OfficeLink, OfficeLinkState
from services.identity.office_sign_in.service import BegunSignIn, BrowserReturn
from services.identity.staff.admin_schemas import ReasonWord
from shared.http.paging import ListView
from shared.http.schema import Body, Path, Query, View
from shared.store.kinds import Record

LONGEST_CODE: Final = 1800
"""Characters of a code. All four together, each sign written as %XX, stay below the 8,190 bytes that aiohttp reads of a
first line."""

LONGEST_STATE: Final = 200
"""Characters of a state: ours have 43."""

LONGEST_ISSUER: Final = 500
LONGEST_ERROR: Final = 100
"""Characters of a name of an error: RFC 6749 has some of up to 25."""

_PRINTABLE: Final = r"^[\x20-\x7e]+$"
"""RFC 6749, appendix A."""

_Code = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=LONGEST_CODE)]
_State = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=LONGEST_STATE)]
_Issuer = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=LONGEST_ISSUER)]
_Error = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=LONGEST_ERROR)]


class ProviderPath(Path):
    """The id of a provider."""

    provider_id: Id


class LinkPath(Path):
    """The id of a link."""

    link_id: Id


class ReturnQuery(Query):
    """The parameters of an authorization response (RFC 6749, section 4.1.2; RFC 9207). Others are ignored, as that
    section says: providers add some of their own.
    """

    model_config = ConfigDict(extra="ignore")

    state: _State
    code: _Code | None = None
    iss: _Issuer | None = None
    error: _Error | None = None
    language: Literal["id", "en"] | None = None

    def sent(self) -> BrowserReturn:
        """Return what the provider sent."""
        return BrowserReturn(self.state, self.code, self.iss, self.error)


class ClaimTokens(Body):
    """The device that takes the tokens."""

    device_token: DeviceToken | None = Field(None, description="As the last sign-in on this device gave it.")


class AskLink(Body):
    """The provider that a member of staff wants to be linked at."""

    provider_id: Id


class BegunLinkView(View):
    """The way to the provider: open it in the browser that has the cookie of this answer."""

    authorization_url: str
    expires_at: datetime

    @classmethod
    def from_begun(cls, begun: BegunSignIn) -> BegunLinkView:
        """Return the view of a way to the provider."""
        return cls(authorization_url=begun.authorization_url, expires_at=begun.until)


class LinkQuery(Query):
    """The state of the links to list."""

    state: Annotated[OfficeLinkState, Field(strict=False)] = OfficeLinkState.ASKED


class LinkDecision(Body):
    """The reason of an act on a link."""

    reason: ReasonWord = Field(examples=["new_post"])


class OfficeLinkView(View):
    """A link between a member of staff and their user at a provider; the user stays with the provider."""

    link_id: str
    provider_id: str
    staff_id: str
    office_id: str
    state: OfficeLinkState
    asked_at: datetime
    decided_by: str | None = Field(description="None where nobody has decided, or the user name alone made it.")

    @classmethod
    def from_record(cls, record: Record[OfficeLink]) -> OfficeLinkView:
        """Return the view of a link."""
        link = record.state
        return cls(
            link_id=record.id,
            provider_id=link.provider_id,
            staff_id=link.staff_id,
            office_id=link.office_id,
            state=link.state,
            asked_at=link.asked_at,
            decided_by=link.decided_by,
        )


class OfficeLinkListView(ListView):
    """Links, the oldest first."""

    links: list[OfficeLinkView]
