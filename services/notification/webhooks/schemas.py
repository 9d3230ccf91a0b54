"""Webhooks over HTTP: requests and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.notification.field_types import Id
from services.notification.webhooks.repository import LARGEST_PAGE
from services.notification.webhooks.webhook import Webhook, WebhookState
from services.notification.webhooks.webhook_delivery import WebhookDelivery, WebhookDeliveryState
from shared.events.codes import WebhookEnd
from shared.events.published import KINDS
from shared.http.outside import LONGEST_URL
from shared.http.paging import ListView, MomentCursor
from shared.http.schema import Body, IsoMoment, Path, Query, View
from shared.store.kinds import Record

LONGEST_CONSUMER = 40
"""Characters of a consumer's short name."""

LONGEST_KIND = 100

Consumer = Annotated[
    str, StringConstraints(min_length=3, max_length=LONGEST_CONSUMER, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
]
EventKind = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_KIND, pattern=r"^[a-z0-9_.]+$")]


class WebhookPath(Path):
    """The id of a webhook."""

    webhook_id: Id


class WebhookKindPath(Path):
    """The type of an event."""

    event_type: EventKind


class RegisterWebhook(Body):
    """A consumer, the address that it takes events at, and the kinds that it is told."""

    consumer: Consumer = Field(description="a short name, of no person", examples=["kantor-statistik"])
    url: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)] = Field(
        description="an https address of the outside", examples=["https://hooks.example.org/paspor"]
    )
    kinds: Annotated[tuple[EventKind, ...], Field(strict=False, min_length=1, max_length=len(KINDS))] = Field(
        examples=[["paspor.application.passport.printed.v1"]]
    )


class ReplayWebhook(Body):
    """From when on events are sent again: a time, or the id of the first event."""

    from_time: IsoMoment | None = Field(None, examples=["2026-11-23T02:00:00Z"])
    from_event: Id | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.from_time is None) == (self.from_event is None):
            raise PydanticCustomError("one_of", "either from_time or from_event is given")
        return self


class WebhookDeliveriesQuery(Query):
    """The page that is wanted."""

    after: MomentCursor | None = Field(None, description="`next` of the page before")
    limit: Annotated[int, Field(strict=False)] = Field(LARGEST_PAGE, ge=1, le=LARGEST_PAGE)


class WebhookView(View):
    """A webhook, without its secret."""

    webhook_id: str
    consumer: str
    url: str
    kinds: tuple[str, ...]
    state: WebhookState
    disabled_because: WebhookEnd | None
    failing_since: datetime | None = Field(description="the first failure since the last delivery that was taken")
    registered_by: str
    registered_at: datetime

    @classmethod
    def from_record(cls, record: Record[Webhook]) -> WebhookView:
        """Return the view of a webhook."""
        return cls.model_validate(_members(record))


class WebhookWithSecret(WebhookView):
    """A webhook with its newest secret: shown only now. The consumer keeps it as a password."""

    secret: str = Field(description="whsec_ and the key in base64, as libraries of Standard Webhooks take it")

    @classmethod
    def from_pair(cls, record: Record[Webhook], secret: str) -> WebhookWithSecret:
        """Return the view of a webhook with its secret."""
        return cls.model_validate({**_members(record), "secret": secret})


class WebhooksView(ListView):
    """Every webhook, the oldest first."""

    webhooks: tuple[WebhookView, ...]


class WebhookDeliveryView(View):
    """One event on its way to a webhook."""

    event_id: str = Field(description="the webhook-id of each try")
    event_type: str
    state: WebhookDeliveryState
    tries: int
    reason: str | None = Field(description="why the last try failed: status_ and the answer's status, or a code")
    asked_at: datetime = Field(description="when it was queued or last replayed")
    due_at: datetime | None = Field(description="when it is tried next")
    ended_at: datetime | None
    kept_until: datetime = Field(description="until when it can be replayed")

    @classmethod
    def from_record(cls, record: Record[WebhookDelivery]) -> WebhookDeliveryView:
        """Return the view of a delivery."""
        return cls.model_validate(vars(record.state))


class WebhookDeliveriesView(ListView):
    """Deliveries of a webhook, the latest first, 100 at most."""

    deliveries: tuple[WebhookDeliveryView, ...]


class ReplayView(View):
    """The events that a replay has queued."""

    replayed: int
    continue_from: str | None = Field(description="the from_event of the next call; null when nothing is left")


class WebhookKindView(View):
    """A kind of event that webhooks are told, and where the schema of its data is."""

    type: str
    meaning: str
    schema_url: str


class WebhookKindsView(View):
    """Every kind that a consumer may choose."""

    kinds: tuple[WebhookKindView, ...]


def _members(record: Record[Webhook]) -> dict[str, Any]:
    members = {name: getattr(record.state, name, None) for name in WebhookView.model_fields}
    return members | {"webhook_id": record.id}
