"""Reads of the account's data by officers, and its consents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from portal.account.offices import name_offices
from portal.account.purposes import with_texts
from portal.web.forms import Form, read_whole_number
from portal.web.visit import Visit

READS_ON_A_PAGE: Final = 20


async def show_reads(visit: Visit, _form: Form) -> web.StreamResponse:
    """List the reads of the account's data, the newest first."""
    page = await visit.api.get("/v1/account/data-reads", limit=READS_ON_A_PAGE, after=visit.query("after") or None)
    offices = await name_offices(visit, page["data_reads"])
    return visit.render("account/reads.html", reads=page["data_reads"], next=page["next"], offices=offices)


async def show_consents(visit: Visit, form: Form) -> web.StreamResponse:
    """Show each purpose, and what was chosen."""
    consents, notice = await visit.api.together(
        visit.api.get("/v1/account/consents"), visit.api.get("/v1/privacy-notice")
    )
    names = {}
    if consents["children"]:
        answer = await visit.api.get("/v1/applicants")
        names = {person["applicant_id"]: person["full_name"] for person in answer["applicants"]}
    return visit.render(
        "account/consents.html",
        form=form,
        purposes=with_texts(consents, notice),
        children=consents["children"],
        names=names,
        notice=notice,
    )


async def choose(visit: Visit) -> web.StreamResponse:
    """Give or withdraw the consent to a purpose."""
    form = await visit.form()
    body = {
        "given": form.text("given") == "yes",
        "notice_version": read_whole_number(form.text("notice_version")),
        "applicant_id": form.optional("applicant_id"),
    }
    await visit.send("PUT", f"/v1/account/consents/{visit.place('purpose')}", body)
    return visit.redirect("/account/consents", told="consent_given" if body["given"] else "consent_withdrawn")
