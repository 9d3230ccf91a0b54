"""The acceptance list on the whole running suite: real processes, real MongoDB and RabbitMQ, simulated agencies."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from journeys.api_client import Api, Refused, eventually
from journeys.citizen import Citizen
from journeys.ways import Ways
from local_suite.suite import Suite

PATIENT_CALL_SECONDS = 5
"""F1: every call answers or fails within this; the client hangs up after it."""

JOURNEY_STEPS = (
    "questionnaire",
    "documents",
    "submit",
    "choose_seat",
    "pay",
    "come",
    "interview",
    "print",
    "collect",
)


async def ready(ways: Ways) -> Citizen:
    """A citizen with a submitted application."""
    return await ways.ready_to_hold(ways.reporter.way("test", ""))


async def booked(ways: Ways) -> Citizen:
    """A citizen with a paid seat and a letter."""
    citizen = await ready(ways)
    await citizen.hold_seat()
    await ways.pay(ways.reporter.way("test", ""), citizen)
    return citizen


@pytest.mark.acceptance("F52.one_run", "F3.one_http_api")
async def test_one_application_goes_all_the_way(ways: Ways) -> None:
    citizen = await ways.journey()
    view = await citizen.view()
    assert (view["state"], view["remaining_steps"]) == ("collected", [])
    assert ways.reporter.all_ok


@pytest.mark.acceptance("X2.asked_before_billing")
async def test_a_wrong_kind_is_found_before_the_bill_and_changed_in_one_call(ways: Ways) -> None:
    await ways.wrong_kind()
    assert ways.reporter.all_ok, [result for result in ways.reporter.results if not result.ok]


@pytest.mark.acceptance("F31.current_step", "F31.remaining_steps", "F31.next_action")
@pytest.mark.acceptance("F31.deadline", "F31.out_of_order")
async def test_at_every_moment_the_next_step_is_told(ways: Ways) -> None:
    citizen = await ways.newcomer()
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    seen: list[str] = []

    async def look() -> None:
        view = await citizen.view()
        seen.append(view["current_step"])
        assert view["remaining_steps"] == list(JOURNEY_STEPS[JOURNEY_STEPS.index(view["current_step"]) + 1 :])
        assert view["next_action"]
        assert view["next_action_id"]

    await look()
    with pytest.raises(Refused) as early:
        await citizen.api.post(
            f"{citizen.at.application}/v1/applications/{citizen.application_id}/submission",
            {"confirmed_not_refundable": True},
        )
    assert (early.value.status, early.value.code) == (409, "step_comes_first")
    await citizen.answer_questionnaire()
    await look()
    await citizen.upload_documents()
    await look()
    await citizen.submit()
    await look()
    await citizen.hold_seat()
    bill = await citizen.bill("issued")
    view = await eventually(citizen.view, lambda seen: bill["billing_code"] in seen["next_action"], "the code to pay")
    assert view["deadline"] is not None
    await look()
    await citizen.outside.pay(bill["billing_code"], bill["amount"])
    await citizen.step_is("come")
    await look()
    assert seen == ["questionnaire", "documents", "submit", "choose_seat", "pay", "come"]
    assert [entry["what"] for entry in (await citizen.view())["timeline"]]


@pytest.mark.acceptance("F3.officer_applies")
async def test_an_officer_walks_the_same_steps_for_a_person(ways: Ways) -> None:
    """The applicant has an account and a confirmed NIK; the counter does the rest."""
    person = await ways.newcomer()
    await person.register()
    await person.become_applicant()
    officer = ways.officer("front_officer")
    mails = len(await person.outside.letters_to(person.person.email))
    assistance_id = await officer.ask_consent(person.person.email)
    acting = await officer.tell_code(assistance_id, await person.outside.otp_by_mail(person.person.email, seen=mails))
    officer_api = officer.api
    base = f"{person.at.application}/v1/applications"
    view = await officer_api.post(f"{base}?{acting}", {"applicant_id": person.applicant_id})
    person.application_id = view["application_id"]
    own = f"{base}/{view['application_id']}"
    answers = {
        "has_held_passport": False,
        "reason": "new",
        "passport_kind": "electronic",
        "validity_years": 10,
        "purpose": "tourism",
    }
    view = await officer_api.put(f"{own}/questionnaire?{acting}", answers)
    for item in [each for each in view["requirements"] if each["need"] == "required"]:
        await _upload_for(officer_api, own, acting, item["code"])
    view = await officer_api.post(f"{own}/submission?{acting}", {"confirmed_not_refundable": True})
    assert view["current_step"] == "choose_seat"
    mine = await person.view()
    assert any("front_officer" in str(entry["who"]) for entry in mine["timeline"]), mine["timeline"]
    await person.outside.mail_with(person.person.email, "dapat bertindak untuk Anda")
    await officer.end_assistance(assistance_id)
    over = await eventually(lambda: _code_of(officer_api, f"{own}?{acting}"), bool, "the end of the assistance")
    assert over == "assistance_over"


async def _code_of(api: Api, url: str) -> str:
    """The code of the refusal, or nothing while it is answered."""
    try:
        await api.get(url)
    except Refused as refused:
        return refused.code
    return ""


async def _upload_for(api: Api, own: str, acting: str, requirement: str) -> None:
    from journeys.people import picture

    content = picture(requirement)
    body = {
        "requirement": requirement,
        "file_name": f"{requirement}.jpg",
        "media_type": "image/jpeg",
        "size_bytes": len(content),
    }
    document = await api.post(f"{own}/documents?{acting}", body)
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    url = f"{own}/documents/{document['document_id']}/content?{acting}"
    await api.call("PATCH", url, data=content, headers=headers)


@pytest.mark.acceptance("F1.dukcapil_silent", "F1.simponi_silent", "F1.work_queued", "F22.registry_down")
async def test_no_call_waits_for_a_silent_agency(ways: Ways, running_suite: Suite) -> None:
    """Registry, biller, SMS gateway and mail are silent: every call answers, work is followed at a status address."""
    citizen = await ways.newcomer()
    waiting = await ready(ways)
    agencies = ("dukcapil", "simponi", "sms", "dpri")
    for agency in agencies:
        await citizen.outside.behave(agency, operation="*", mode="timeout", delay_seconds=60)
    impatient = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENT_CALL_SECONDS))
    try:
        citizen.api = Api(session=impatient, patience_seconds=1)
        await citizen.register()
        added = await citizen.api.post(f"{citizen.at.identity}/v1/applicants", citizen.person.as_applicant())
        assert added["identity"]["state"] == "pending"
        status = f"{citizen.at.identity}/v1/applicants/{added['applicant_id']}"
        view = await eventually(
            lambda: citizen.api.get(status),
            lambda seen: seen["identity"]["state"] == "upstream_down",
            "the silent registry being told as such",
        )
        assert view["identity"]["causes"] == []
        await waiting.hold_seat()
        assert (await waiting.newest_bill_soon())["state"] == "requested"
    finally:
        for agency in agencies:
            await citizen.outside.behave(agency, operation="*", mode="ok")
        await impatient.close()
    bill = await waiting.bill("issued")
    assert bill["billing_code"]
    citizen.api = Api()
    citizen.api.token = None


@pytest.mark.acceptance("F53.retried_slot_held", "F53.validity_from_issue", "F53.emailed")
async def test_a_bill_waits_for_a_biller_that_is_down_with_its_seat_held(ways: Ways) -> None:
    citizen = await ready(ways)
    await citizen.outside.behave("simponi", operation="issue", mode="down")
    try:
        await citizen.hold_seat()
        bill = await citizen.bill("requested")
        assert (await citizen.appointment("held", "awaiting_payment"))["state"] in ("held", "awaiting_payment")
    finally:
        await citizen.outside.behave("simponi", operation="issue", mode="ok")
    issued = await citizen.bill("issued")
    assert issued["bill_id"] == bill["bill_id"]
    assert issued["issued_at"] > bill["requested_at"]
    assert (await citizen.appointment("awaiting_payment"))["state"] == "awaiting_payment"
    mail = await citizen.outside.mail_with(citizen.person.email, issued["billing_code"])
    assert issued["billing_code"] in mail["Text"]


@pytest.mark.acceptance("F55.no_retyping", "X1.without_retyping")
async def test_a_new_code_after_expiry_needs_nothing_typed_again(ways: Ways) -> None:
    await ways.expiry_and_renewal()
    assert ways.reporter.all_ok


@pytest.mark.acceptance("F58.pay_time_decides")
async def test_money_paid_in_time_counts_though_its_notice_comes_after_the_end(ways: Ways) -> None:
    """The notice is lost and the biller silent past the deadline; the last question finds the payment."""
    citizen = await ready(ways)
    await citizen.hold_seat()
    bill = await citizen.bill("issued")
    await citizen.outside.behave("simponi", operation="notice", mode="lose", next_calls=1)
    await citizen.outside.behave("simponi", operation="*", mode="unavailable")
    try:
        await citizen.outside.behave("simponi", operation="pay", mode="ok")
        await citizen.outside.pay(bill["billing_code"], bill["amount"])
        await citizen.bill("expiry_unconfirmed")
        assert (await citizen.appointment("awaiting_payment"))["state"] == "awaiting_payment"
    finally:
        await citizen.outside.behave("simponi", operation="*", mode="ok")
    await citizen.bill("paid")
    await citizen.appointment("confirmed")


async def test_late_money_has_an_outcome(ways: Ways) -> None:
    await ways.late_money()
    assert ways.reporter.all_ok


@pytest.mark.acceptance("F62.workflow", "F62.approve")
async def test_a_fee_is_asked_back_and_another_person_decides_and_the_treasury_pays(ways: Ways) -> None:
    await ways.refund()
    assert ways.reporter.all_ok


@pytest.mark.acceptance("F63.refund", "F64.requests", "F64.paid")
async def test_money_on_an_application_that_was_given_up_goes_back(ways: Ways) -> None:
    await ways.money_after_the_withdrawal()
    report = await ways.officer("operator").refund_report()
    assert report["paid"] >= 1
    assert report["requests"] >= report["paid"]


async def test_a_family_pays_with_one_code_and_each_has_a_seat(ways: Ways) -> None:
    await ways.family_payment()
    assert ways.reporter.all_ok


@pytest.mark.acceptance("F56.poll", "F59.lost_push")
async def test_a_lost_notice_is_found_by_asking(ways: Ways) -> None:
    await ways.notice_lost()
    assert ways.reporter.all_ok


@pytest.mark.acceptance("X3.refund_case", "X3.no_second_booking")
async def test_a_second_payment_of_one_code_becomes_a_refund_case(ways: Ways) -> None:
    citizen = await booked(ways)
    bill = await citizen.newest_bill()
    await citizen.outside.pay(bill["billing_code"], bill["amount"], force=["allow_double"])

    async def refunds() -> Any:
        return (await citizen.api.get(f"{citizen.at.billing}/v1/refunds", application_id=citizen.application_id))[
            "refunds"
        ]

    opened = await eventually(refunds, bool, "the refund case of the second payment")
    assert [case["amount"] for case in opened] == [bill["amount"]]
    seats = await citizen.api.get(f"{citizen.at.scheduling}/v1/appointments", application_id=citizen.application_id)
    assert [seat["state"] for seat in seats["appointments"]] == ["confirmed"]


@pytest.mark.acceptance("F73.made_when_paid", "F73.downloads", "F73.emailed", "F73.qr_alone")
async def test_the_letter_can_be_had_again_and_again_and_by_mail_and_its_code_checks_in(ways: Ways) -> None:
    citizen = await booked(ways)
    first, second = await citizen.letter(), await citizen.letter()
    assert first == second
    assert first.startswith(b"%PDF")
    mail = await citizen.outside.mail_with(citizen.person.email, "surat pengantar anda terlampir")
    assert [part["ContentType"] for part in mail["Attachments"]] == ["application/pdf"]
    front = ways.officer("front_officer")
    by_id = await front.post(f"{front.at.scheduling}/v1/check-ins", {"application_id": citizen.application_id})
    again = await front.check_in(citizen.queue_code)
    assert by_id["appointment_id"] == again["appointment_id"] == citizen.appointment_id


@pytest.mark.acceptance("F47.outbox_acknowledged", "F47.office_resends")
@pytest.mark.acceptance("F47.resend_idempotent", "F78.office_resends_file")
async def test_the_file_is_with_the_issuance_system_before_the_day_and_can_be_sent_again(ways: Ways) -> None:
    citizen = await booked(ways)
    number = (await citizen.view())["number"]
    url = f"{citizen.at.dpri}/dpri/files/{number}"
    api = Api()

    async def look() -> Any:
        try:
            return await api.get(url)
        except Refused:
            return {"state": "unknown"}

    before = await eventually(look, lambda file: file["state"] == "acknowledged", "the acknowledgement")
    front = ways.officer("front_officer")
    await front.post(f"{front.at.application}/v1/applications/{citizen.application_id}/hand-over", {})
    await front.post(f"{front.at.application}/v1/applications/{citizen.application_id}/hand-over", {})
    after = await look()
    assert (after["state"], after["delivery_id"]) == ("acknowledged", before["delivery_id"])
    await api.__aexit__(None, None, None)


@pytest.mark.acceptance("F4.refresh")
async def test_a_session_survives_a_restart_and_renews_without_a_code(ways: Ways, running_suite: Suite) -> None:
    citizen = await ways.newcomer()
    await citizen.register()
    await running_suite.restart("identity")
    assert (await citizen.api.get(f"{citizen.at.identity}/v1/account"))["account_id"] == citizen.account_id
    pair = await citizen.api.post(f"{citizen.at.identity}/v1/tokens/refresh", {"refresh_token": citizen.refresh_token})
    citizen.api.token = pair["access_token"]
    assert (await citizen.api.get(f"{citizen.at.identity}/v1/account"))["account_id"] == citizen.account_id


@pytest.mark.acceptance("F75.one_booking_per_nik")
async def test_two_citizens_never_share_a_seat_and_one_person_never_holds_two(ways: Ways) -> None:
    first, second = await asyncio.gather(ready(ways), ready(ways))
    session = (await first.free_sessions())[0]
    await asyncio.gather(first.hold_in(session["session_id"]), second.hold_in(session["session_id"]))
    ones, others = (
        await first.appointment("held", "awaiting_payment"),
        await second.appointment("held", "awaiting_payment"),
    )
    assert ones["appointment_id"] != others["appointment_id"]
    with pytest.raises(Refused) as refused:
        await first.hold_in(session["session_id"])
    assert refused.value.status == 409
