"""The use cases of erasure reports."""

from __future__ import annotations

from services.identity.context import UseCaseContext
from services.identity.erasures.errors import ErasureUnknown
from services.identity.erasures.report import ErasureReport, ServiceReport, with_report
from services.identity.erasures.repository import ERASURE_REPORT
from shared.events import application, billing, identity, notification, scheduling
from shared.events.envelope import Envelope
from shared.store.change import change
from shared.store.decision import Decision

ErasureDone = (
    identity.IdentityErasureDone
    | application.ApplicationErasureDone
    | scheduling.SchedulingErasureDone
    | billing.BillingErasureDone
    | notification.NotificationErasureDone
)


class ErasureReports:
    """The use cases of what services tell about erasures."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def told(self, event: ErasureDone, envelope: Envelope) -> None:
        """Note what a service told; a repeat changes nothing."""
        told = ServiceReport(event.kept, envelope.aggregate_version, envelope.time)

        def decide(report: ErasureReport) -> Decision[ErasureReport]:
            return Decision(with_report(report, event.service, told))

        store, clock = self._context.store, self._context.clock
        await change(store, clock, ERASURE_REPORT, event.erasure_id, decide, fresh=ErasureReport())

    async def report(self, erasure_id: str) -> ErasureReport:
        """Return what was told of an erasure; refuses with ``ErasureUnknown``."""
        record = await self._context.store.get(ERASURE_REPORT, erasure_id)
        if record is None:
            raise ErasureUnknown
        return record.state
