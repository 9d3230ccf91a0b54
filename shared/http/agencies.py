"""Addresses of agencies, learned from calls with a valid signature, so that places can be kept for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.http.address import Network, is_in, source_of

REMEMBERED: Final = timedelta(hours=24)
"""How long an address counts as an agency's after its last call whose signature fitted: every agency calls daily."""

MOST_REMEMBERED: Final = 64
"""Addresses remembered in a process; an agency calls from a handful. The one silent for longest is forgotten first."""


class Agencies:
    """Recognises agencies by their address before a body is read.

    An address is an agency's if it lies in a network that the operators named, or if a call from it bore a signature
    that fitted during the last day. Headers alone prove nothing: anybody can write a signature that does not fit.
    """

    def __init__(self, named: Sequence[Network] = ()) -> None:
        self._named = tuple(named)
        self._fitted: OrderedDict[str, datetime] = OrderedDict()

    def knows(self, address: str, now: datetime) -> bool:
        """Return whether the address is an agency's."""
        at = self._fitted.get(source_of(address))
        if at is not None and now - at < REMEMBERED:
            return True
        return bool(self._named) and is_in(address, self._named)

    def remember(self, address: str, now: datetime) -> None:
        """Note that a signature from this address was valid."""
        name = source_of(address)
        self._fitted[name] = now
        self._fitted.move_to_end(name)
        if len(self._fitted) > MOST_REMEMBERED:
            self._fitted.popitem(last=False)
