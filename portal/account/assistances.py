"""Officers who act for the account, at its counter and with its consent."""

from __future__ import annotations

from aiohttp import web

from portal.account.offices import name_offices
from portal.web.forms import Form
from portal.web.visit import Visit


async def show_assistances(visit: Visit, form: Form) -> web.StreamResponse:
    """List the assistances, those that go on first."""
    answer = await visit.api.get("/v1/assistances")
    found = sorted(answer["assistances"], key=lambda assistance: assistance["state"] != "live")
    return visit.render(
        "account/assistances.html", form=form, assistances=found, offices=await name_offices(visit, found)
    )


async def end(visit: Visit) -> web.StreamResponse:
    """End an assistance at once."""
    await visit.form()
    await visit.send("POST", f"/v1/assistances/{visit.place('assistance_id')}/end")
    return visit.redirect("/account/assistances", told="assistance_stopped")
