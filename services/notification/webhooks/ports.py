"""The way out that webhooks need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class WebhookPoster(Protocol):
    """Sends signed events to addresses of the outside, and to no machine inside the deployment."""

    async def check_address(self, url: str) -> None:
        """Return if events may be sent there: an https address whose name leads to the outside alone.

        Raises:
            NotOutside: they may not; its reason says why.
        """
        ...

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> int:
        """Return the status of the consumer's answer; its body is not read.

        Raises:
            UpstreamDown: there was none in time, or the address leads inside by now.
        """
        ...
