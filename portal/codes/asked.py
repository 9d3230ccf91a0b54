"""The code that a visitor is typing: which one it is and where they go afterwards. Sealed; never in an address."""

from __future__ import annotations

from typing import Any, Final, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.web.forms import KEPT_FIELD, Form
from portal.web.visit import Visit

CODE_FIELD: Final = "code_asked"
CODE_SECONDS: Final = 3600
"""How long the browser knows of it: as long as the long code of a message counts."""

SIGN_IN: Final = "sign_in"


class CodeAsked(BaseModel):
    """A challenge of identity in the hands of the one who asked for it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    challenge_id: str
    asker_token: str | None = None
    purpose: str = SIGN_IN
    back: str = ""
    second_channel: str = ""
    """Channel of the account's other address, once it has to agree."""

    @classmethod
    def of_answer(cls, answer: dict[str, Any], *, purpose: str = SIGN_IN, back: str = "") -> Self:
        """Return what is known of a challenge that was just answered."""
        return cls(
            challenge_id=answer["challenge_id"],
            asker_token=answer.get("asker_token"),
            purpose=purpose,
            back=back,
            second_channel=answer.get("old_code_channel") or "",
        )

    @property
    def proof_path(self) -> str:
        """Where the code is proven."""
        return f"/v1/challenges/{self.challenge_id}/verification"

    def sealed(self, visit: Visit) -> str:
        """Return it for a hidden field, so that each tab has its own."""
        return visit.cookies.seal(self.model_dump_json(), CODE_FIELD)

    def left_in(self, visit: Visit, response: web.Response) -> web.Response:
        """Return the response that leaves it in the browser: the page may be loaded again, or in the other language."""
        visit.cookies.write_step(response, self._cookie, self.model_dump_json(), CODE_SECONDS)
        return response

    def taken_from(self, visit: Visit, response: web.Response) -> web.Response:
        """Return the response that takes it away: it has done its work."""
        visit.cookies.write_step(response, self._cookie, "", 0)
        return response

    @property
    def _cookie(self) -> str:
        return _cookie_of(is_sign_in=self.purpose == SIGN_IN)


def find_code_asked(visit: Visit, form: Form, *, is_sign_in: bool) -> CodeAsked | None:
    """Return what the form carries, else what the browser was left with; None where there is neither."""
    sealed = form.text(CODE_FIELD)
    text = visit.cookies.open(sealed, CODE_FIELD) if sealed else None
    text = text or visit.cookies.read_step(visit.request, _cookie_of(is_sign_in=is_sign_in))
    try:
        found = CodeAsked.model_validate_json(text) if text else None
    except ValidationError:
        return None
    return found if found is not None and (found.purpose == SIGN_IN) is is_sign_in else None


async def send_again(visit: Visit, asked: CodeAsked, *, by_sms: bool = False) -> Any:
    """Send a new code of a challenge and return how it stands."""
    path = f"/v1/challenges/{asked.challenge_id}/resend"
    return await visit.send("POST", path, channel="sms") if by_sms else await visit.send("POST", path)


def _cookie_of(*, is_sign_in: bool) -> str:
    return "code" if is_sign_in else "account_code"


async def read_kept_field(visit: Visit) -> str:
    """Return the form that is carried through the sign-in, sealed; empty where there is none.

    Raises:
        FormTooLarge, FormUnreadable.
    """
    return await visit.carried(KEPT_FIELD) if visit.request.method == "POST" else ""
