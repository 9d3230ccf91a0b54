"""Refusals: the expected ways in which a use case says no.

One class per refusal, named as a sentence (`SeatTaken`), with a stable code, a sentence in English and in Indonesian
and, where there is one, the next thing the person can do. A refusal knows nothing of HTTP but its status number;
`shared.http` turns it into problem+json. It is an answer, never a stack trace: counted, and a warning at most.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from shared.roles import Role

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_RESERVED = frozenset(
    {
        *("type", "title", "status", "detail", "code", "instance", "trace_id", "next_action", "next_call"),
        *("errors", "field"),
    }
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: where it is, which rule it breaks, a sentence about it and, if it helps, a right example.

    `pointer` is a JSON pointer (`/items/0/name`) inside the part of the request that `source` names
    (`body`, `query`, `path` or `header`).
    """

    pointer: str
    rule: str
    detail: str
    detail_id: str = ""
    example: str | None = None
    source: str = "body"


def fact_types(**kinds: Any) -> Mapping[str, Any]:
    """Return the facts that a refusal may tell, each with its type as it is described to callers."""
    return MappingProxyType(kinds)


class Refusal(Exception):
    """Base of every expected refusal.

    A subclass sets `status`, `code`, `title`, `title_id` and may set the `next_action` sentences. An instance may add
    what is particular to this one case. `facts` become extra members of the problem; they carry ids, times, counts and
    states, never personal data.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused."
    title_id: ClassVar[str] = "Permintaan ditolak."

    facts_told: ClassVar[Mapping[str, Any]] = fact_types()
    """The facts that an instance may tell. They are not inherited: another code has facts of its own."""

    next_action: str = ""
    next_action_id: str = ""
    retry_after_seconds: int | None = None

    def __init_subclass__(cls, **options: object) -> None:
        """Refuse, when the class is made, a code that is not snake_case or a status that is no error."""
        super().__init_subclass__(**options)
        if not _CODE.match(cls.code):
            raise TypeError(f"{cls.__name__}.code must be snake_case, not {cls.code!r}")
        if not 400 <= cls.status <= 599:
            raise TypeError(f"{cls.__name__}.status must be an error status, not {cls.status!r}")

    def __init__(
        self,
        detail: str = "",
        *,
        detail_id: str = "",
        field: str | None = None,
        next_action: str | None = None,
        next_action_id: str | None = None,
        retry_after_seconds: int | None = None,
        **facts: object,
    ) -> None:
        """Make the refusal of one case.

        `detail` and `detail_id` say what is particular here (else the titles speak); `field` is a JSON pointer into
        the body; `retry_after_seconds` is whole seconds until a repeat makes sense. Facts may not shadow a problem's
        own members.
        """
        super().__init__(detail or self.title)
        if not _RESERVED.isdisjoint(facts):
            raise TypeError(f"facts may not shadow {sorted(_RESERVED.intersection(facts))}")
        self.detail = detail
        self.detail_id = detail_id
        self.field = field
        self.facts: Mapping[str, object] = facts
        if next_action is not None:
            self.next_action = next_action
        if next_action_id is not None:
            self.next_action_id = next_action_id
        if retry_after_seconds is not None:
            self.retry_after_seconds = retry_after_seconds

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """The wrong fields one by one; empty unless the refusal is about the form of the request."""
        return ()


class NotKnownYet(Refusal):
    """A fact of another service has not arrived here yet: neither yes nor no; ask again."""

    status = 409
    code = "not_known_yet"
    title = "This is not known here yet."
    title_id = "Data ini belum diketahui di sini."
    next_action = "Repeat the same request in a moment."
    next_action_id = "Ulangi permintaan yang sama beberapa saat lagi."
    retry_after_seconds = 1


class NotFound(Refusal):
    """Nothing of that name exists, or the caller may not know that it does."""

    status = 404
    code = "not_found"
    title = "There is nothing at this address."
    title_id = "Tidak ada apa pun di alamat ini."
    next_action = "Check the address and the number in it."
    next_action_id = "Periksa alamat dan nomor di dalamnya."


class NotAuthenticated(Refusal):
    """The caller is not authenticated: the token is missing or not valid."""

    status = 401
    code = "not_authenticated"
    title = "You are not signed in."
    title_id = "Anda belum masuk."
    next_action = "Sign in and repeat the request with the new token."
    next_action_id = "Masuk lalu ulangi permintaan dengan token baru."


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    status = 403
    code = "not_allowed"
    facts_told = fact_types(role=Role, needs=list[Role])
    title = "You are not allowed to do this."
    title_id = "Anda tidak berwenang melakukan ini."
    next_action = "Ask someone who has the role for it."
    next_action_id = "Mintalah kepada petugas yang berwenang."


class SomeoneElseChangedIt(Refusal):
    """The thing was changed between reading and writing."""

    status = 409
    code = "someone_else_changed_it"
    title = "Someone else changed this at the same moment."
    title_id = "Data ini diubah pihak lain pada saat yang sama."
    next_action = "Read it again, then repeat the request."
    next_action_id = "Muat ulang datanya, lalu ulangi permintaan."
    retry_after_seconds = 1


class TooManyRequests(Refusal):
    """More requests than the limit allows in its time."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests in a short time."
    title_id = "Terlalu banyak permintaan dalam waktu singkat."
    next_action = "Wait, then repeat the request."
    next_action_id = "Tunggu sebentar, lalu ulangi permintaan."
    retry_after_seconds = 1


