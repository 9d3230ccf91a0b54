"""Messages to the account: about what, when, where to, and whether it arrived."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from portal.web.forms import Form
from portal.web.page import Page, get
from portal.web.visit import Visit

MESSAGES_A_PAGE: Final = 20
NOT_ARRIVED: Final = frozenset({"failed", "dropped"})


async def show_messages(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show messages, the newest first."""
    after = visit.query("after")
    found = await visit.api.get("/v1/deliveries", limit=MESSAGES_A_PAGE, after=after or None)
    return visit.render(
        "messages/messages.html",
        messages=found["deliveries"],
        after=found.get("next"),
        is_first=not after,
        has_trouble=any(message["state"] in NOT_ARRIVED for message in found["deliveries"]),
    )


PAGES: Final[tuple[Page, ...]] = (get("/messages", show_messages),)
