"""All data of the account as files: asked for with codes, collected by the services, downloaded here."""

from __future__ import annotations

from typing import Final

from aiohttp import ClientError, web

from portal.account.proving import CODE
from portal.codes.asked import CodeAsked
from portal.web.forms import Form
from portal.web.visit import Visit
from shared.logs import get_logger

log = get_logger(__name__)

EXPORTS: Final = "/account/export"
PIECE_BYTES: Final = 64 * 1024


async def show_exports(visit: Visit, form: Form) -> web.StreamResponse:
    """Show what was asked for and what can be downloaded."""
    answer = await visit.api.get("/v1/account/exports")
    exports = answer["exports"]
    is_collecting = any(export["state"] == "collecting" for export in exports)
    return visit.render("account/export.html", form=form, exports=exports, is_collecting=is_collecting)


async def ask(visit: Visit) -> web.StreamResponse:
    """Ask for the codes of an export; one that runs is shown."""
    await visit.form()
    answer = await visit.send("POST", "/v1/account/exports")
    if answer["challenge"] is None:
        return visit.redirect(EXPORTS, told="export_begun")
    return CodeAsked.of_answer(answer["challenge"], purpose="export").left_in(visit, visit.redirect(CODE))


async def download_data(visit: Visit, _form: Form) -> web.StreamResponse:
    """Pass the data on to the browser."""
    path = f"/v1/account/exports/{visit.place('export_id')}/archive"
    return await _pass_on(visit, path, "paspor-data.zip")


async def download_files(visit: Visit, _form: Form) -> web.StreamResponse:
    """Pass the papers that were uploaded on to the browser."""
    return await _pass_on(visit, f"/v1/exported-files/{visit.place('export_id')}", "paspor-dokumen.zip")


async def _pass_on(visit: Visit, path: str, name: str) -> web.StreamResponse:
    """Pass a file on piece by piece, so that a large one is never held here."""
    headers = {"Content-Type": "application/zip", "Content-Disposition": f'attachment; filename="{name}"'}
    async with await visit.api.follow(path) as answer:
        if visit.request.method == "HEAD":
            return web.Response(headers=headers)
        response = web.StreamResponse(headers=headers)
        visit.finish(response)
        await response.prepare(visit.request)
        try:
            async for piece in answer.content.iter_chunked(PIECE_BYTES):
                await response.write(piece)
            await response.write_eof()
        except (ClientError, TimeoutError, ConnectionError):
            # a page would stand in the middle of the file: the line is cut instead, and the browser tells so
            log.warning("portal.download_cut")
            if visit.request.transport is not None:
                visit.request.transport.abort()
    return response
