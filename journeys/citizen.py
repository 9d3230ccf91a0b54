"""A citizen with a cheap phone: each method is one thing a person does, by the public HTTP API alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from journeys.account_events import AccountEvents
from journeys.addresses import Addresses
from journeys.api_client import Api, GaveUp, Refused, eventually
from journeys.outside_world import Outside
from journeys.people import Person, placeholder

CHUNK_BYTES: Final = 64 * 1024
"""Sent at a time by the phone; a broken line costs no more than this."""

Draw = Callable[[str, Person], bytes]
"""Returns the picture that is sent for an item of a person's application."""

OF_A_PARENT: Final = "parent_"
"""How the name of an item begins that is the guardian's own paper."""

LOOKS_FOR_A_SEAT: Final = 5

VERDICT_SECONDS: Final = 100.0
"""A page is decided within 90 s: by the machine, or without it."""

NEWER_SECONDS: Final = 2.0
"""How long the newest bill or refund is watched before it is asked whether there is a newer one."""


FACTS_OF_STEPS: Final = {"print": "approval_handed_over", "collect": "printed"}
"""The fact with which a step of an application becomes the current one."""


class Citizen:
    """One account and what it has done so far.

    With ``events`` the account's stream tells when to look; without it, and while it is away, things are waited for or
    asked again.
    """

    def __init__(
        self,
        addresses: Addresses,
        api: Api,
        outside: Outside,
        person: Person,
        events: AccountEvents | None = None,
        draw: Draw = placeholder,
    ) -> None:
        self.at = addresses
        self.api = api
        self.events = events
        self.outside = outside
        self.person = person
        self.applicant = person
        self.draw = draw
        self.account_id = ""
        self.refresh_token = ""
        self.device_token = ""
        self.applicant_id = ""
        self.application_id = ""
        self.appointment_id = ""
        self.queue_code = ""

    async def register(self) -> str:
        """Ask for a code and prove the email address with it."""
        challenge = await self.api.post(
            f"{self.at.identity}/v1/registrations", {"email": self.person.email, "language": "id"}
        )
        code = await self.outside.otp_by_mail(self.person.email)
        await self._prove(challenge["challenge_id"], code)
        return f"code sent to {challenge['sent_to']}"

    async def add_phone(self) -> str:
        """Give a telephone number, and prove it with a code by SMS and one by mail."""
        mails = len(await self.outside.letters_to(self.person.email))
        challenge = await self.api.put(f"{self.at.identity}/v1/account/phone", {"phone": self.person.phone})
        code = await self.outside.otp_by_sms(self.person.phone)
        old_code = await self.outside.otp_by_mail(self.person.email, seen=mails)
        await self._prove(challenge["challenge_id"], code, old_code)
        return f"number {challenge['sent_to']} proven by SMS, agreed to by mail"

    async def become_applicant(self, person: Person | None = None, guardian_id: str | None = None) -> str:
        """Type in name, NIK and birth data; the registry confirms."""
        who = self.applicant = person or self.person
        added = await self.api.post(f"{self.at.identity}/v1/applicants", who.as_applicant(guardian_id))
        self.applicant_id = added["applicant_id"]
        await self._told("applicant", ("confirmed", "refused"), self.applicant_id)
        view = await self.api.get_until(
            f"{self.at.identity}/v1/applicants/{self.applicant_id}",
            lambda seen: seen["identity"]["state"] in ("passed", "failed"),
            "the answer of the civil registry",
        )
        state = view["identity"]["state"]
        if state != "passed":
            raise ValueError(f"the registry refused: {view['identity']['causes']}")
        return "NIK and data match"

    async def begin(self) -> str:
        """Open a draft."""
        view = await self.api.post(f"{self.at.application}/v1/applications", {"applicant_id": self.applicant_id})
        self.application_id = view["application_id"]
        return f"draft {view['number']}"

    async def answer_questionnaire(self, **answers: Any) -> str:
        """Answer the questions that pick kind, reason and requirements."""
        body = {
            "has_held_passport": False,
            "reason": "new",
            "passport_kind": "electronic",
            "validity_years": 10,
            "purpose": "tourism",
        } | answers
        view = await self.api.put(f"{self._application()}/questionnaire", body)
        required = [item["code"] for item in view["requirements"] if item["need"] != "optional"]
        return f"asked for {', '.join(required)}"

    async def learn_of_earlier_books(self) -> str:
        """Wait until the issuance system has answered whether there is an earlier passport."""
        view = await self.view_until(
            lambda seen: (seen.get("earlier_books") or {"state": "answered"})["state"] == "answered",
            "the answer about earlier passports",
        )
        told = view.get("earlier_books")
        if told is None:
            return "not asked here"
        return f"found: {told['finding']}" if told["finding"] else "the answers fit the records"

    async def fit_earlier_book(self, **decision: Any) -> str:
        """Let the answers follow the earlier passport that was found."""
        view = await self.api.post(f"{self._application()}/earlier-books/decision", {"decision": "change", **decision})
        return f"reason {view['answers']['reason']}; next: {view['next_action_code']}"

    async def upload_documents(self) -> str:
        """Upload a picture for each thing that is required, in pieces, resumable."""
        view = await self.view()
        wanted = [item for item in view["requirements"] if item["need"] == "required" and item["state"] == "missing"]
        for item in wanted:
            await self.upload(item["code"])
        return f"{len(wanted)} pictures accepted"

    async def _wait_until_read(self, document: Any) -> Any:
        """Return the document once a machine has read it, at once where none does.

        Raises:
            ValueError: it is refused.
        """
        url = f"{self._application()}/documents/{document['document_id']}"
        if document["state"] == "checking":
            document = await self.api.get_until(
                url, lambda seen: seen["state"] != "checking", "a verdict on the page", seconds=VERDICT_SECONDS
            )
        if document["state"] == "refused":
            raise ValueError(f"{document['requirement']} was refused: {document['reason']}")
        return document

    async def upload(self, requirement: str, content: bytes | None = None) -> Any:
        """Upload one picture, drawn unless it is given; resumes where the service says it stands."""
        holder = self.person if requirement.startswith(OF_A_PARENT) else self.applicant
        if content is None:
            content = await asyncio.to_thread(self.draw, requirement, holder)
        body = {
            "requirement": requirement,
            "file_name": f"{requirement}.jpg",
            "media_type": "image/jpeg",
            "size_bytes": len(content),
        }
        document = await self.api.post(f"{self._application()}/documents", body)
        url = f"{self._application()}/documents/{document['document_id']}/content"
        offset, answer = int(document["upload_offset"]), document
        while offset < len(content):
            answer = await self.api.call(
                "PATCH",
                url,
                data=content[offset : offset + CHUNK_BYTES],
                headers={"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
            )
            offset = int(answer["upload_offset"])
        return await self._wait_until_read(answer)

    async def submit(self) -> str:
        """Submit, having read what is not refundable."""
        view = await self.api.post(f"{self._application()}/submission", {"confirmed_not_refundable": True})
        return f"next: {view['next_action']}"

    async def free_sessions(self) -> list[Any]:
        """Sessions of the chosen office that have free regular seats, the earliest first."""
        found = await self.api.get(f"{self.at.scheduling}/v1/offices/{self.at.office_id}/sessions")
        return [session for session in found["sessions"] if session["pools"].get("regular", {}).get("free", 0) > 0]

    async def hold_seat(self, skip: int = 0) -> str:
        """Hold a seat in the first session that has one; where somebody was faster, look again, as people do."""
        for _ in range(LOOKS_FOR_A_SEAT):
            session = (await self.free_sessions())[skip]
            try:
                return await self.hold_in(session["session_id"])
            except Refused as refused:
                if refused.code != "session_sold_out":
                    raise
        raise GaveUp(f"{LOOKS_FOR_A_SEAT} sessions were sold out between the look and the hold")

    async def hold_in(self, session_id: str) -> str:
        """Hold a seat in this session."""
        body = {"application_id": self.application_id, "session_id": session_id}
        view = await self.api.post(f"{self.at.scheduling}/v1/appointments", body)
        self.appointment_id = view["appointment_id"]
        starts = datetime.fromisoformat(view["local_start"])
        held_until = datetime.fromisoformat(view["hold_until"]).astimezone(starts.tzinfo)
        return f"{starts:%a %d %b, %H:%M}; held until {held_until:%H:%M:%S}"

    async def bill(self, *states: str) -> Any:
        """Wait until the newest bill is in one of these states."""
        return await self._newest_in(states, self.newest_bill, f"{self.at.billing}/v1/bills", "bill")

    async def join_bills(self, bill_ids: list[str]) -> Any:
        """Ask for one code that pays these bills, and wait for it."""
        joint = await self.api.post(f"{self.at.billing}/v1/joint-bills", {"bill_ids": bill_ids})
        await self._told("joint_bill", ("issued",), joint["joint_bill_id"])
        return await self.api.get_until(
            f"{self.at.billing}/v1/joint-bills/{joint['joint_bill_id']}",
            lambda seen: seen["state"] == "issued",
            "the joint billing code",
        )

    async def newest_bill_soon(self) -> Any:
        """Wait until there is a bill, in whatever state."""
        return await eventually(self.newest_bill, lambda bill: bill is not None, "a bill")

    async def newest_bill(self) -> Any:
        """The newest bill of the application, or none."""
        found = await self.api.get(f"{self.at.billing}/v1/bills", application_id=self.application_id)
        return max(found["bills"], key=lambda bill: bill["requested_at"], default=None)

    async def appointment(self, *states: str) -> Any:
        """Wait until the appointment is in one of these states."""
        await self._told("appointment", states, self.appointment_id)
        return await self.api.get_until(
            self.appointment_url,
            lambda seen: seen["state"] in states,
            f"the appointment becoming {' or '.join(states)}",
        )

    async def withdraw(self) -> str:
        """Give the application up."""
        view = await self.api.post(f"{self._application()}/withdrawal")
        return f"the application is {view['state']}"

    async def refund(self, *states: str) -> Any:
        """Wait until the newest refund case is in one of these states."""
        return await self._newest_in(states, self._newest_refund, f"{self.at.billing}/v1/refunds", "refund")

    async def _newest_in(
        self, states: tuple[str, ...], newest: Callable[[], Awaitable[Any]], url: str, name: str
    ) -> Any:
        """Wait until the newest thing is in one of these states, at its own address, and look for newer ones."""
        told_id = await self._told(name, states)
        if told_id is not None:
            told = await self.api.get(f"{url}/{told_id}")
            if told["state"] in states:
                return told

        async def find_newest() -> Any:
            found = await newest()
            if found is None or found["state"] in states:
                return found
            own_url = f"{url}/{found[f'{name}_id']}"
            return await self.api.watch(own_url, lambda seen: seen["state"] in states, NEWER_SECONDS)

        return await eventually(
            find_newest,
            lambda seen: seen is not None and seen["state"] in states,
            f"the {name} becoming {' or '.join(states)}",
        )

    async def _newest_refund(self) -> Any:
        found = await self.api.get(f"{self.at.billing}/v1/refunds", application_id=self.application_id)
        return max(found["refunds"], key=lambda case: case["opened_at"], default=None)

    async def ask_refund(self, bill_id: str, reason: str, note: str) -> Any:
        """Ask for the money of a bill."""
        body = {"bill_id": bill_id, "reason": reason, "note": note}
        return await self.api.post(f"{self.at.billing}/v1/refunds", body)

    async def give_bank_account(self, refund_id: str, number: str = "1234567890") -> str:
        """Name the account that the money shall go to, and wait for the bank's word on it."""
        body = {"bank_code": "002", "account_number": number, "holder_name": self.person.full_name}
        await self.api.put(f"{self.at.billing}/v1/refunds/{refund_id}/bank-account", body)
        case = await self.api.get_until(
            f"{self.at.billing}/v1/refunds/{refund_id}",
            lambda seen: seen["bank_account"]["state"] != "given",
            "the bank's answer about the account",
        )
        return f"account {case['bank_account']['number_masked']} {case['bank_account']['state']}"

    async def view(self) -> Any:
        """The application with its steps, next action, deadline and timeline."""
        return await self.api.get(self._application())

    async def step_is(self, step: str) -> Any:
        """Wait until the application's current step is this one."""
        if step in FACTS_OF_STEPS:
            await self._told("application", (FACTS_OF_STEPS[step],), self.application_id)
        return await self.view_until(lambda seen: seen["current_step"] == step, f"the step “{step}”")

    async def see_collected(self) -> Any:
        """Wait until the application has ended with the collected passport."""
        await self._told("application", ("collected",), self.application_id)
        return await self.view_until(lambda seen: seen["state"] == "collected", "the end of the journey")

    async def passport(self, *states: str) -> Any:
        """Wait until the newest passport of the account is in one of these states."""

        async def find_newest() -> Any:
            found = await self.api.get(f"{self.at.application}/v1/passports")
            return next(iter(found["passports"]), None)

        return await eventually(
            find_newest,
            lambda seen: seen is not None and seen["state"] in states,
            f"the passport becoming {' or '.join(states)}",
        )

    async def report_lost(self, passport_id: str) -> Any:
        """Report a passport as lost."""
        url = f"{self.at.application}/v1/passports/{passport_id}/report"
        return await self.api.post(url, {"report": "lost"})

    async def replace_passport(self, passport_id: str) -> Any:
        """Begin the replacement of a passport; it is the application that the citizen goes on with."""
        view = await self.api.post(f"{self.at.application}/v1/passports/{passport_id}/replacement", {})
        self.application_id = view["application_id"]
        return view

    async def view_until(self, holds: Callable[[Any], bool], what: str) -> Any:
        """Wait until the application is as it should be."""
        return await self.api.get_until(self._application(), holds, what)

    async def receipt(self, place: str) -> bytes:
        """Download the receipt of a payment or a refund as PDF, from where its bill or its case names it."""
        receipt = await self.api.get(f"{self.at.billing}/v1/{place}")
        return bytes(await self.api.call("GET", f"{self.at.billing}{receipt['pdf']}", raw=True))

    async def letter(self) -> bytes:
        """Download the cover letter once it is there."""
        await self._told("letter", ("ready",), self.application_id)

        async def read() -> bytes:
            try:
                return bytes(await self.api.call("GET", f"{self._application()}/letter", raw=True))
            except Refused as refused:
                if refused.status == 409:
                    return b""
                raise

        return await eventually(read, bool, "the cover letter")

    @property
    def appointment_url(self) -> str:
        """The address of the appointment."""
        return f"{self.at.scheduling}/v1/appointments/{self.appointment_id}"

    def _application(self) -> str:
        return f"{self.at.application}/v1/applications/{self.application_id}"

    async def _prove(self, challenge_id: str, code: str, old_code: str | None = None) -> None:
        body = {"code": code} if old_code is None else {"code": code, "old_code": old_code}
        answer = await self.api.post(f"{self.at.identity}/v1/challenges/{challenge_id}/verification", body)
        self.account_id = answer["account_id"]
        self.api.token = answer["access_token"]
        self.refresh_token = answer["refresh_token"]
        self.device_token = answer["device_token"]
        if self.events is not None:
            self.events.begin()

    async def _told(self, kind: str, facts: tuple[str, ...], thing_id: str | None = None) -> str | None:
        """Return the id of the thing of which the account's stream told one of these facts; None without a stream."""
        return await self.events.wait_for(kind, facts, thing_id) if self.events is not None else None
