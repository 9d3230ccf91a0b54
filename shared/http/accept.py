"""Content negotiation: picks the form of an answer that the Accept header prefers (RFC 9110, 12.5.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from shared.http.language import MAX_HEADER_CHARS, weight_of

NOT_NAMED: Final = -1


@lru_cache(maxsize=256)
def preferred(accept: str | None, offers: tuple[str, ...]) -> str:
    """Return the offer with the highest weight; of equal ones the earlier, and the first where none is accepted."""
    ranges = [_range(part) for part in (accept or "*/*")[:MAX_HEADER_CHARS].split(",")]
    return max(offers, key=lambda offer: _weight(offer, ranges))


def _range(part: str) -> tuple[str, float]:
    name, *parameters = part.split(";")
    weights = [weight_of(parameter) for parameter in parameters if parameter.strip().lower().startswith("q=")]
    return name.strip().lower(), weights[0] if weights else 1.0


def _weight(offer: str, ranges: list[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that matches the offer."""
    kind = offer.partition("/")[0]
    fitting = {offer: 2, f"{kind}/*": 1, "*/*": 0}
    found = max(((fitting.get(name, NOT_NAMED), weight) for name, weight in ranges), default=(NOT_NAMED, 0.0))
    return found[1] if found[0] > NOT_NAMED else 0.0
