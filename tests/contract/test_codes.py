"""Codes that cross services: one enum each, text on the wire, and no service's own copy that says something else."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.events import application, billing, codes, identity, notification, scheduling
from shared.events.coded import MORE_MAY_COME
from shared.events.message import Message

PROJECT = Path(__file__).parents[2]
ENUMS = {
    name: each
    for name, each in inspect.getmembers(codes, inspect.isclass)
    if issubclass(each, StrEnum) and each is not StrEnum
}
CODED: list[tuple[type[Message], str, type[StrEnum]]] = [
    (application.ApplicationSubmitted, "passport_kind", codes.PassportKind),
    (application.ApplicationSubmitted, "reason", codes.ApplicationReason),
    (application.SubmissionReturned, "reason", codes.ReturnReason),
    (application.KindCorrected, "passport_kind", codes.PassportKind),
    (application.KindCorrected, "reason", codes.ApplicationReason),
    (application.PassportReported, "report", codes.PassportReport),
    (application.EarlierBookDiffers, "finding", codes.EarlierBookFinding),
    (application.PenaltyFound, "ground", codes.PenaltyGround),
    (application.InterviewRecorded, "outcome", codes.InterviewOutcome),
    (application.PassportCollected, "collected_by", codes.CollectedBy),
    (billing.BillRequested, "purpose", codes.BillPurpose),
    (billing.RefundMoved, "state", codes.RefundStep),
    (billing.RefundMoved, "needs", codes.RefundNeed),
    (billing.PaymentCaseOpened, "kind", codes.PaymentCaseKind),
    (billing.PaymentCaseClosed, "kind", codes.PaymentCaseKind),
    (billing.PaymentCaseClosed, "outcome", codes.PaymentCaseOutcome),
    (identity.AssistanceBegun, "consent", identity.Consent),
    (identity.AssistanceEnded, "cause", codes.AssistanceEnd),
    (application.ApplicationLeavingAnswered, "objections", codes.LeavingObjection),
    (application.ApplicationLeavingAnswered, "stays", codes.StayingRecord),
    (billing.BillingLeavingAnswered, "objections", codes.LeavingObjection),
    (identity.LeavingEnded, "end", codes.LeavingEnd),
    (identity.IdentityDataRead, "kind", codes.PersonalData),
    (identity.IdentityDataRead, "reason", codes.ReadReason),
    (identity.PersonalDataBreached, "cause", codes.BreachCause),
    (identity.PersonalDataBreached, "kinds", codes.PersonalData),
    (identity.PersonalDataBreached, "measures", codes.BreachMeasure),
    (notification.SendLetter, "kind", codes.LetterKind),
    (notification.DeliverySent, "channel", codes.DeliveryChannel),
    (notification.DeliveryFailed, "channel", codes.DeliveryChannel),
    (notification.WebhookDisabled, "cause", codes.WebhookEnd),
    (billing.BillingEvidenceNamed, "purpose", codes.EvidencePurpose),
    (scheduling.SchedulingEvidenceNamed, "purpose", codes.EvidencePurpose),
    (scheduling.SeatHeld, "if_unpaid", codes.IfUnpaid),
    (scheduling.AppointmentConfirmed, "cause", codes.ConfirmCause),
    (scheduling.AppointmentRescheduled, "cause", codes.MoveCause),
    (scheduling.AppointmentReleased, "reason", codes.ReleaseReason),
    (scheduling.OfferEnded, "reason", codes.OfferEnd),
    (scheduling.WaitingOfferEnded, "reason", codes.OfferEnd),
    (scheduling.SeatUnavailable, "asked_for", codes.SeatQuestion),
    (scheduling.SeatUnavailable, "reason", codes.NoSeatReason),
    (scheduling.SeatAnswerRepeated, "asked_for", codes.SeatQuestion),
    (scheduling.SeatAnswerRepeated, "outcome", codes.SeatAnswer),
    (scheduling.ReleaseRefused, "reason", codes.ReleaseRefusal),
    (scheduling.SpecialRescheduleOpened, "cause", codes.SpecialCause),
    (scheduling.PatternFlagged, "pattern", codes.BrokerPattern),
]
IDS = [f"{event.__name__}.{field}" for event, field, _ in CODED]
PUBLISHED = {
    "CollectedBy": "self family proxy",
    "BillPurpose": "fee top_up penalty same_day",
    "SeatQuestion": "late_payment renewal same_day",
    "SeatAnswer": "confirmed offered unavailable released",
    "NoSeatReason": "no_seat application_withdrawn already_has_appointment place_gone not_heard_of",
    "ConfirmCause": "paid waived late_same_seat late_offer",
    "MoveCause": "asked special moved_by_office same_day_unpaid",
    "ReleaseReason": "hold_lapsed bill_expired bill_failed bill_cancelled cancelled withdrawn offer_declined "
    "offer_lapsed same_day_unpaid party_broken refund_approved proof_refused",
    "ReturnReason": "identity_refused does_not_fit",
    "ReleaseRefusal": "already_used already_released",
    "OfferEnd": "taken declined lapsed",
    "IfUnpaid": "regular cancel",
    "SpecialCause": "system_fault illness force_majeure office_closed",
    "BrokerPattern": "book_cancel_book many_accounts_one_device many_accounts_one_address many_holds proof_refused",
    "PaymentCaseKind": "claim_unconfirmed settled_unknown_here paid_here_unsettled amount_differs unknown_code "
    "arrived_on_proof double_line claimed_by_file receipt_unconfirmed",
    "PaymentCaseOutcome": "confirmed not_paid refunded corrected settled",
    "RefundStep": "requested incomplete complete researched recommended approved released ordered paid credited "
    "refused objected withdrawn",
    "RefundNeed": "papers bank_account another_bank_account",
    "PassportKind": "ordinary electronic",
    "ApplicationReason": "new expired pages_full lost damaged data_change",
    "PassportReport": "lost damaged",
    "EarlierBookFinding": "new_but_held replacement_but_none lost_but_valid reported_lost noted_damaged unclear",
    "PenaltyGround": "lost damaged",
    "InterviewOutcome": "approved incomplete refused",
    "LetterKind": "cover refusal",
    "AssistanceEnd": "expired account officer head officer_left_post",
    "DeliveryChannel": "email sms",
    "LeavingObjection": "live_application passport_not_collected money_under_way last_address guardian_of_others "
    "grown_child",
    "StayingRecord": "issuance_record payment_record",
    "LeavingEnd": "objected undone",
    "PersonalData": "application picture letter nik contact evidence bank_account staff_name passport",
    "EvidencePurpose": "refund special_reschedule payment_claim walk_in",
    "ReadReason": "person_at_counter applicant_asked document_check correction payment_question complaint supervision "
    "fraud_review system_fault legal_request investigation",
    "BreachCause": "stolen_access misuse_by_staff software_fault wrong_recipient lost_medium intrusion other",
    "BreachMeasure": "access_withdrawn keys_changed fault_repaired data_recovered staff_examined police_told "
    "under_examination",
    "WebhookEnd": "operator failing gone",
}
"""The values as they were published: stored events hold them, so none may change or go."""


def test_published_values_stay() -> None:
    assert set(PUBLISHED) == set(ENUMS)
    assert {name: set(PUBLISHED[name].split()) - set(ENUMS[name]) for name in PUBLISHED} == {
        name: set() for name in ENUMS
    }


@pytest.mark.parametrize("name", ENUMS)
def test_a_code_is_named_as_it_is_written(name: str) -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", each.value) for each in ENUMS[name])
    assert all(each.name == each.value.upper() for each in ENUMS[name])


def test_every_enum_is_the_code_of_a_field() -> None:
    assert set(ENUMS.values()) <= {each for _, _, each in CODED}


@pytest.mark.parametrize(("event", "field", "enum"), CODED, ids=IDS)
def test_a_code_is_text_on_the_wire(event: type[Message], field: str, enum: type[StrEnum]) -> None:
    """A receiver may be older than its sender: it must be able to read a code that it does not know."""
    annotation = event.model_fields[field].annotation
    assert annotation in (str, str | None, tuple[str, ...])
    listed = text_schema(event.model_json_schema()["properties"][field])
    assert listed.get("enum", [code.value for code in enum]) == [code.value for code in enum]
    assert "enum" not in listed or listed[MORE_MAY_COME] is True
    for code in enum:
        read = TypeAdapter(annotation).validate_python((code,) if annotation == tuple[str, ...] else code)
        assert type(read[0] if isinstance(read, tuple) else read) is str


SEVERAL = {(scheduling.SeatUnavailable, "reason"), (scheduling.SeatAnswerRepeated, "reason")}
"""Fields that hold codes of several enums, which their descriptions name."""


@pytest.mark.parametrize(("event", "field", "enum"), CODED, ids=IDS)
def test_the_schema_lists_the_codes(event: type[Message], field: str, enum: type[StrEnum]) -> None:
    schema = text_schema(event.model_json_schema()["properties"][field])
    assert schema.get("title") == enum.__name__ or (event, field) in SEVERAL


def text_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the text in a field of text, of optional text or of texts."""
    for option in schema.get("anyOf", ()):
        if option["type"] == "string":
            return text_schema(option)
    return text_schema(schema["items"]) if "items" in schema else schema


@pytest.mark.parametrize(("event", "field", "enum"), CODED, ids=IDS)
def test_the_event_names_its_enum(event: type[Message], field: str, enum: type[StrEnum]) -> None:
    declaring = [each for each in event.__mro__ if field in inspect.get_annotations(each)]
    assert any(enum.__name__ in inspect.getsource(each) for each in declaring)


def own_copies() -> list[tuple[str, str]]:
    """Module and name of each enum of a service that is called as one of the shared codes."""
    found = []
    for path in sorted((PROJECT / "services").rglob("*.py")):
        module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        found += [
            (module, node.name)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef) and node.name in ENUMS and "StrEnum" in map(ast.unparse, node.bases)
        ]
    return found


def test_a_services_own_copy_says_the_same() -> None:
    """Until a service takes the shared enum: one by the same name has the same values."""
    for module, name in own_copies():
        copy = getattr(importlib.import_module(module), name)
        assert {each.value for each in copy} == set(PUBLISHED[name].split()), f"{module}.{name}"
