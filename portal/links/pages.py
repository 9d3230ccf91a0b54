"""Links of mails and of codes on papers that lead to a service's own page.

A deployment's gateway answers them before they come here. A suite without one has the portal at that address, so it
passes them on, and every link that was sent works there too.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from portal.web.page import Access, Page
from portal.web.visit import NothingHere, Visit

GUIDE_PATH: Final = "/refund-guide"

LINKED: Final[tuple[tuple[str, str], ...]] = (
    ("GET", "/v1/logins/{link}/disown"),
    ("POST", "/v1/logins/{link}/disown"),
    ("GET", "/v1/address-undo/{link}"),
    ("POST", "/v1/address-undo/{link}"),
    ("GET", "/v1/leaving-undo/{link}"),
    ("POST", "/v1/leaving-undo/{link}"),
    ("GET", "/v1/receipt-checks/{ntpn}"),
    ("GET", GUIDE_PATH),
)
"""Public, and opened by people: no call of the API that a program makes is among them."""

_SENT: Final = ("Accept", "Content-Type")
_KEPT: Final = (
    "Content-Type",
    "Content-Security-Policy",
    "Referrer-Policy",
    "X-Robots-Tag",
    "X-Frame-Options",
    "Cache-Control",
    "Retry-After",
    "Vary",
)


async def pass_on(visit: Visit) -> web.StreamResponse:
    """Answer what the service answers, refusals too."""
    if visit.settings.is_production:
        raise NothingHere
    request = visit.request
    # ids as places take them: nothing in them leads to another path of the API
    path = visit.page.path.format(**{name: visit.place(name) for name in request.match_info})
    query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
    status, said, body = await visit.api.pass_on(
        visit.page.method,
        ("/v1" if path == GUIDE_PATH else "") + path + query,
        {name: request.headers[name] for name in _SENT if name in request.headers},
        await request.read(),
    )
    return web.Response(status=status, body=body, headers={name: said[name] for name in _KEPT if name in said})


PAGES: Final[tuple[Page, ...]] = tuple(Page(method, path, pass_on, Access.ANYBODY) for method, path in LINKED)
