"""The kinds of events that consumers outside the suite are told, and of each the members that webhooks tell. Pure.

An event holds no personal data, but ids of accounts and persons, codes to pay or to be let in with, and signed texts.
Those stay inside: a webhook is told a member only if it is named here. `application_id` is told so that a consumer can
join what belongs together; it is random and leads to no person outside the suite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.events import application, billing, scheduling
from shared.events.message import Event
from shared.events.notification import WebhookTested

_APPLICATION: Final = ("application_id",)
_VISIT: Final = ("appointment_id", "application_id", "office_id")
_TIMED_VISIT: Final = (*_VISIT, "starts_at", "ends_at", "office_timezone")
_BILL: Final = ("bill_id", "application_id", "purpose")

PUBLISHED: Final[Mapping[type[Event], tuple[str, ...]]] = {
    application.ApplicationSubmitted: (*_APPLICATION, "passport_kind", "validity_years", "reason", "submitted_at"),
    application.InterviewRecorded: (*_APPLICATION, "appointment_id", "office_id", "outcome"),
    application.PassportPrinted: (*_APPLICATION, "office_id"),
    application.PassportCollected: _APPLICATION,
    application.ApplicationRefused: (*_APPLICATION, "reason_code"),
    scheduling.AppointmentConfirmed: (*_TIMED_VISIT, "cause"),
    scheduling.AppointmentRescheduled: (*_TIMED_VISIT, "previous_starts_at", "previous_office_id", "cause"),
    scheduling.AppointmentReleased: (*_VISIT, "reason", "was_confirmed"),
    scheduling.VisitorMissed: _VISIT,
    billing.BillIssued: (*_BILL, "amount", "issued_at", "expires_at"),
    billing.BillPaid: (*_BILL, "amount", "paid_at"),
    billing.BillExpired: _BILL,
    billing.RefundOpened: ("refund_id", "application_id"),
    billing.RefundMoved: ("refund_id", "application_id", "state"),
    WebhookTested: ("webhook_id", "asked_at"),
}
"""Notification hears them all; `WebhookTested` goes only to the webhook that it names."""

KINDS: Final[tuple[str, ...]] = tuple(event.TYPE for event in PUBLISHED if event is not WebhookTested)
"""The types that a webhook may be told."""

CODES: Final = frozenset({"billing_code", "queue_code", "queue_number"})
"""Members to pay or to be let in with: no consumer is told them."""

WHOLE_KINDS: Final[tuple[str, ...]] = tuple(
    event.TYPE for event in PUBLISHED if event is not WebhookTested and CODES.isdisjoint(event.model_fields)
)
"""The types that a queue of a consumer may be bound to. The broker hands over whole events: those without codes."""


def told_data(event: Event) -> dict[str, Any]:
    """Return the members of the event that webhooks are told."""
    return event.model_dump(mode="json", include=set(PUBLISHED[type(event)]))


def told_schema(event: type[Event]) -> dict[str, Any]:
    """Return the JSON schema of `told_data`: that of the event without what stays inside."""
    schema, told = event.model_json_schema(), PUBLISHED[event]
    kept = {**schema, "properties": {name: schema["properties"][name] for name in told}}
    return kept | {"required": [name for name in schema.get("required", ()) if name in told]}
