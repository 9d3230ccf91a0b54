"""Recalls: an order to print whose visit does not count is taken back, tried again until the issuance system answers.

Every order has an id of its own, and the issuance system refuses one that was recalled. So it does not matter which of
an order and its recall arrives first, or how often.
"""

from __future__ import annotations

from typing import Final

from services.application.alerts import RECALL_REFUSED, alert
from services.application.applications.application import Application, Decide
from services.application.applications.hand_over import MOST_REFUSALS, Approval, RecallState
from services.application.applications.service import Applications
from services.application.applications.timeline import with_line
from services.application.context import UseCaseContext
from services.application.issuance.ports import Dpri, DpriRefuses
from services.application.issuance.problems import ALREADY_PRINTED, DPRI, FILE_UNKNOWN, MOMENTARY, UPSTREAM_DOWN
from services.application.issuance.transitions import recall_confirmed, recall_too_late, recall_waits
from services.application.voided_book.service import alert_of_book, note_voided_book
from shared.errors import UpstreamDown
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record

VISIT_NOT_PAID: Final = "visit_not_paid"


def order_id(application_id: str, approval: Approval) -> str:
    """Return the id of the approval's order; a new order after a recall has another one."""
    return derived_id("print_order", application_id, str(approval.order))


def recall_asked(approval: Approval | None) -> bool:
    """Return whether a recall is on its way."""
    return approval is not None and approval.recall is not None and approval.recall.state is RecallState.ASKED


class Recalls:
    """The use case of recalls."""

    def __init__(self, context: UseCaseContext, applications: Applications, dpri: Dpri) -> None:
        self._context = context
        self._applications = applications
        self._dpri = dpri

    async def recall_due(self, record: Record[Application], _name: str) -> None:
        """Recall the order; a file that is not known there has nothing to recall."""
        approval = record.state.approval
        if approval is None or not recall_asked(approval):
            return
        problem = await self._recall(record.state.number, order_id(record.id, approval))
        saved = await self._applications.change(record.id, self._deciding(record.id, approval, problem))
        alert_of_book(saved)
        recall = saved.state.approval.recall if saved.state.approval else None
        if recall is not None and recall.refusals == MOST_REFUSALS:
            alert(RECALL_REFUSED, application_id=record.id, problem=recall.problem, tries=recall.tries)

    def _deciding(self, application_id: str, tried: Approval, problem: str | None) -> Decide:
        now, pace = self._context.now(), self._context.settings.pace

        def decide(state: Application) -> Decision[Application] | None:
            approval = state.approval
            if approval is None or not recall_asked(approval) or approval.order != tried.order:
                return None
            if problem is None:
                done = recall_confirmed(application_id, state, now)
                if approval.acknowledged_at is not None:
                    done = with_line(done, f"recalled:{approval.order}", now, "printing_recalled", DPRI)
            elif problem == ALREADY_PRINTED:
                done = recall_too_late(application_id, state, now)
                done = with_line(done, f"recall_too_late:{approval.order}", now, "recall_too_late", DPRI)
            else:
                is_refused = problem != UPSTREAM_DOWN and problem not in MOMENTARY
                return recall_waits(state, problem, pace, now, is_refused=is_refused)
            return Decision(note_voided_book(done.state, now), done.events)

        return decide

    async def _recall(self, number: str, order: str) -> str | None:
        """The problem; none once the order is taken back, or was never there."""
        try:
            await self._dpri.recall(number, {"order_id": order, "reason": VISIT_NOT_PAID})
        except UpstreamDown:
            return UPSTREAM_DOWN
        except DpriRefuses as refuses:
            return None if refuses.code == FILE_UNKNOWN else refuses.code
        return None
