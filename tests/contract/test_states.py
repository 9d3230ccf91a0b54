"""Every state machine of the suite: nobody is stuck, nothing is out of reach, what is not in the table is refused."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from enum import StrEnum
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from devtools.docs_command import StateTable, state_tables
from services.application.applications import application, earlier_books, hand_over
from services.application.applications import document as documents
from services.application.evidence import evidence
from services.application.passport_imports import passport_import
from services.application.passports import passport
from services.billing.bills.states import BILL_TRANSITIONS
from services.billing.cases import model as billing_case
from services.billing.credits.states import CREDIT_TRANSITIONS
from services.billing.extra_charges import correction
from services.billing.joint_bills.states import JOINT_BILL_TRANSITIONS
from services.billing.receipts.states import RECEIPT_TRANSITIONS
from services.billing.refunds.states import REFUND_TRANSITIONS
from services.billing.sagas import model as saga
from services.billing.settlement import model as billing_settlement
from services.billing.tariffs import change as tariff_change
from services.identity.applicants import applicant
from services.identity.applicants import correction as particulars
from services.identity.assistances import assistance
from services.identity.breaches import breach
from services.identity.data_reads import hold
from services.identity.exports import export as data_export
from services.identity.leaving import leaving as leavings
from services.identity.legal_holds import hold as legal_hold
from services.identity.office_departures import departure
from services.identity.office_sign_in import link as office_links
from services.identity.office_sign_in import provider as office_providers
from services.identity.office_sign_in import returned as office_returns
from services.identity.staff import states as staff_states
from services.identity.staff_imports import staff_import
from services.notification.deliveries import delivery
from services.notification.webhooks import webhook, webhook_delivery
from services.scheduling.booking.abuse import flag as flags
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.parties import party
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.waiting_list import entry as waiting
from services.scheduling.openings import opening as waiting_room
from services.scheduling.quota import change as quota_changes
from services.scheduling.visit.counter import queue as counter
from shared.store.transitions import IllegalTransition

TABLES = state_tables()
Move = Callable[[Any, Any], Any]

WAYS: dict[tuple[str, str], tuple[set[str], Move, type[Exception]]] = {
    ("services.identity.applicants.applicant", "TRANSITIONS"): (
        set(),
        applicant.TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.applicants.correction", "CORRECTION_TRANSITIONS"): (
        {"made", "refused", "lapsed"},
        particulars.CORRECTION_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.leaving.leaving", "LEAVING_TRANSITIONS"): (
        {"objected", "undone", "erased"},
        leavings.LEAVING_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.staff.states", "STAFF_TRANSITIONS"): (
        {"refused", "left"},
        staff_states.STAFF_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.staff_imports.staff_import", "IMPORT_TRANSITIONS"): (
        {"done"},
        staff_import.IMPORT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.office_departures.departure", "DEPARTURE_TRANSITIONS"): (
        {"done"},
        departure.DEPARTURE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.office_sign_in.provider", "PROVIDER_TRANSITIONS"): (
        {"refused"},
        office_providers.PROVIDER_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.office_sign_in.link", "OFFICE_LINK_TRANSITIONS"): (
        {"ended"},
        office_links.OFFICE_LINK_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.office_sign_in.returned", "RETURN_TRANSITIONS"): (
        {"refused", "claimed"},
        office_returns.RETURN_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.exports.export", "EXPORT_TRANSITIONS"): (
        {"ready"},
        data_export.EXPORT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.assistances.assistance", "ASSISTANCE_TRANSITIONS"): (
        {"ended"},
        assistance.ASSISTANCE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.breaches.breach", "BREACH_TRANSITIONS"): (
        {"closed", "dismissed"},
        breach.BREACH_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.data_reads.hold", "HOLD_TRANSITIONS"): (
        {"refused", "lifted"},
        hold.HOLD_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.application.applications.application", "TRANSITIONS"): (
        {"collected", "refused", "withdrawn", "closed"},
        lambda state, command: application.moved(SimpleNamespace(status=state), command),  # type: ignore[arg-type]
        IllegalTransition,
    ),
    ("services.application.applications.document", "DOCUMENT_TRANSITIONS"): (
        {"replaced", "removed"},
        lambda state, command: documents.moved(SimpleNamespace(state=state), command),  # type: ignore[arg-type]
        IllegalTransition,
    ),
    ("services.application.applications.hand_over", "RECALL_TRANSITIONS"): (
        {"recalled", "too_late"},
        hand_over.RECALL_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.application.applications.earlier_books", "QUESTION_TRANSITIONS"): (
        {"answered"},
        earlier_books.QUESTION_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.application.evidence.evidence", "EVIDENCE_TRANSITIONS"): (
        {"refused", "removed"},
        evidence.EVIDENCE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.application.passport_imports.passport_import", "PASSPORT_IMPORT_TRANSITIONS"): (
        {"done"},
        passport_import.PASSPORT_IMPORT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.application.passports.passport", "PASSPORT_TRANSITIONS"): (
        {"replaced", "cancelled"},
        passport.PASSPORT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.booking.appointments.appointment", "TRANSITIONS"): (
        {"used", "released", "abandoned", "unavailable"},
        appointments.TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.booking.waiting_list.entry", "WAITING_TRANSITIONS"): (
        {"taken", "left", "ended"},
        waiting.WAITING_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.booking.parties.party", "PARTY_TRANSITIONS"): (
        {"held", "broken"},
        party.PARTY_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.booking.abuse.flag", "FLAG_TRANSITIONS"): (
        {"confirmed", "harmless"},
        flags.FLAG_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.booking.seats.seat", "SEAT_TRANSITIONS"): (
        {"withdrawn"},
        seats.SEAT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.visit.counter.queue", "COUNTER_TRANSITIONS"): (
        {"served"},
        counter.COUNTER_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.openings.opening", "OPENING_TRANSITIONS"): (
        {"over", "called_off"},
        waiting_room.OPENING_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.sagas.model", "OVERRIDE_TRANSITIONS"): (
        {"done", "impossible", "declined"},
        saga.OVERRIDE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.scheduling.quota.change", "CHANGE_TRANSITIONS"): (
        {"applied", "rejected", "failed"},
        quota_changes.CHANGE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.extra_charges.correction", "CORRECTION_TRANSITIONS"): (
        {"done"},
        correction.CORRECTION_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.tariffs.change", "CHANGE_TRANSITIONS"): (
        {"approved", "refused"},
        tariff_change.CHANGE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.bills.states", "BILL_TRANSITIONS"): (
        {"paid", "waived", "superseded"},
        BILL_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.cases.model", "CASE_TRANSITIONS"): (
        {"closed"},
        billing_case.CASE_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.settlement.model", "SETTLEMENT_TRANSITIONS"): (
        {"compared"},
        billing_settlement.SETTLEMENT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.receipts.states", "RECEIPT_TRANSITIONS"): (
        {"refunded", "credited", "divided"},
        RECEIPT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.credits.states", "CREDIT_TRANSITIONS"): (
        {"spent", "paid_out"},
        CREDIT_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.joint_bills.states", "JOINT_BILL_TRANSITIONS"): (
        {"paid", "expired", "cancelled", "failed"},
        JOINT_BILL_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.billing.refunds.states", "REFUND_TRANSITIONS"): (
        {"paid", "credited"},
        REFUND_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.identity.legal_holds.hold", "HOLD_TRANSITIONS"): (
        {"lifted", "declined", "over"},
        legal_hold.HOLD_TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.notification.webhooks.webhook", "TRANSITIONS"): (
        set(),
        webhook.TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.notification.webhooks.webhook_delivery", "TRANSITIONS"): (
        set(),
        webhook_delivery.TRANSITIONS.after,
        IllegalTransition,
    ),
    ("services.notification.deliveries.delivery", "TRANSITIONS"): (
        {"delivered", "failed", "dropped"},
        delivery.TRANSITIONS.after,
        IllegalTransition,
    ),
}
"""Each table's states that are meant to be the last, how a command is given, and the one error of an illegal one."""


