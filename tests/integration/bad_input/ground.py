"""Citizens at every station of the journey on one suite, and how each endpoint is called rightly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from shared.audit import AUDIT_KINDS
from shared.audit.chaining import STREAM
from shared.chain.kinds import CHAIN_KINDS, Head, Link, Root, Salt
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import Endpoint
from shared.http.signatures import Signer
from shared.tokens import Role
from tests.assembled import CALLBACK_SECRET, OFFICE, RECEIPT_SECRET, Suite, assemble
from tests.conftest import START
from tests.unit.identity.world import nobody
from tests.unit.world import HurryingClock
from tests.walking import ANSWERS, TYPED, Caller, Citizen, Officer, Reply

NOBODYS_ID: Final = "0190c2f4-7c1e-7000-8000-000000000001"
PROBLEM: Final = "application/problem+json"


PARTS = {name: each.parts for name, each in assemble(HurryingClock(START)).items()}
EVERY: Final = [(service, each) for service in SERVICES for each in PARTS[service].endpoints]


def spoken(each: Any) -> str:
    return str(getattr(each, "name", each))


def those(choose: Callable[[Endpoint], bool]) -> Any:
    """Parametrize over the endpoints that are chosen."""
    chosen = [(service, each) for service, each in EVERY if choose(each)]
    assert chosen
    return pytest.mark.parametrize(("service", "endpoint"), chosen, ids=spoken)


@dataclass
class Ground:
    """Citizens at every station of the journey."""

    suite: Suite
    stack: AsyncExitStack
    citizens: dict[str, Citizen] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)

    def __getitem__(self, station: str) -> Citizen:
        return self.citizens[station]

    async def newcomer(self, station: str) -> Citizen:
        """An account with a confirmed applicant."""
        citizen = self.citizens[station] = await self.stack.enter_async_context(Citizen(self.suite))
        await citizen.register(f"{station}.contoh@example.org")
        await citizen.become_applicant(nik=nobody(len(self.citizens)).nik, full_name="ORANG CONTOH")
        return citizen

    def officer(self, role: Role, office_id: str = OFFICE) -> Officer:
        return Officer(self.suite, role, office_id)

    def ids(self) -> dict[str, str]:
        """What belongs to the one who has paid."""
        owner = self["paid"]
        return {
            "application_id": owner.application_id,
            "applicant_id": owner.applicant_id,
            "appointment_id": owner.appointment_id,
            "bill_id": owner.bill_id,
            "refund_id": NOBODYS_ID,
            **dict.fromkeys(("joint_bill_id", "credit_id"), NOBODYS_ID),
            "challenge_id": NOBODYS_ID,
            "document_id": self.documents[0],
            "evidence_id": NOBODYS_ID,
            "passport_id": NOBODYS_ID,
            "office_id": OFFICE,
            "region_id": "dki-jakarta",
            "session_id": NOBODYS_ID,
            "change_id": NOBODYS_ID,
            "opening_id": NOBODYS_ID,
            "ticket_id": NOBODYS_ID,
            "visit_id": NOBODYS_ID,
            "waiting_id": NOBODYS_ID,
            "party_id": NOBODYS_ID,
            "flag_id": NOBODYS_ID,
            "case_id": NOBODYS_ID,
            "settlement_id": NOBODYS_ID,
            "reference": NOBODYS_ID,
            "override_id": NOBODYS_ID,
            "staff_id": NOBODYS_ID,
            "factor_id": NOBODYS_ID,
            **dict.fromkeys(("breach_id", "departure_id", "erasure_id", "export_id", "hold_id"), NOBODYS_ID),
            **dict.fromkeys(("leaving_id", "link_id", "provider_id", "import_id", "webhook_id"), NOBODYS_ID),
            "event_type": "paspor.nobody.v1",
            "purpose": "reminders",
            "state": "x",
            "assistance_id": NOBODYS_ID,
            "correction_id": NOBODYS_ID,
            "stuck": "true",
            "first": "2026-11-01",
            "last": "2026-11-30",
            "date": "2026-11-24",
            "job_id": NOBODYS_ID,
            "link": f"{NOBODYS_ID}.nothing",
            "requirement": "ktp",
            "example": "ktp",
            "ntpn": "A1B2C3D4E5F60718",
            "amount": "650000",
            "since": "2026-11-01",
            "until": "2026-11-30",
        }

    def address(self, endpoint: Endpoint) -> str:
        """The endpoint's address about what belongs to the one who has paid."""
        path = re.sub(r"{([^}]*)}", lambda place: self.ids()[place[1]], endpoint.path)
        needed = [
            name
            for name, each in (endpoint.query.model_fields if endpoint.query else {}).items()
            if each.is_required() or name == "application_id"
        ]
        return path + ("?" + "&".join(f"{name}={self.ids()[name]}" for name in needed) if needed else "")

    def body(self, endpoint: Endpoint) -> Any:
        """A body that is right in itself."""
        return good_bodies(self.ids())[endpoint.name] if endpoint.body is not None else None

    async def ask(self, caller: Caller, service: str, endpoint: Endpoint, **changes: Any) -> Reply:
        """The endpoint, called rightly but for the changes."""
        words: dict[str, Any] = {"headers": {}}
        if endpoint.raw_body:
            words |= {"raw": b"x", "headers": {"Upload-Offset": "0", "Content-Type": endpoint.body_media_types[0]}}
        elif endpoint.body is not None:
            words["body"] = self.body(endpoint)
        if "headers" in changes:
            words["headers"] |= changes.pop("headers")
        return await caller.call(
            service, endpoint.method, changes.pop("path", self.address(endpoint)), **{**words, **changes}
        )

    @asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Everything that is kept is the same after the block, but for the trail of what was tried."""
        before = _without_trail(await self.suite.contents())
        yield
        after = _without_trail(await self.suite.contents())
        assert [name for name in before | after if before.get(name) != after.get(name)] == []


AUDIT_STREAM: Final = f"{STREAM}:"
"""How the name of each chain that tells the audit begins."""


def _without_trail(contents: Mapping[str, Any]) -> dict[str, Any]:
    """All but the audit, and what its chainer writes of it.

    What staff try is audited before it is tried, so an attempt that is refused is rightly told there: it is no change
    of what the attempt was about. Lines are only ever inserted, and chained whenever the chainer comes by.
    """
    return {name: each for name, each in contents.items() if not _is_trail(name, each)}


def _is_trail(name: str, kept: Any) -> bool:
    kind = name.split("/")[1]
    if kind in {each.name for each in AUDIT_KINDS}:
        return True
    if kind not in {each.name for each in CHAIN_KINDS}:
        return False
    state = kept[0]
    match state:
        case Link() | Salt() | Root():
            return state.chain.startswith(AUDIT_STREAM)
        case Head():
            return state.stream == STREAM
        case _:  # how far a feed has read
            return name.endswith(f"/{STREAM}")


def good_bodies(ids: Mapping[str, str]) -> dict[str, Any]:
    """Return for each operation with a body one that its form takes."""
    every = (_identity_bodies(), _application_bodies(ids), _scheduling_bodies(ids), _billing_bodies(ids))
    return {operation: body for bodies in (*every, _notification_bodies()) for operation, body in bodies.items()}


def _identity_bodies() -> dict[str, Any]:
    newcomer = {"username": "dewi.contoh", "full_name": "DEWI CONTOH"}
    return {
        "register": {"email": "baru.contoh@example.org"},
        "log_in": {"identifier": "lama.contoh@example.org"},
        "verify": {"code": "123456"},
        "refresh": {"refresh_token": "not-a-token"},
        "revoke": {"refresh_token": "not-a-token"},
        "change_phone": {"phone": "081200000999"},
        "change_email": {"email": "lain.contoh@example.org"},
        "join_account": {"identifier": "lain.contoh@example.org"},
        "add_applicant": TYPED,
        "correct_applicant": TYPED,
        "correct_confirmed_applicant": {"nik": nobody(9).nik, "original": "identity_card", "birth_place": "BANDUNG"},
        "decide_correction": {"approved": True},
        "log_in_staff": {"username": "nobody", "password": "a wrong word"},
        "look_up_person": {"nik": nobody(9).nik},
        "ask_consent": {"identifier": "081200000999"},
        "tell_code": {"code": "123456"},
        "see_original": {"nik": nobody(9).nik, "reason": "telephone_lost", "words": "lost on the way"},
        "show_letter": {"queue_code": "PSP1.k1.x.y"},
        "make_first_operator": {**newcomer, "secret": "x" * 43, "password": "four words nobody joins"},
        "set_own_password": {"username": "nobody", "password": "a wrong word", "new_password": "another wrong word"},
        "hire_staff": {**newcomer, "role": "front_officer", "office_id": OFFICE, "reason": "new_post"},
        "reassign_staff": {"role": "interviewer", "office_id": OFFICE, "reason": "transfer"},
        "lock_staff": {"reason": "suspected_misuse"},
        "unlock_staff": {"reason": "suspicion_cleared"},
        "reset_staff_password": {"reason": "forgotten_password"},
        "say_staff_left": {"reason": "end_of_service"},
        "approve_staff_matter": {"reason": "new_post"},
        "refuse_staff_matter": {"reason": "correction"},
        **_second_factor_bodies(),
        **_office_bodies(),
        **_privacy_bodies(),
    }


def _office_bodies() -> dict[str, Any]:
    terms = {"name": "Kanim Contoh", "client_id": "paspor", "offices": [OFFICE], "algorithms": ["ES256"]}
    terms |= {"amr_values": ["mfa"], "client_secret": "an invented secret of a client"}
    proposal = {"proposal_id": NOBODYS_ID, "reason": "new_post"}
    return {
        "plan_office_departure": {"reason": "end_of_service"},
        "propose_office_provider": {**terms, "issuer": "https://masuk.example.org"},
        "propose_office_provider_change": terms,
        "approve_office_provider": proposal,
        "refuse_office_provider": proposal,
        "stop_office_provider": {"reason": "suspected_misuse"},
        "ask_office_link": {"provider_id": NOBODYS_ID},
        "approve_office_link": {"reason": "new_post"},
        "end_office_link": {"reason": "new_post"},
        "claim_office_tokens": {},
    }


def _privacy_bodies() -> dict[str, Any]:
    breach = {"cause": "stolen_access", "kinds": ["nik"], "measures": ["access_withdrawn"], "estimated_persons": 1}
    breach |= {"found_at": "2026-11-23T01:00:00Z"}
    return {
        "ask_to_leave": {"what": "account"},
        "note_leaving_agreement": {"person_id": NOBODYS_ID},
        "choose_consent": {"given": True},
        "propose_reading_hold": {"account_id": NOBODYS_ID, "reason": "court_order", "until": "2026-12-31T00:00:00Z"},
        "decide_reading_hold": {"approved": True},
        "open_breach": breach,
        "describe_breach": breach,
        "search_persons": {"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"},
        "propose_breach_step": {"step": "notices"},
        "decide_breach_step": {"approved": True},
        "note_agency_notice": {"told_at": "2026-11-23T02:00:00Z", "reference": "B-12/2026"},
        "propose_hold": {
            "subject_kind": "person",
            "subject_id": NOBODYS_ID,
            "ground": "criminal_investigation",
            "case_code": "123/Pid.Sus/2026",
            "until": "2027-11-30T00:00:00Z",
        },
        "decide_hold": {"agree": True},
    }


def _second_factor_bodies() -> dict[str, Any]:
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key"}
    return {
        "finish_staff_login": {"login_token": "not-a-token", "code": "123456"},
        "offer_totp": {"name": "telephone"},
        "confirm_totp": {"code": "123456"},
        "offer_passkey": {"name": "security key"},
        "confirm_passkey": {
            "credential": {**credential, "response": {"clientDataJSON": "AAAA", "attestationObject": "AAAA"}}
        },
        "ask_second_factor_reset": {"reason": "replacement"},
        "agree_to_second_factor_reset": {"reason": "replacement"},
        "refuse_second_factor_reset": {"reason": "correction"},
        "set_own_email": {"email": "dewi.contoh@example.org"},
        "prove_own_email": {"code": "123456"},
        "review_devices": {"are_mine": True},
    }


def _application_bodies(ids: Mapping[str, str]) -> dict[str, Any]:
    upload = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": 1000}
    return {
        "begin": {"applicant_id": ids["applicant_id"]},
        "answer": ANSWERS,
        "submit": {"confirmed_not_refundable": True},
        "begin_upload": upload,
        "begin_evidence": {key: value for key, value in upload.items() if key != "requirement"} | {"purpose": "refund"},
        "decide_document": {"decision": "accepted"},
        "decide_documents": {"decisions": [{"document_id": ids["document_id"], "decision": "accepted"}]},
        "see_originals": {"requirements": ["ktp"]},
        "record_interview": {"outcome": "approved"},
        "hand_out": {"collected_by": "self"},
        "announce_proxy": {"full_name": "BUDI CONTOH KUASA", "nik": nobody(8).nik},
        "correct_kind": {
            "passport_kind": "ordinary",
            "validity_years": 5,
            "reason": "expired",
            "reason_code": "held_passport_before",
        },
        "search_by_person": {"person_id": NOBODYS_ID},
        "close_for_person": {"person_id": NOBODYS_ID, "reason_code": "not_known_to_person"},
        "decide_on_earlier_book": {"decision": "keep"},
        "find_penalty": {"ground": "lost", "reason_code": "told_at_interview"},
        "report_passport": {"report": "lost"},
        "undo_report": {"number": "X1234567"},
        "begin_replacement": {"reason": "pages_full"},
        "record_old_passport": {"kind": "ordinary", "issued_on": "2020-03-04", "zone": "P<IDN"},
        "lodge_appeal": {"text": "Surat undangan saya asli."},
        "withhold_note": {"ground": "third_person"},
    }


def _scheduling_bodies(ids: Mapping[str, str]) -> dict[str, Any]:
    session = {"date": "2026-12-01", "start": "08:00", "end": "10:00", "booths": 1, "service_minutes": 30, "staff": 1}
    week = {key: value for key, value in session.items() if key != "date"}
    edit = {"expected_version": 0, "reason": "fitted to staff"}
    product = {"product": "electronic", "since": "2026-01-01"}
    facts = {"reason": "as it is", "booths": 2, "staff": 2, "hours": [], "products": [product]}
    arrival = {"line_id": "1", "kind": "counter", "arrived_at": "2026-11-23T02:00:00Z", "reason": "outage"}
    return {
        "open_session": {**session, "pools": {"regular": 1}},
        "put_facts": {**facts, "expected_version": 1},
        "open_outreach": {**facts, "name": "Mal Contoh", "city": "Kota Contoh", "own_dates": ["2026-12-05"]},
        "put_template": {**edit, "sessions": [{**week, "weekdays": ["mon"], "pools": {"regular": 1}}]},
        "put_session": {**edit, "pools": {"regular": 1}},
        "transfer_seats": {**edit, "from": "regular", "to": "walk_in", "seats": 1},
        "open_offline_quota": {"date": "2026-12-01", "seats": 1, "reason": "outage"},
        "approve_change": {},
        "reject_change": {"reason": "Not agreed"},
        "hold_seat": {"application_id": ids["application_id"], "session_id": NOBODYS_ID},
        "enter_waiting_list": {
            "application_id": ids["application_id"],
            "office_ids": [OFFICE],
            "from": "2026-11-24",
            "to": "2026-12-01",
        },
        "book_party": {"application_ids": [ids["application_id"], NOBODYS_ID], "session_id": NOBODYS_ID},
        "review_flag": {"decision": "harmless"},
        "reschedule": {"session_id": NOBODYS_ID},
        "announce_opening": {
            "session_ids": [NOBODYS_ID],
            "doors_at": "2026-11-23T01:30:00Z",
            "tickets_close_at": "2026-11-23T01:59:00Z",
            "opens_at": "2026-11-23T02:00:00Z",
        },
        "take_ticket": {"application_id": ids["application_id"]},
        "check_in": {"appointment_id": ids["appointment_id"]},
        "ask_special": {"cause": "illness", "evidence": "letter no. 12"},
        "decide_special": {"granted": True},
        "use_special": {"session_id": NOBODYS_ID},
        "interrupt_visit": {"reason": "system_fault"},
        "deny_priority": {"reason": "nothing_shown"},
        "interrupt_day": {"date": "2026-11-24", "reason": "system_fault"},
        "call_next": {"booth": "1"},
        "register_walk_in": {"reason": "walk_in"},
        "import_offline_visits": {"date": "2026-11-23", "lines": [arrival]},
    }


def _billing_bodies(ids: Mapping[str, str]) -> dict[str, Any]:
    notice = {
        "notice_id": "n-1",
        "billing_code": "8" * 15,
        "ntb": "123456",
        "amount": 1,
        "paid_at": "2026-11-23T02:00:00Z",
    }
    fee = {"passport_kind": "ordinary", "validity_years": 5, "amount": 1, "title": "Book", "title_id": "Paspor"}
    return {
        "open_joint_bill": {"bill_ids": [ids["bill_id"], NOBODYS_ID]},
        "pay_bill_with_credit": {"bill_id": ids["bill_id"]},
        "ask_refund": {"bill_id": ids["bill_id"], "reason": "agent_error", "note": "the bank took it twice"},
        "give_bank_account": {"bank_code": "002", "account_number": "1234567890", "holder_name": "Siti Contoh"},
        "send_papers": {"note": "here it is"},
        "resubmit_refund": {"note": "new proof"},
        "object_to_refusal": {"note": "I object"},
        "take_refund_step": {"step": "find_complete"},
        "note_case": {"text": "the bank was asked"},
        "close_case": {"outcome": "confirmed", "reason": "the bank confirms"},
        "ask_same_day": {"application_id": ids["application_id"]},
        "propose_tariff": {
            "tariff_id": "pp-1-2027",
            "legal_basis": "PP 1/2027",
            "effective_from": "2027-01-01",
            "fees": [fee],
            "penalties": [],
            "same_day_amount": 1_000_000,
            "zero_tariffs": [],
            "reason": "New regulation",
        },
        "refuse_tariff": {"reason": "Not agreed"},
        "retry_saga": {"reason": "system_fault"},
        "propose_override": {"act": "end_bill", "target": ids["bill_id"], "reason": "system_fault"},
        "decide_override": {"approve": True},
        "claim_payment": {"ntb": "123456789012"},
        "take_notice": notice,
    }


def _notification_bodies() -> dict[str, Any]:
    receipt = {
        "receipt_id": "r-1",
        "message_id": "m-1",
        "reference": "d-1",
        "status": "delivered",
        "at": "2026-11-23T02:00:00Z",
    }
    return {
        "choose_preferences": {"language": "id", "channels": ["email"]},
        "keep_office_contacts": {"email": "piket@kantor.example"},
        "keep_region_contacts": {"email": "kanwil@kantor.example"},
        "take_sms_receipt": receipt,
        "register_webhook": {
            "consumer": "kantor-statistik",
            "url": "http://127.0.0.1:9/hook",
            "kinds": ["paspor.application.passport.printed.v1"],
        },
        "replay_webhook": {"from_event": NOBODYS_ID},
    }


def refused(reply: Reply, status: int, code: str | None = None) -> Any:
    """The problem, complete: what, why, what now, and how to find it in the logs."""
    assert reply.status == status, f"{reply.status} instead of {status}: {reply.raw[:600]!r}"
    assert reply.headers["Content-Type"].startswith(PROBLEM)
    problem = reply.body
    assert problem["type"] == f"urn:paspor:problem:{problem['code']}"
    assert problem["status"] == status
    assert problem["title"].endswith(".") and problem["detail"] and problem["next_action"].endswith(".")
    assert re.fullmatch(r"[0-9a-f]{32}", problem["trace_id"])
    assert reply.headers["X-Trace-Id"] == problem["trace_id"]
    assert code is None or problem["code"] == code, problem
    return problem


def _signer(service: str, *, secret: str = "") -> Signer:
    """The agency that signs the calls of this service, or, with another secret, somebody else."""
    prefix, own = {"billing": ("X-Simponi", CALLBACK_SECRET), "notification": ("X-Sms", RECEIPT_SECRET)}[service]
    return Signer(prefix, {"k1": secret or own})


async def raw_call(url: str, sent: bytes, *, cut: bool = False) -> bytes:
    """The beginning of what is answered to these bytes; with ``cut`` the line breaks right after them."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(sent)
        await writer.drain()
        if cut:
            return b""
        async with asyncio.timeout(20):
            return await reader.read(65536)
    finally:
        writer.close()
