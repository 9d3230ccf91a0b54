"""Pictures and forms of the API, passed on under addresses of this site with headers that let them do nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import ClientResponse, web

from portal.papers.places import application_of, read_code, read_id
from portal.web.page import Access, Page
from portal.web.visit import Visit

SANDBOX: Final = "sandbox; default-src 'none'"
"""Of a file that people sent: opened by itself it runs nothing, loads nothing and sends nothing (CSP level 3)."""

DRAWING_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Of our own drawings (SVG): their shapes are styled within the file."""

A_DAY: Final = "public, max-age=86400"
JPEG: Final = "image/jpeg"


async def show_picture(visit: Visit) -> web.StreamResponse:
    """Show a page that was uploaded: to its own account alone, as the API decides, kept by no cache."""
    path = f"{application_of(visit)}/documents/{read_id(visit, 'document_id')}/content"
    answer = await visit.api.open(path)
    headers = {
        "Content-Type": JPEG,
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    if visit.request.method == "HEAD":
        answer.close()
        return web.Response(headers=headers)
    return web.Response(body=_pieces(answer), headers=headers)


async def show_example(visit: Visit) -> web.StreamResponse:
    """Show the drawing of how the picture of a paper should look."""
    _type, content = await visit.api.download(f"/v1/paper-examples/{read_code(visit, 'example')}")
    headers = {
        "Content-Type": "image/svg+xml",
        "Content-Security-Policy": DRAWING_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": A_DAY,
        "Vary": "Accept-Encoding",
    }
    return web.Response(body=content, headers=headers)


async def show_form(visit: Visit) -> web.StreamResponse:
    """Give a form to print and fill in."""
    code = read_code(visit, "requirement")
    _type, content = await visit.api.download(f"/v1/forms/{code}")
    headers = {
        "Content-Type": "application/pdf",
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{code}.pdf"',
        "Cache-Control": A_DAY,
    }
    return web.Response(body=content, headers=headers)


async def _pieces(answer: ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for piece in answer.content.iter_any():
            yield piece


PICTURES: Final[tuple[Page, ...]] = (
    Page("GET", "/applications/{application_id}/papers/{requirement}/pages/{document_id}", show_picture),
    Page("GET", "/paper-examples/{example}", show_example, Access.ANYBODY),
    Page("GET", "/forms/{requirement}", show_form, Access.ANYBODY),
)