RESTING = {
    ("services.identity.applicants.applicant", "TRANSITIONS"): {"passed"},
    ("services.identity.office_sign_in.provider", "PROVIDER_TRANSITIONS"): {"stopped"},
    ("services.notification.webhooks.webhook", "TRANSITIONS"): {"disabled"},
    ("services.notification.webhooks.webhook_delivery", "TRANSITIONS"): {"taken", "failed"},
}
"""Where a thing rests that has no last state: confirmed data can be corrected for the next application, two operators
can agree to a provider again, a webhook can be enabled and a delivery replayed."""


def name_of(table: StateTable) -> str:
    return f"{table.service}-{table.title}"


def test_every_table_is_looked_at() -> None:
    assert {(table.module, table.name) for table in TABLES} == set(WAYS)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_a_state_is_the_last_on_purpose_or_can_be_left(table: StateTable) -> None:
    meant, _, _ = WAYS[table.module, table.name]
    assert {state.value for state in table.final} == meant


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_state_can_be_reached(table: StateTable) -> None:
    reached, new = set(table.initial), list(table.initial)
    while new:
        state = new.pop()
        for (source, _), target in table.rows.items():
            if source is state and target not in reached:
                reached.add(target)
                new.append(target)
    assert reached == set(table.states)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_an_end_can_be_reached_from_everywhere(table: StateTable) -> None:
    resting = RESTING.get((table.module, table.name), set())
    ending = set(table.final) | {state for state in table.states if state.value in resting}
    while more := {source for (source, _), target in table.rows.items() if target in ending} - ending:
        ending |= more
    assert ending == set(table.states)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_command_leads_somewhere(table: StateTable) -> None:
    assert {command for _, command in table.rows} == set(table.commands)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_what_is_not_in_the_table_is_refused_with_the_one_error(table: StateTable) -> None:
    _, move, error = WAYS[table.module, table.name]
    illegal = [pair for pair in product(table.states, table.commands) if pair not in table.rows]
    assert illegal
    for state, command in illegal:
        with pytest.raises(error):
            move(state, command)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_a_module_that_names_its_last_states_names_the_right_ones(table: StateTable) -> None:
    """A state that money or an officer can still reach late may be left out of them."""
    module = importlib.import_module(table.module)
    states: type[StrEnum] = type(table.initial[0])
    for name, value in vars(module).items():
        if (
            name.startswith("FINAL")
            and isinstance(value, frozenset)
            and all(isinstance(each, states) for each in value)
        ):
            assert value <= set(table.final), name
