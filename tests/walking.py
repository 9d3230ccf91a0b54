"""A citizen and an officer who walk through the assembled suite by its HTTP endpoints alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

import aiohttp

from services.billing.payment import Payment
from shared.http.signatures import Signer
from shared.ids import new_event_id
from shared.tokens import Role
from tests.assembled import CALLBACK_SECRET, OFFICE, Suite, session_of
from tests.unit.application.world import picture
from tests.unit.identity.world import BUDI

EMAIL: Final = "warga.contoh@example.org"
PHONE: Final = "0812 0000 0678"
TYPED: Final = {
    "full_name": BUDI.full_name,
    "nik": BUDI.nik,
    "birth_place": BUDI.birth_place,
    "birth_date": BUDI.birth_date.isoformat(),
    "sex": BUDI.sex.value,
    "family_card_number": "3174010101150007",
}
ANSWERS: Final = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}
DAY_SECONDS: Final = 86400


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(self.raw)

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


class Caller:
    """Calls the services of a served suite, with a token or without."""

    def __init__(self, suite: Suite, token: str | None = None) -> None:
        self.suite = suite
        self.token = token
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: Any = None,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One call. Every POST and PUT carries a fresh Idempotency-Key unless one, or None for none, is given."""
        sent = {"Accept-Language": "en"}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if method in ("POST", "PUT") and key is not None:
            sent["Idempotency-Key"] = key or new_event_id()
        if body is not None:
            sent["Content-Type"] = "application/json"
            raw = json.dumps(body).encode()
        sent |= headers or {}
        async with self._session.request(method, self.suite.urls[service] + path, data=raw, headers=sent) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.read())

    async def done(self, service: str, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        """One call that must be answered well; everything that follows from it has happened on return."""
        reply = await self.call(service, method, path, body, **more)
        assert reply.status < 400, f"{method} {path}: {reply.status} {reply.raw.decode(errors='replace')}"
        await self.suite.settle()
        return reply


@dataclass
class Citizen(Caller):
    """One account with one applicant and one application."""

    suite: Suite
    account_id: str = ""
    applicant_id: str = ""
    application_id: str = ""
    appointment_id: str = ""
    bill_id: str = ""
    codes: list[str] = field(default_factory=list)
    """Every one-time code that was ever sent."""

    def __post_init__(self) -> None:
        super().__init__(self.suite)

    @property
    def application(self) -> str:
        """The application's path."""
        return f"/v1/applications/{self.application_id}"

    async def register(self, email: str = EMAIL) -> None:
        """Prove an email address."""
        asked = await self.done("identity", "POST", "/v1/registrations", {"email": email, "language": "id"})
        await self._prove(asked["challenge_id"], self._read_code(by_sms=False))

    async def add_phone(self, phone: str = PHONE) -> None:
        """Prove a telephone number."""
        asked = await self.done("identity", "PUT", "/v1/account/phone", {"phone": phone})
        codes = self._read_code(by_sms=True), self._read_code(by_sms=False)
        await self._prove(asked["challenge_id"], *codes)

    def _read_code(self, *, by_sms: bool) -> str:
        code = self.suite.agencies.newest_code(by_sms=by_sms)
        self.codes.append(code)
        return code

    async def _prove(self, challenge_id: str, code: str, old_code: str | None = None) -> None:
        path = f"/v1/challenges/{challenge_id}/verification"
        body = {"code": code} if old_code is None else {"code": code, "old_code": old_code}
        tokens = await self.done("identity", "POST", path, body)
        self.account_id = tokens["account_id"]
        session_id = session_of(tokens["access_token"])
        self.token = self.suite.token(Role.APPLICANT, self.account_id, session_id=session_id)

    async def become_applicant(self, **changes: Any) -> None:
        """Be confirmed by the civil registry."""
        added = await self.done("identity", "POST", "/v1/applicants", {**TYPED, **changes})
        self.applicant_id = added["applicant_id"]

    async def begin(self) -> None:
        """Open a draft."""
        body = {"applicant_id": self.applicant_id}
        self.application_id = (await self.done("application", "POST", "/v1/applications", body))["application_id"]

    async def answer(self) -> None:
        """Answer the questionnaire."""
        await self.done("application", "PUT", f"{self.application}/questionnaire", ANSWERS)

    async def view(self) -> Any:
        """The application."""
        return (await self.done("application", "GET", self.application)).body

    async def announce(self, requirement: str, size_bytes: int, media_type: str = "image/jpeg") -> str:
        """Announce an upload; the path of its content."""
        body = {
            "requirement": requirement,
            "file_name": "foto.jpg",
            "media_type": media_type,
            "size_bytes": size_bytes,
        }
        return str((await self.done("application", "POST", f"{self.application}/documents", body))["upload_url"])

    async def send(self, path: str, content: Any, offset: int = 0) -> Reply:
        """Send bytes from an offset on, whatever is answered."""
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return await self.call("application", "PATCH", path, raw=content, headers=headers)

    async def upload_everything(self) -> None:
        """A picture for each item that is compulsory."""
        content = picture()
        for item in (await self.view())["requirements"]:
            if item["compulsory"] and item["state"] == "missing":
                reply = await self.send(await self.announce(item["code"], len(content)), content)
                assert (reply.status, reply["state"]) == (200, "accepted"), reply.raw

    async def submit(self) -> None:
        """Submit."""
        await self.done("application", "POST", f"{self.application}/submission", {"confirmed_not_refundable": True})

    async def sessions(self) -> list[Any]:
        """Sessions with free seats."""
        return list((await self.done("scheduling", "GET", f"/v1/offices/{OFFICE}/sessions"))["sessions"])

    async def hold(self) -> None:
        """Hold a seat in the first session of another day."""
        today = self.suite.clock.now().date().isoformat()
        session = next(each for each in await self.sessions() if each["date"] > today)
        body = {"application_id": self.application_id, "session_id": session["session_id"]}
        self.appointment_id = (await self.done("scheduling", "POST", "/v1/appointments", body))["appointment_id"]

    async def bill(self) -> Any:
        """The newest bill."""
        found = await self.done("billing", "GET", f"/v1/bills?application_id={self.application_id}")
        self.bill_id = found["bills"][-1]["bill_id"]
        return found["bills"][-1]

    async def pay(self) -> None:
        """Pay at the bank; SIMPONI tells of it."""
        bill = await self.bill()
        await self.pay_code(bill["billing_code"], bill["amount"])

    async def pay_code(self, billing_code: str, amount: int) -> None:
        """Pay this code at the bank; SIMPONI tells of it."""
        now = self.suite.clock.now()
        payment = Payment(billing_code, "A1B2C3D4E5F60718", "123456789012", amount, now, "teller")
        self.suite.agencies.simponi.add(payment)
        notice = {
            "notice_id": new_event_id(),
            "billing_code": payment.billing_code,
            "ntpn": payment.ntpn,
            "ntb": payment.ntb,
            "amount": payment.amount,
            "paid_at": now.isoformat(),
            "channel": payment.channel,
        }
        body = json.dumps(notice).encode()
        signed = Signer("X-Simponi", {"k1": CALLBACK_SECRET}).headers(body, now)
        headers = {"Content-Type": "application/json", **signed}
        await self.done("billing", "POST", "/v1/payment-notices", raw=body, headers=headers)

    async def appointment(self) -> Any:
        """The appointment."""
        return (await self.done("scheduling", "GET", f"/v1/appointments/{self.appointment_id}")).body

    async def until_submitted(self, email: str = EMAIL) -> Self:
        """From the first code to the submitted application."""
        await self.register(email)
        await self.become_applicant()
        await self.begin()
        await self.answer()
        await self.upload_everything()
        await self.submit()
        return self

    async def until_paid(self, email: str = EMAIL) -> Self:
        """From the first code to the certain visit."""
        await self.until_submitted(email)
        await self.hold()
        await self.pay()
        return self


class Officer(Caller):
    """One role behind the counter."""

    def __init__(self, suite: Suite, role: Role, office_id: str = OFFICE) -> None:
        super().__init__(suite, suite.token(role, office_id=office_id))


async def serve_visitor(citizen: Citizen) -> None:
    """From the door of the office to the passport in hand."""
    suite = citizen.suite
    seat = await citizen.appointment()
    suite.clock.set(suite.clock.now().fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
    await suite.settle()
    async with Officer(suite, Role.FRONT_OFFICER) as front, Officer(suite, Role.INTERVIEWER) as interviewer:
        await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
        view = (await interviewer.done("application", "GET", citizen.application)).body
        seen = [item["code"] for item in view["requirements"] if item["document_id"]]
        await interviewer.done("application", "POST", f"{citizen.application}/originals", {"requirements": seen})
        note = {"outcome": "approved", "note": "Berkas lengkap, NIK 3174011203880002 cocok."}
        await interviewer.done("application", "POST", f"{citizen.application}/interview", note)
        suite.agencies.dpri.printed = True
        await suite.later(DAY_SECONDS)
        await front.done("application", "POST", f"{citizen.application}/collection", {"collected_by": "self"})
