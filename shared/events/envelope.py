"""The CloudEvents 1.0 envelope (structured JSON) in which every event and command travels and is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError

from shared.events.message import Command, Message
from shared.events.subscriptions import MESSAGE_TYPES

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/cloudevents+json"
DATA_CONTENT_TYPE: Final = "application/json"
SCHEMAS_PATH: Final = "/v1/event-schemas"
"""Where notification serves the schema of each message's data."""

LARGEST_MESSAGE_BYTES: Final = 1024 * 1024
"""A letter travels in a command: 1 MiB holds it with room; anything larger is a mistake."""


class UnreadableMessage(ValueError):
    """The bytes are no envelope, or the type, version or data are unknown: poison, never retried."""


@dataclass(frozen=True)
class Envelope:
    """One message with what is needed to route it, to trace it and to know it again.

    ``id`` is random and unique; ``subject`` is the id of the aggregate that spoke; ``aggregate_version`` is the
    version which the write gave it; ``correlation_id`` is shared by all that one request started; ``causation_id`` is
    the message or request that led to this one.
    """

    id: str
    source: str
    subject: str
    time: datetime
    correlation_id: str
    causation_id: str
    traceparent: str
    aggregate_version: int
    data: Message

    @property
    def type(self) -> str:
        """The message's versioned type name, which is also its routing key."""
        return self.data.TYPE

    @property
    def is_command(self) -> bool:
        """Whether this is a command, which is never archived nor dead-lettered."""
        return isinstance(self.data, Command)

    def to_fields(self) -> dict[str, Any]:
        """The CloudEvents attributes, all of JSON's own types; the same object at each call, not to be changed."""
        return self._fields

    @cached_property
    def _fields(self) -> dict[str, Any]:
        # asked for by the outbox, the wire and the archive
        return {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": self.source,
            "type": self.data.TYPE,
            "subject": self.subject,
            "time": self.time.isoformat(),
            "datacontenttype": DATA_CONTENT_TYPE,
            "dataschema": f"urn:paspor:schema:{self.data.TYPE}",
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
            "traceparent": self.traceparent,
            "aggregateversion": self.aggregate_version,
            "data": self.data.model_dump(mode="json"),
        }

    def to_bytes(self, schemas_url: str | None = None) -> bytes:
        """The wire form, UTF-8 JSON. With ``schemas_url`` its `dataschema` leads to the schema of the data there.

        Without one it is a name only, as envelopes that are kept have it: where the suite is reached may change.
        """
        fields = self.to_fields()
        if schemas_url is not None:
            fields = {**fields, "dataschema": f"{schemas_url}/{self.type}"}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Envelope:
        """Read what :meth:`to_fields` wrote.

        Raises:
            UnreadableMessage: the type is unknown or a field is missing or wrong.
        """
        try:
            message_class = MESSAGE_TYPES[fields["type"]]
            return cls(
                id=fields["id"],
                source=fields["source"],
                subject=fields["subject"],
                time=datetime.fromisoformat(fields["time"]),
                correlation_id=fields["correlationid"],
                causation_id=fields["causationid"],
                traceparent=fields["traceparent"],
                aggregate_version=fields["aggregateversion"],
                data=message_class.model_validate(fields["data"]),
            )
        except (KeyError, TypeError, ValueError, ValidationError) as problem:
            raise UnreadableMessage(f"not a readable message: {type(problem).__name__}") from problem

    @classmethod
    def from_bytes(cls, body: bytes) -> Envelope:
        """Read the wire form.

        Raises:
            UnreadableMessage: too large, not JSON, or not an envelope that this version knows.
        """
        if len(body) > LARGEST_MESSAGE_BYTES:
            raise UnreadableMessage("the message is larger than 1 MiB")
        try:
            fields = json.loads(body)
        except ValueError as problem:
            raise UnreadableMessage("the message is not JSON") from problem
        if not isinstance(fields, dict):
            raise UnreadableMessage("the message is not a JSON object")
        return cls.from_fields(fields)
