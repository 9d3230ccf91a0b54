"""A room for tests of the frame: one page with every kind of field, which sends one command."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from jinja2 import DictLoader, PrefixLoader

from portal.web.forms import Form
from portal.web.page import Access, Page, get, post
from portal.web.visit import Visit

COMMAND: Final = "/v1/applications"
FACTS: Final = "/v1/account"
TEMPLATE: Final = """{% extends "web/page.html" %}
{% from "web/components.html" import text_field, text_area, date_field, select_field, form_fields %}
{% block title %}{{ form.text("name") or "Coba" }}{% endblock %}
{% block main %}<h1>Coba</h1><p>{{ known }}</p>
<form method="post" action="/try">{{ form_fields(form_token, form_key) }}
{{ text_field(form, t, "name", form.text("name") or "Nama", form.text("name")) }}
{{ text_area(form, t, "why", "Alasan") }}
{{ date_field(form, t, "born", "Lahir") }}
{{ select_field(form, t, "kind", "Jenis", [("a", form.text("name") or "A"), ("b", "B")]) }}
{{ govukButton({"text": "Kirim"}) }}</form>{% endblock %}"""


def _render(visit: Visit, form: Form, **facts: Any) -> web.Response:
    loader = visit.renderer._environment.loader
    assert isinstance(loader, PrefixLoader)
    loader.mapping.setdefault("trying", DictLoader({"page.html": TEMPLATE}))
    return visit.render("trying/page.html", form=form, **{"known": "", **facts})


async def show(visit: Visit, form: Form) -> web.StreamResponse:
    """The form."""
    return _render(visit, form)


async def show_known(visit: Visit, form: Form) -> web.StreamResponse:
    """What a service says."""
    return _render(visit, form, known=(await visit.api.get(FACTS))["name"])


async def send(visit: Visit) -> web.StreamResponse:
    """One command with what was typed."""
    form = await visit.form()
    body = {"name": form.text("name"), "why": form.text("why"), "born": form.date("born")}
    await visit.send("POST", COMMAND, body)
    return visit.redirect("/try")


async def break_down(_visit: Visit) -> web.StreamResponse:
    """A fault of ours, which looks like one of those that pages know."""
    raise KeyError("secret_member")


async def break_typed(visit: Visit) -> web.StreamResponse:
    """A fault of ours while a form is taken."""
    await visit.form()
    raise ValueError("secret value")


async def begin(visit: Visit) -> web.StreamResponse:
    """A sign-in."""
    await visit.form()
    visit.sign_in(
        {
            "account_id": "acc-1",
            "access_token": "access-acc-1",
            "access_expires_at": "2026-12-01T03:15:00Z",
            "refresh_token": "refresh",
            "session_ends_at": "2026-12-30T00:00:00Z",
            "device_token": "device",
        }
    )
    return visit.redirect("/try")


PAGES: Final[tuple[Page, ...]] = (
    get("/try", show),
    post("/try", send, show),
    post("/try/plain", send),
    post("/try/known", send, show_known),
    get("/try/known", show_known),
    get("/try/broken", lambda visit, _form: break_down(visit)),
    post("/try/broken", break_typed, show),
    get("/try/open", show, Access.ANYBODY),
    post("/try/open", begin, show, Access.ANYBODY),
)