class Unavailable(Refusal):
    """This cannot be done just now, by no fault of the caller."""

    status = 503
    code = "unavailable"
    title = "This cannot be done right now."
    title_id = "Layanan ini sedang tidak dapat digunakan."
    next_action = "Repeat the request in a moment; nothing was lost."
    next_action_id = "Ulangi permintaan beberapa saat lagi; tidak ada data yang hilang."
    retry_after_seconds = 5


class UpstreamDown(Unavailable):
    """An outside system does not answer, or was given up on for a while: a state of the world, not a fault of ours."""

    code = "upstream_down"
    facts_told = fact_types(upstream=str, reason=str)
    title = "An outside service does not answer right now."
    title_id = "Layanan pihak luar sedang tidak menjawab."

    def __init__(self, name: str, reason: str, *, retry_after_seconds: int | None = None) -> None:
        """`name` of the system and a short stable `reason`: timeout, connection, status_503, circuit_open ..."""
        super().__init__(
            f"{name} does not answer ({reason}).",
            detail_id=f"{name} tidak menjawab ({reason}).",
            retry_after_seconds=retry_after_seconds,
            upstream=name,
            reason=reason,
        )
        self.name = name
        self.reason = reason


class TooLarge(Refusal):
    """The request carries more bytes than this address takes."""

    status = 413
    code = "too_large"
    facts_told = fact_types(limit_bytes=int)
    title = "The request is too large."
    title_id = "Permintaan terlalu besar."
    next_action = "Send less, or in smaller parts."
    next_action_id = "Kirim data yang lebih kecil atau dalam beberapa bagian."


class WrongMediaType(Refusal):
    """The body is of a type that this address does not read."""

    status = 415
    code = "wrong_media_type"
    facts_told = fact_types(accepted=list[str])
    title = "This type of content is not accepted here."
    title_id = "Jenis konten ini tidak diterima di sini."
    next_action = "Send the body in one of the accepted types."
    next_action_id = "Kirim isi permintaan dalam jenis yang diterima."


class Malformed(Refusal):
    """The request could be read, but some of its fields break a rule; each of them is named in `errors`."""

    status = 422
    code = "malformed"
    title = "Some fields are not right."
    title_id = "Beberapa isian tidak sesuai."
    next_action = "Correct the named fields and send the request again."
    next_action_id = "Perbaiki isian yang disebutkan, lalu kirim ulang."

    def __init__(
        self, detail: str = "", *, errors: tuple[FieldError, ...] = (), detail_id: str = "", field: str | None = None
    ) -> None:
        """Name every wrong field; `field` defaults to the first one."""
        super().__init__(detail, detail_id=detail_id, field=field or (errors[0].pointer if errors else None))
        self._errors = errors

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """Every wrong field, in the order of the request."""
        return self._errors


class Unreadable(Malformed):
    """The request cannot be read at all: broken JSON, wrong encoding, a cut body."""

    status = 400
    code = "unreadable"
    title = "The request cannot be read."
    title_id = "Permintaan tidak dapat dibaca."
    next_action = "Send valid JSON in UTF-8."
    next_action_id = "Kirim JSON yang sah dalam UTF-8."
