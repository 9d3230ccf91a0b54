"""Problem details (RFC 9457): the answer for every refusal and every failure.

A problem has a stable `code`, a sentence in the reader's language, pointers to the wrong fields, the next action and
the trace id that finds the log lines. It never shows internals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from shared.errors import (
    FieldError,
    NotAuthenticated,
    NotFound,
    Refusal,
    SomeoneElseChangedIt,
    TooLarge,
    Unavailable,
    Unreadable,
    WrongMediaType,
    fact_types,
)
from shared.http.language import Language
from shared.person_keys.errors import PersonErased
from shared.store.port import StoreUnavailable, VersionConflict
from shared.tokens import TokenExpired, TokenKeysUnavailable, TokenMalformed, TokenMissing, TokenNotTrusted

PROBLEM_JSON: Final = "application/problem+json"
PROBLEM_URN: Final = "urn:paspor:problem:"
BEARER_CHALLENGE: Final = 'Bearer realm="paspor"'


class NotSignedIn(NotAuthenticated):
    """The call needs a token and carries none."""

    code = "token_missing"
    title = "This needs a token, and none was sent."
    title_id = "Permintaan ini memerlukan token, tetapi token tidak dikirim."


class TokenUnreadable(NotAuthenticated):
    """The token cannot be read."""

    code = "token_malformed"
    title = "The token cannot be read."
    title_id = "Token tidak dapat dibaca."


class TokenOutdated(NotAuthenticated):
    """The token has expired."""

    code = "token_expired"
    title = "The token has expired."
    title_id = "Token sudah kedaluwarsa."
    next_action = "Get a new token with the refresh token, then repeat the request."
    next_action_id = "Minta token baru dengan refresh token, lalu ulangi permintaan."


class TokenForeign(NotAuthenticated):
    """The token was not issued by this suite's identity service."""

    code = "token_not_trusted"
    title = "The token was not issued for this service."
    title_id = "Token ini tidak diterbitkan untuk layanan ini."


class MethodNotThere(Refusal):
    """The address exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    facts_told = fact_types(allowed=list[str])
    title = "This address does not take this method."
    title_id = "Alamat ini tidak menerima metode tersebut."
    next_action = "Use one of the methods in the Allow header."
    next_action_id = "Gunakan salah satu metode pada header Allow."

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(allowed=self.allowed)


class SomethingBroke(Refusal):
    """A fault of ours; the trace id finds it."""

    status = 500
    code = "something_broke"
    title = "Something broke on our side."
    title_id = "Terjadi kesalahan di pihak kami."
    next_action = "Try again; if it happens again, tell support the trace id."
    next_action_id = "Coba lagi; bila terulang, sampaikan trace id kepada petugas bantuan."


class ProblemField(BaseModel):
    """One wrong field."""

    model_config = ConfigDict(title="ProblemField")

    source: str = Field(description="The part of the request: body, query, path or header.")
    pointer: str = Field(description="JSON pointer inside that part.", examples=["/applicants/0/name"])
    rule: str = Field(description="The rule that is broken, stable.", examples=["string_too_long"])
    detail: str
    example: str | None = Field(default=None, description="A value that would be right.")


class ProblemCall(BaseModel):
    """A call to one of the services."""

    model_config = ConfigDict(title="ProblemCall")

    method: str = Field(examples=["POST"])
    href: str = Field(
        description="A path; a name in braces is an id that the caller knows.",
        examples=["/v1/applications/{application_id}/submission"],
    )


class Problem(BaseModel):
    """RFC 9457 problem details; further members are facts that the code documents."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="The kind of problem as a URN.", examples=[f"{PROBLEM_URN}not_found"])
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str = Field(description="The kind of problem, stable and short.", examples=["not_found"])
    instance: str = Field(description="The path that was called.")
    trace_id: str = Field(description="Finds the log lines of this request.")
    next_action: str = Field(description="What to do now.")
    next_call: ProblemCall | None = Field(default=None, description="The call that does it; absent where none does.")
    field: str | None = Field(default=None, description="JSON pointer of the field that is to blame, if one is.")
    errors: list[ProblemField] = Field(default=[], description="Each wrong field.")


def describe(
    refusal: Refusal,
    *,
    language: Language,
    instance: str,
    trace_id: str,
    next_call: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the members of this refusal's problem; without a detail of its own, the title is the detail."""
    indonesian = language == "id"
    title = refusal.title_id if indonesian else refusal.title
    detail = refusal.detail_id if indonesian else refusal.detail
    problem: dict[str, Any] = {
        "type": PROBLEM_URN + refusal.code,
        "title": title,
        "status": refusal.status,
        "detail": detail or title,
        "code": refusal.code,
        "instance": instance,
        "trace_id": trace_id,
        "next_action": _in(indonesian, refusal.next_action_id, refusal.next_action),
        **refusal.facts,
    }
    if next_call is not None:
        problem["next_call"] = next_call
    if refusal.field is not None:
        problem["field"] = refusal.field
    if refusal.errors:
        problem["errors"] = [_describe_field(error, indonesian) for error in refusal.errors]
    return problem


def _describe_field(error: FieldError, indonesian: bool) -> dict[str, str]:
    described = {
        "source": error.source,
        "pointer": error.pointer,
        "rule": error.rule,
        "detail": _in(indonesian, error.detail_id, error.detail),
    }
    if error.example is not None:
        described["example"] = error.example
    return described


def _in(indonesian: bool, text_id: str, text: str) -> str:
    return (text_id or text) if indonesian else (text or text_id)


def problem_response(
    refusal: Refusal,
    *,
    language: Language,
    instance: str,
    trace_id: str,
    next_call: Mapping[str, str] | None = None,
) -> web.Response:
    """Return the answer: problem+json, with `Retry-After` where a repeat makes sense and the challenge on 401."""
    body = to_json(describe(refusal, language=language, instance=instance, trace_id=trace_id, next_call=next_call))
    headers = {"Content-Type": PROBLEM_JSON, "Content-Language": language}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(max(0, refusal.retry_after_seconds))
    if refusal.status == 401:
        headers["WWW-Authenticate"] = BEARER_CHALLENGE
    if isinstance(refusal, MethodNotThere):
        headers["Allow"] = ", ".join(refusal.allowed)
    return web.Response(body=body, status=refusal.status, headers=headers)


_AS_REFUSAL: Final[Mapping[type[Exception], type[Refusal]]] = {
    TokenMissing: NotSignedIn,
    TokenMalformed: TokenUnreadable,
    TokenExpired: TokenOutdated,
    TokenNotTrusted: TokenForeign,
    TokenKeysUnavailable: Unavailable,
    StoreUnavailable: Unavailable,
    PersonErased: NotFound,
    VersionConflict: SomeoneElseChangedIt,
}

_OF_STATUS: Final[Mapping[int, type[Refusal]]] = {
    400: Unreadable,
    404: NotFound,
    413: TooLarge,
    415: WrongMediaType,
    503: Unavailable,
}


def as_refusal(error: Exception) -> Refusal | None:
    """Return the refusal that an exception stands for; None if it is an unexpected error."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, web.HTTPMethodNotAllowed):
        return MethodNotThere(error.allowed_methods)
    if isinstance(error, web.HTTPException):
        known = _OF_STATUS.get(error.status) or (Unreadable if 400 <= error.status < 500 else None)
        return known() if known else None
    for kind, refusal in _AS_REFUSAL.items():
        if isinstance(error, kind):
            return refusal()
    return None
