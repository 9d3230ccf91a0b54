"""Proxies over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from services.application.collection.proxies import SeenProxy
from shared.fields.names import PersonName
from shared.fields.numbers import Nik
from shared.http.schema import Body, View
from shared.masking import mask_nik

LETTER_FORM = "/v1/forms/letter_of_authority"
"""Where the letter lies that the holder signs."""


class AnnouncedProxy(Body):
    """The person who may collect the passport, as on their identity card."""

    full_name: PersonName
    nik: Nik


class ProxyView(View):
    """The person who may collect the passport; shown to the account alone."""

    application_id: str
    state: Literal["none", "announced", "taken_back"]
    full_name: str | None
    nik: str | None
    """Masked."""
    announced_at: datetime | None
    taken_back_at: datetime | None
    letter_form_url: str
    """The letter of authority (PDF): the holder signs it, and the person shows it with their identity card."""

    @classmethod
    def from_seen(cls, seen: SeenProxy) -> Self:
        """Return the view of a proxy."""
        proxy = seen.proxy
        return cls(
            application_id=seen.application_id,
            state="none" if proxy is None else "announced" if proxy.is_announced else "taken_back",
            full_name=seen.collector.full_name if seen.collector is not None else None,
            nik=mask_nik(seen.collector.nik) if seen.collector is not None else None,
            announced_at=proxy.announced_at if proxy is not None else None,
            taken_back_at=proxy.taken_back_at if proxy is not None else None,
            letter_form_url=LETTER_FORM,
        )
