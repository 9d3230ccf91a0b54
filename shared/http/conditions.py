"""Reads the headers of conditional requests: If-None-Match (RFC 9110, 13.1.2) and Prefer: wait (RFC 7240, 4.3)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final

from multidict import CIMultiDictProxy
from pydantic import BaseModel

from shared.http.call import JSON, Answer

ETAG: Final = "ETag"
IF_NONE_MATCH: Final = "If-None-Match"
PREFER: Final = "Prefer"
PREFERENCE_APPLIED: Final = "Preference-Applied"

NOT_MODIFIED: Final = 304

LONGEST_WAIT_SECONDS: Final = 25
"""Longest wait of a caller. Proxies on the way cut a silent connection after 30 s and more."""

_ETAG: Final = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_PREFERENCE: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*"?)+')
"""One of several, parted by commas outside of quotes; a quote that is not closed reaches to the end."""
_WAIT: Final = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?', re.IGNORECASE)
_WAIT_NAME: Final = re.compile(r"\s*wait\s*(?:[=;].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """The answer that a caller has already, and how many seconds they would wait for another one."""

    etags: frozenset[str]
    anything: bool
    """`*`: every answer is known to the caller, so that no change is worth a wait."""
    wait_seconds: float

    def applied_to(self, answer: Answer) -> Answer:
        """Return the answer; without its body (304) to a caller who has it. One without an ETag is new to everybody."""
        etag = answer.headers.get(ETAG)
        if etag is not None and (self.anything or etag.strip('"') in self.etags):
            return Answer(NOT_MODIFIED, headers={ETAG: etag})
        return answer


def condition_of(headers: CIMultiDictProxy[str], longest_seconds: float) -> Condition:
    """Return what the request's headers ask for. Waits are shortened to `longest_seconds`.

    A malformed preference is ignored (RFC 7240, 2), as is one without an ETag: there is nothing to wait from. A
    malformed ETag matches nothing, so that its sender gets the whole answer.
    """
    said = ",".join(headers.getall(IF_NONE_MATCH, ()))
    etags = frozenset(_ETAG.findall(said))
    wait_seconds = wait_of(",".join(headers.getall(PREFER, ()))) if etags else 0
    return Condition(etags, said.strip() == "*", min(wait_seconds, longest_seconds))


def wait_of(prefer: str) -> int:
    """Return the seconds of the first `wait` in a Prefer header; 0 if there is none or it is malformed."""
    first = next((part for part in _PREFERENCE.findall(prefer) if _WAIT_NAME.fullmatch(part)), "")
    read = _WAIT.fullmatch(first)
    return int(read[1]) if read is not None else 0


def etag_of(content: bytes) -> str:
    """Return the strong ETag of this content: the same in every replica, another one for every other content."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def with_etag(answer: Answer) -> Answer:
    """Return the answer with the ETag of its JSON. Other forms keep the ETag that their handler gave, if any."""
    if not isinstance(answer.body, BaseModel):
        return answer
    content = answer.body.__pydantic_serializer__.to_json(answer.body)
    return replace(answer, body=content, media_type=JSON, headers={**answer.headers, ETAG: etag_of(content)})
