"""The call that does the next action of a refusal, by its code. Data, and one look-up; see `shared.next_calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.errors import Refusal
from shared.next_calls import (
    APPLICATION,
    APPOINTMENT,
    BEGIN_APPLICATION,
    HOLD_SEAT,
    RENEW_BILL,
    SEE_APPLICATION,
    SEE_APPOINTMENTS,
    SEE_BILLS,
    SEE_OPENINGS,
    SEE_PASSPORTS,
    SEE_REFUNDS,
    Elsewhere,
    NextCall,
    Way,
    Ways,
    address_of,
    way_for,
)
from shared.tokens import Role

_AGAIN: Final = frozenset(
    {
        *("account_not_named", "address_unusable", "answer_does_not_fit", "answers_contradict"),
        *(
            "application_missing",
            "being_moved",
            "bill_named_twice",
            "birth_date_impossible",
            "body_cut",
            "cannot_hurry",
        ),
        *("channel_has_no_address", "code_sent_just_now", "code_superseded", "code_wrong", "confirmation_missing"),
        *("credentials_wrong", "cut_below_booked", "day_not_possible", "document_not_asked", "doors_not_open"),
        *("edited_meanwhile", "email_not_ascii", "email_unusable", "evidence_needed", "facts_wrong", "file_too_large"),
        *("file_type_not_taken", "idempotency_key_reused", "malformed", "method_not_allowed", "nik_not_16_digits"),
        *("nik_structure", "no_room_for_body", "no_tariff_that_day", "not_found", "not_http"),
        *("not_in_priority_group", "not_known_yet", "not_open_yet", "not_the_day_of_the_visit", "nothing_changes"),
        *("nothing_to_explain", "office_exists", "office_needed", "office_not_wanted", "offline_day_ahead"),
        *("old_code_needed", "opening_plan_wrong", "outside_opening_hours", "override_needs_reason"),
        *("party_broken", "password_is_the_old_one", "password_is_the_user_name", "password_too_short"),
        *("payment_unknown_to_simponi", "period_too_long", "person_not_known", "phone_unusable", "pictures_wait"),
        *("pool_not_open", "price_not_known_yet", "priority_need_missing", "proof_not_seen"),
        *("queue_code_not_valid", "queue_code_replaced", "quota_above_capacity", "reason_code_missing"),
        *("reason_code_unknown", "papers_not_needed"),
        *("rule_unknown", "saga_unknown", "same_day_choice_missing", "same_day_is_today"),
        *("same_day_list_not_ready", "same_day_too_late", "same_person_twice", "same_session", "session_closed"),
        *("session_exists", "session_has_opening", "session_plan_wrong", "session_sold_out"),
        *("settlement_file_broke_off", "settlement_file_does_not_add_up", "settlement_file_has_wrong_line"),
        *("settlement_signature_wrong", "several_accounts", "signature_missing", "signature_too_old"),
        *("signature_wrong", "someone_else_changed_it", "something_broke", "special_cause_not_permitted"),
        *("still_running", "tariff_day_is_taken", "tariff_incomplete", "tariff_reaches_back", "template_wrong"),
        *("too_busy", "too_early_to_check_in", "too_far_to_move", "too_large", "too_many_address_changes"),
        *("too_many_at_once", "too_many_codes", "too_many_identity_tries", "too_many_moves"),
        *("too_many_people_on_device", "too_many_requests", "too_many_seats_given_up", "too_slow", "unavailable"),
        *("unreadable", "upstream_down", "user_name_taken", "visit_on_another_day", "waiting_wish_wrong"),
        *("another_persons_application", "paper_of_another_person", "proof_of_work_needed", "sms_budget_spent"),
        *("nik_needed", "phone_country_unserved", "second_code_needed", "wrong_media_type", "wrong_offset"),
        *("breach_times_wrong", "reading_hold_too_long", "read_reason_needed"),
        *("decided_twice", "page_beyond_limit", "paper_not_shared", "reason_does_not_fit"),
        *("missing_papers_not_named", "nothing_is_missing", "region_not_found"),
        *("logout_token_not_trusted", "office_provider_down", "provider_address_not_taken"),
        *("webhook_address_not_taken", "webhook_event_unknown"),
        *("proxy_is_holder", "collector_not_needed"),
        *("evidence_of_others", "too_many_evidence_files"),
        *("enrolment_code_wrong", "password_holds_a_name", "password_is_common", "second_code_used"),
        *(
            "second_factor_wrong",
            "nik_needed",
            "phone_country_unserved",
            "second_code_needed",
            "wrong_media_type",
            "wrong_offset",
        ),
    }
)
_WAIT: Final = frozenset(
    {
        *("account_locked", "cut_off_passed", "money_is_being_placed", "money_is_on_its_way", "no_seat_offered"),
        *("nobody_waits", "opening_has_begun", "order_is_out", "same_day_full", "special_already_asked"),
        *("recovery_waits", "scanner_down", "second_codes_locked", "too_many_claims", "waiting_offer_over"),
    }
)
_OFFICE: Final = frozenset(
    {
        *("another_pair_of_eyes", "documents_closed", "fee_not_paid", "letter_not_made", "no_moves_left"),
        *("no_priority_to_deny", "no_special_left", "not_on_yourself", "not_paid_yet"),
        "note_withheld",
        *("not_your_office", "one_time_password_expired", "request_of_somebody_else", "role_not_yours"),
        *("second_operator_needed", "second_person_must_agree", "second_person_needed", "special_over"),
        *("staff_suspended", "too_late_for_special", "too_late_to_move", "too_late_to_withdraw"),
        *("correction_unknown", "nik_of_another_person", "person_applies_elsewhere", "second_officer_needed"),
        *("too_many_documents",),
        *("proxy_not_authorised", "crossings_of_grown_child"),
        *("office_link_awaits_approval", "office_user_linked_already", "password_not_allowed"),
        *("second_person_for_reset", "too_many_documents"),
    }
)


def _get(path: str) -> NextCall:
    return NextCall("GET", path)


def _post(path: str) -> NextCall:
    return NextCall("POST", path)


def _for(*roles: Role, call: NextCall, others: Way = Elsewhere.OFFICE) -> tuple[Way, ...]:
    """Return the call for these roles, and the way of all others."""
    return (*(NextCall(call.method, call.path, role) for role in roles), others)


_APPLYING: Final = (Role.APPLICANT, Role.FRONT_OFFICER)
_AT_THE_COUNTER: Final = (Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
_SIGN_IN: Final = _post("/v1/logins")
_ASSIST: Final = _post("/v1/assistances")
_ASSIST_OR_SIGN_IN: Final = _for(Role.FRONT_OFFICER, call=_ASSIST, others=_SIGN_IN)
_SEE_APPLICANT: Final = _for(Role.APPLICANT, call=_get("/v1/applicants/{applicant_id}"))
_SEE_CASE: Final = _get("/v1/refunds/{refund_id}")
_SEE_SAGA: Final = _get("/v1/sagas/{application_id}")
_SEE_CHANGE: Final = _get("/v1/quota-changes/{change_id}")
_SEE_MEMBER: Final = _get("/v1/staff/members/{staff_id}")
_STAFF_SIGN_IN: Final = _post("/v1/staff/logins")
_SEE_FACTORS: Final = _get("/v1/staff/second-factors")
_RESET: Final = "/v1/staff/members/{staff_id}/second-factor-reset"
_SEE_APPOINTMENT: Final = _get(APPOINTMENT)
_LIST_OFFICE_SIGN_INS: Final = _get("/v1/staff/office-sign-in")
_LIST_OFFICE_LINKS: Final = _get("/v1/staff/office-links")
_SEE_PROVIDER: Final = _get("/v1/staff/office-providers/{provider_id}")
_TAKE_TICKET: Final = _post("/v1/openings/{opening_id}/tickets")
_BANK_ACCOUNT: Final = NextCall("PUT", "/v1/refunds/{refund_id}/bank-account")

PROBLEM_CALLS: Final[Mapping[str, Ways]] = {
    **dict.fromkeys(_AGAIN, Elsewhere.AGAIN),
    # passports
    "passport_of_grown_child": _post("/v1/registrations"),
    "passport_not_in_hand": _for(*_APPLYING, call=SEE_PASSPORTS),
    **dict.fromkeys(("passport_number_differs", "check_digit_wrong", "zone_unreadable"), Elsewhere.AGAIN),
    **dict.fromkeys(
        ("book_facts_missing", "expiry_before_issue", "passport_holder_differs", "validity_too_long"), Elsewhere.AGAIN
    ),
    "passport_number_of_another": Elsewhere.OFFICE,
    "passport_recorded_otherwise": Elsewhere.OFFICE,
    **dict.fromkeys(("passport_file_not_checked", "passport_file_unknown", "passport_file_changed"), Elsewhere.AGAIN),
    "passport_file_not_as_checked": Elsewhere.AGAIN,
    "second_officer_needed": Elsewhere.OFFICE,
    "replacement_not_due": Elsewhere.AGAIN,
    "replacement_under_way": SEE_APPLICATION,
    **dict.fromkeys(_WAIT, Elsewhere.WAIT),
    **dict.fromkeys(_OFFICE, Elsewhere.OFFICE),
    # signing in
    "address_has_no_account": _post("/v1/registrations"),
    "address_reserved": Elsewhere.MAILBOX,
    "address_taken": _SIGN_IN,
    "no_account_to_join": _SIGN_IN,
    "account_leaving": _for(Role.APPLICANT, call=_post("/v1/account/leavings/{leaving_id}/undo"), others=_SIGN_IN),
    "leaving_open": _get("/v1/account/leavings/{leaving_id}"),
    "leaving_over": _get("/v1/account/leavings/{leaving_id}"),
    "grown_child_decides": Elsewhere.OFFICE,
    "not_grown_yet": Elsewhere.OFFICE,
    "child_came_of_age": _post("/v1/registrations"),
    "guardian_of_others": Elsewhere.AGAIN,
    "last_address_stays": NextCall("PUT", "/v1/account/phone"),
    "address_not_there": _get("/v1/account"),
    "applicant_leaving": _for(Role.APPLICANT, call=_get("/v1/account/leavings")),
    "other_address_needed": Elsewhere.AGAIN,
    "no_room_to_join": Elsewhere.OFFICE,
    "challenge_not_found": _ASSIST_OR_SIGN_IN,
    "code_expired": _for(Role.FRONT_OFFICER, call=_ASSIST, others=_post("/v1/challenges/{challenge_id}/resend")),
    "code_used": _ASSIST_OR_SIGN_IN,
    "not_authenticated": _SIGN_IN,
    "number_needed": _post("/v1/registrations"),
    "person_has_ticket": _SIGN_IN,
    "refresh_token_invalid": _SIGN_IN,
    "session_ended": _SIGN_IN,
    "session_over": _SIGN_IN,
    "token_expired": _post("/v1/tokens/refresh"),
    "token_malformed": _SIGN_IN,
    "token_missing": _SIGN_IN,
    "token_not_trusted": _SIGN_IN,
    "too_many_tries": _ASSIST_OR_SIGN_IN,
    # privacy
    "child_not_asked_yet": Elsewhere.WAIT,
    "export_of_another_session": _post("/v1/account/exports"),
    "export_not_ready": Elsewhere.WAIT,
    "export_over": _post("/v1/account/exports"),
    "notice_has_changed": _get("/v1/privacy-notice"),
    "notice_version_unknown": _get("/v1/privacy-notice"),
    "purpose_is_needed": _post("/v1/account/leavings"),
    "purpose_unknown": _get("/v1/privacy-notice"),
    "too_many_choices": Elsewhere.WAIT,
    "too_many_exports": Elsewhere.WAIT,
    # staff
    "first_operator_secret_used": Elsewhere.SETTINGS,
    "first_operator_secret_wrong": Elsewhere.SETTINGS,
    "asker_gone": _SEE_MEMBER,
    "departure_unknown": _post("/v1/staff/offices/{office_id}/departures"),
    "import_file_changed": Elsewhere.AGAIN,
    "import_not_as_checked": _post("/v1/staff/imports"),
    "import_not_checked": _post("/v1/staff/imports"),
    "import_unknown": _post("/v1/staff/imports"),
    "last_operator_stays": _post("/v1/staff/members"),
    "nothing_to_decide": _SEE_MEMBER,
    "office_has_no_staff": _get("/v1/staff/members"),
    "office_staff_changed": _post("/v1/staff/offices/{office_id}/departures"),
    "office_unknown": _get("/v1/offices"),
    "own_password_needed": NextCall("PUT", "/v1/staff/password"),
    "region_needed": Elsewhere.AGAIN,
    "region_not_wanted": Elsewhere.AGAIN,
    "region_unknown": _get("/v1/offices"),
    "staff_matter_pending": _SEE_MEMBER,
    "staff_not_in_service": _STAFF_SIGN_IN,
    "staff_state_forbids": _SEE_MEMBER,
    "staff_unknown": _get("/v1/staff/members"),
    "breach_search_not_done": _post("/v1/breaches/{breach_id}/searches"),
    "breach_step_not_now": _get("/v1/breaches/{breach_id}"),
    "breach_still_owed": _get("/v1/breaches/{breach_id}"),
    "breach_unknown": _get("/v1/breaches"),
    "reading_hold_decided": _get("/v1/data-read-holds"),
    "reading_hold_unknown": _get("/v1/data-read-holds"),
    # legal holds and erasures
    "erasure_unknown": Elsewhere.AGAIN,
    "hold_subject_unknown": Elsewhere.AGAIN,
    "hold_too_long": Elsewhere.AGAIN,
    "hold_unknown": _get("/v1/staff/legal-holds"),
    "nothing_proposed": _get("/v1/staff/legal-holds/{hold_id}"),
    # webhooks
    "too_many_webhooks": _get("/v1/webhooks"),
    "webhook_kind_unknown": _get("/v1/webhook-kinds"),
    "webhook_state_forbids": _get("/v1/webhooks/{webhook_id}"),
    "webhook_unknown": _get("/v1/webhooks"),
    # staff who sign in through their office
    "no_such_proposal": _SEE_PROVIDER,
    "office_answer_not_trusted": _LIST_OFFICE_SIGN_INS,
    "office_link_state_forbids": _LIST_OFFICE_LINKS,
    "office_link_unknown": _LIST_OFFICE_LINKS,
    "office_not_spoken_for": _LIST_OFFICE_SIGN_INS,
    "office_provider_unknown": _LIST_OFFICE_SIGN_INS,
    "office_sign_in_denied": _LIST_OFFICE_SIGN_INS,
    "office_sign_in_over": _LIST_OFFICE_SIGN_INS,
    "office_user_not_linked": _post("/v1/staff/logins"),
    "provider_matter_pending": _SEE_PROVIDER,
    "provider_state_forbids": _SEE_PROVIDER,
    "second_factor_not_proved": _post("/v1/staff/logins"),
    # second factors of staff
    "email_code_over": NextCall("PUT", "/v1/staff/me/email"),
    "fresh_sign_in_needed": _STAFF_SIGN_IN,
    "last_second_factor_stays": _post("/v1/staff/totps"),
    "no_second_factor": _post("/v1/staff/totps"),
    "no_second_factor_reset_asked": _post(_RESET),
    "not_allowed": (NextCall("POST", "/v1/staff/totps", Role.ENROLLING), Elsewhere.OFFICE),
    "passkey_not_usable": _post("/v1/staff/passkeys"),
    "second_factor_needs_itself": _STAFF_SIGN_IN,
    "second_factor_offer_over": _SEE_FACTORS,
    "second_factor_reset_pending": _get(_RESET),
    "second_factor_unknown": _SEE_FACTORS,
    "second_step_over": _STAFF_SIGN_IN,
    "too_many_second_factors": _SEE_FACTORS,
    # applicants and assistance
    "applicant_already_added": _SEE_APPLICANT,
    "assistance_has_ended": _ASSIST,
    "assistance_needed": _for(Role.FRONT_OFFICER, call=_ASSIST),
    "assistance_of_another": _for(Role.FRONT_OFFICER, call=_ASSIST),
    "assistance_over": _for(Role.FRONT_OFFICER, call=_ASSIST),
    "assistance_unknown": _for(*_APPLYING, call=_get("/v1/assistances")),
    "correction_decided": _SEE_APPLICANT,
    "data_fixed_by_submission": Elsewhere.OFFICE,
    "guardian_needed": _for(Role.APPLICANT, call=_post("/v1/applicants")),
    "guardian_unusable": _for(Role.APPLICANT, call=_get("/v1/applicants")),
    "identity_already_confirmed": BEGIN_APPLICATION,
    "identity_already_confirmed:another_nik": _for(Role.APPLICANT, call=_post("/v1/applicants")),
    "nothing_shown_back": _SEE_APPLICANT,
    "nothing_to_correct": _SEE_APPLICANT,
    "identity_not_confirmed": _SEE_APPLICANT,
    "letter_used_up": _ASSIST,
    "office_asked_too_often": _post("/v1/original-assistances"),
    "too_many_applicants": _get("/v1/applicants"),
    "too_many_children": _get("/v1/applicants"),
    # applications
    "application_already_open": _get("/v1/applications"),
    "appeal_comes_first": _for(*_APPLYING, call=_post(f"{APPLICATION}/appeal")),
    "appeal_lodged_already": _for(Role.APPLICANT, call=_get(f"{APPLICATION}/interview-note")),
    "appeal_too_late": _for(*_APPLYING, call=BEGIN_APPLICATION),
    "application_not_refused": _for(*_APPLYING, call=SEE_APPLICATION),
    "no_note_written": _for(*_APPLYING, Role.OFFICE_ADMIN, call=SEE_APPLICATION),
    "application_ended": _for(*_APPLYING, call=BEGIN_APPLICATION),
    "application_not_submitted": _post(f"{APPLICATION}/submission"),
    "application_withdrawn": BEGIN_APPLICATION,
    "document_decided": SEE_APPLICATION,
    "document_not_there": _post(f"{APPLICATION}/documents"),
    "document_replaced": SEE_APPLICATION,
    "collectors_papers_not_seen": _for(Role.FRONT_OFFICER, call=_post(f"{APPLICATION}/collection")),
    "collected_otherwise": _for(Role.FRONT_OFFICER, call=SEE_APPLICATION),
    "crossings_consent_missing": NextCall("PUT", "/v1/account/consents/{purpose}"),
    "no_proxy_announced": NextCall("PUT", f"{APPLICATION}/proxy"),
    "documents_undecided": _for(*_AT_THE_COUNTER, call=_post(f"{APPLICATION}/documents/{{document_id}}/decision")),
    "identity_awaited": SEE_APPLICATION,
    "items_missing": _post(f"{APPLICATION}/documents"),
    "no_visit_to_hurry": SEE_APPLICATION,
    "nothing_corrected": SEE_APPLICATION,
    "nothing_differs": SEE_APPLICATION,
    "answers_bind": Elsewhere.OFFICE,
    "page_needed": _post(f"{APPLICATION}/documents"),
    "pages_missing": _post(f"{APPLICATION}/documents"),
    "originals_not_seen": _for(Role.FRONT_OFFICER, Role.INTERVIEWER, call=_post(f"{APPLICATION}/originals")),
    "payment_owed": SEE_APPLICATION,
    "step_comes_first:questionnaire": _for(*_APPLYING, call=NextCall("PUT", f"{APPLICATION}/questionnaire")),
    "step_comes_first:documents": _for(*_APPLYING, call=_post(f"{APPLICATION}/documents")),
    "step_comes_first:submit": _for(*_APPLYING, call=_post(f"{APPLICATION}/submission")),
    "step_comes_first:identity": _SEE_APPLICANT,
    "step_comes_first:choose_seat": _for(*_APPLYING, call=HOLD_SEAT),
    "step_comes_first:pay": Elsewhere.BANK,
    "step_comes_first:come": _for(Role.FRONT_OFFICER, call=_post("/v1/check-ins")),
    "step_comes_first:interview": _for(Role.INTERVIEWER, call=_post(f"{APPLICATION}/interview"), others=Elsewhere.WAIT),
    "step_comes_first:print": Elsewhere.WAIT,
    "step_comes_first:collect": Elsewhere.OFFICE,
    "step_is_over": _for(*_APPLYING, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.ADJUDICATOR, call=SEE_APPLICATION),
    "evidence_under_way": NextCall("HEAD", "/v1/evidence/{evidence_id}/content"),
    "upload_under_way": NextCall("HEAD", f"{APPLICATION}/documents/{{document_id}}/content"),
    # seats and visits
    "already_waiting": NextCall("DELETE", "/v1/waiting-list/{waiting_id}"),
    "change_decided": _SEE_CHANGE,
    "change_failed": _SEE_CHANGE,
    "change_not_found": _get("/v1/quota-changes"),
    "fee_would_be_lost": _post(f"{APPOINTMENT}/reschedule"),
    "flag_not_found": _get("/v1/offices/{office_id}/flags"),
    "flag_reviewed": _get("/v1/offices/{office_id}/flags"),
    "no_special_asked": _SEE_APPOINTMENT,
    "no_walk_in_seat": _get("/v1/offices/{office_id}/sessions"),
    "not_possible_at_counter": _get("/v1/offices/{office_id}/queue"),
    "not_possible_now": _SEE_APPOINTMENT,
    "not_your_turn": _for(
        Role.APPLICANT, call=_get("/v1/openings/{opening_id}/tickets/{ticket_id}"), others=Elsewhere.AGAIN
    ),
    "office_not_found": _get("/v1/offices"),
    "opening_is_over": SEE_OPENINGS,
    "opening_not_found": SEE_OPENINGS,
    "opens_every_day": _get("/v1/offices/{office_id}/quota"),
    "person_has_appointment": _SEE_APPOINTMENT,
    "product_not_offered": _get("/v1/offices"),
    "same_day_place_needed": _for(Role.FRONT_OFFICER, call=_post(f"{APPOINTMENT}/same-day")),
    "seat_is_gone": HOLD_SEAT,
    "session_not_found": _get("/v1/offices/{office_id}/sessions"),
    "sheet_not_kept": _get("/v1/offices/{office_id}/day-sheets/{date}"),
    "ticket_needed": _for(Role.APPLICANT, call=_TAKE_TICKET),
    "too_many_holds": SEE_APPOINTMENTS,
    "too_many_notices": NextCall("DELETE", "/v1/offices/{office_id}/opening-notices"),
    "turn_missed": _for(Role.APPLICANT, call=_TAKE_TICKET),
    "visit_missed": _SEE_APPOINTMENT,
    # money
    "another_bill_is_live": SEE_BILLS,
    "bank_account_missing": _post("/v1/refunds/{refund_id}/steps"),
    "bill_cannot_be_joined": _get("/v1/bills/{bill_id}"),
    "bill_cannot_be_renewed": SEE_APPLICATION,
    "bill_ends_too_soon": Elsewhere.BANK,
    "bill_has_ended": RENEW_BILL,
    "bill_is_owed": Elsewhere.BANK,
    "bill_is_paid": SEE_APPLICATION,
    "bill_not_paid": SEE_BILLS,
    "bill_not_for_credit": SEE_BILLS,
    "bill_still_payable": Elsewhere.BANK,
    "bill_unknown": _for(Role.APPLICANT, Role.OPERATOR, Role.TREASURER, call=SEE_BILLS),
    "case_is_closed": _get("/v1/cases/{case_id}"),
    "case_unknown": _get("/v1/cases"),
    "credit_is_used_up": _get("/v1/credits/{credit_id}"),
    "credit_too_small": _post("/v1/credits/{credit_id}/payout"),
    "credit_unknown": _get("/v1/credits"),
    "joint_bill_is_over": _get("/v1/joint-bills/{joint_bill_id}"),
    "joint_bill_unknown": _get("/v1/applications"),
    "no_code_to_pay": SEE_BILLS,
    "nothing_to_pay_here": SEE_BILLS,
    "nothing_to_refund": _for(Role.APPLICANT, call=_post("/v1/bills/{bill_id}/payment-claims")),
    "objection_too_late": _post("/v1/refunds/{refund_id}/resubmission"),
    "offer_over": SEE_REFUNDS,
    "override_decided": _SEE_SAGA,
    "override_does_not_fit": _SEE_SAGA,
    "override_unknown": _SEE_SAGA,
    "own_file_not_yours": _post("/v1/cases/{case_id}/notes"),
    "receipt_not_confirmed": Elsewhere.AGAIN,
    "receipt_unknown": SEE_BILLS,
    "refund_is_decided": _SEE_CASE,
    "refund_is_open": _SEE_CASE,
    "refund_not_paid": SEE_REFUNDS,
    "refund_opened_by_us": _for(Role.APPLICANT, call=_BANK_ACCOUNT),
    "refund_step_not_now": _SEE_CASE,
    "refund_unknown": SEE_REFUNDS,
    "settlement_unknown": _get("/v1/settlement-files"),
    "step_of_another_role": _get("/v1/refund-guide"),
    "tariff_change_decided": _for(Role.TREASURER, call=_post("/v1/tariff-changes")),
    "tariff_change_unknown": _get("/v1/tariff-changes"),
    "too_many_case_notes": _post("/v1/cases/{case_id}/closure"),
}
"""A refusal with a fact ``step`` has an entry for that step, after a colon, where its call is another one."""


def code_of_call(refusal: Refusal) -> str:
    """Return the key of the refusal's entry in `PROBLEM_CALLS`."""
    step = refusal.facts.get("step")
    return f"{refusal.code}:{step}" if f"{refusal.code}:{step}" in PROBLEM_CALLS else refusal.code


def problem_call(
    refusal: Refusal, role: Role | None, method: str, address: str, known: Mapping[str, object]
) -> dict[str, str] | None:
    """Return method and address of the call that does a refusal's next action, for a caller of this role.

    ``method`` and ``address`` are those of the refused request, its query included, ``known`` the ids in it; the
    refusal's facts say more. None where the next action is done outside of all services, or the refusal is none of
    theirs.
    """
    way = way_for(PROBLEM_CALLS.get(code_of_call(refusal), Elsewhere.WAIT), role)
    if way is Elsewhere.AGAIN:
        return {"method": method, "href": address}
    return address_of(way, {**known, **refusal.facts}) if isinstance(way, NextCall) else None
