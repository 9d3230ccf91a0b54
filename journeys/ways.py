"""The ways through the suite that the demo walks: the journey itself and what can happen beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import aiohttp

from journeys.account_events import AccountEvents
from journeys.addresses import Addresses
from journeys.api_client import Api, GaveUp, eventually, new_session
from journeys.citizen import Citizen, Draw
from journeys.officer import Officer
from journeys.outside_world import Outside
from journeys.people import People, placeholder
from journeys.reporter import Reporter, Way, WayBroken

PAID_BACK: Final = "Kas negara sudah membayar"
"""How the mail of a paid refund begins."""

PRINTER_WAITS_SECONDS: Final = 3600
"""So that the recall comes in time: the simulator prints after a second otherwise."""

INVENTED_NTPN: Final = "0000000000000001"
"""Of a proof that no bank has given."""
REPORTED_LOST: Final = "dilaporkan hilang"
"""Stands in the mail about a passport that was reported as lost."""


class Ways:
    """Walks ways with new invented people each time, so that a kept database does not matter."""

    def __init__(
        self,
        addresses: Addresses,
        reporter: Reporter,
        session: aiohttp.ClientSession | None = None,
        draw: Draw = placeholder,
    ) -> None:
        """Calls go over `session`, where one is given; `draw` makes the papers that are sent."""
        self._draw = draw
        self.at = addresses
        self.reporter = reporter
        self.people = People()
        self._session = session
        self._officers: dict[str, Officer] = {}
        self._streams: set[AccountEvents] = set()

    async def walk_all(self) -> bool:
        """Walk every way; whether all of them ended well."""
        return await self._walk(
            self.journey,
            self.expiry_and_renewal,
            self.late_money,
            self.refund,
            self.money_after_the_withdrawal,
            self.notice_lost,
            self.reschedule,
            self.recall,
            self.guardian,
            self.lost_passport,
            self.wrong_kind,
            self.family_payment,
        )

    async def walk_unhurried(self) -> bool:
        """Walk the ways that wait for no duration; whether all of them ended well."""
        return await self._walk(self.journey, self.reschedule, self.guardian, self.family_payment)

    async def _walk(self, *walks: Callable[[], Awaitable[Any]]) -> bool:
        for walk in walks:
            try:
                await walk()
            except WayBroken:
                continue
        return self.reporter.all_ok

    async def close(self) -> None:
        """Close every stream and connection."""
        for events in tuple(self._streams):
            await self._leave(events)
        if self._session is not None:
            await self._session.close()

    async def journey(self, address: str | None = None) -> Citizen:
        """One application all the way, from the first code to the collected passport."""
        way = self.reporter.way("journey", "one application, from registration to the collected passport")
        citizen = await self.newcomer(address)
        try:
            await way.step("register by email", "identity", citizen.register)
            await way.step("prove the telephone", "identity", citizen.add_phone)
            await self.apply(way, citizen)
            await way.step("learn of earlier passports", "application", citizen.learn_of_earlier_books)
            await way.step("hold a seat", "scheduling", citizen.hold_seat)
            await self.pay(way, citizen)
            await self.visit(way, citizen)
        finally:
            await self._leave(citizen.events)
        return citizen

    async def expiry_and_renewal(self) -> None:
        """The code expires unpaid, the seat comes back, a new code needs no retyping."""
        way = self.reporter.way("expiry", "the code expires unpaid; the seat comes back; a new code without retyping")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        bill = await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await way.step("let the code expire", "billing", lambda: citizen.bill("expired"))
        await way.step("see the seat released", "scheduling", lambda: citizen.appointment("released"))
        await way.step(
            "ask for a new code",
            "billing",
            lambda: citizen.api.post(f"{self.at.billing}/v1/bills/{bill['bill_id']}/renewal"),
        )
        renewed = await way.step("receive the new code", "billing", lambda: _another_bill(citizen, bill))
        await way.step("pay the new code", "bank", lambda: _paying(citizen, renewed))
        await way.step("see it paid", "billing", lambda: citizen.bill("paid"))

    async def late_money(self) -> None:
        """Money for an expired code gets its seat, an offer, or a refund case."""
        way = self.reporter.way("late money", "money comes after the expiry: a seat, an offer or a refund case")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        bill = await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await way.step("let the code expire", "billing", lambda: citizen.bill("expired"))
        await way.step(
            "pay too late",
            "bank",
            lambda: citizen.outside.pay(bill["billing_code"], bill["amount"], force=["allow_expired"]),
        )
        await way.step("see what becomes of the money", "billing", lambda: self._late_outcome(citizen, bill))

    async def refund(self) -> None:
        """A fee is asked back: the seat goes back first, another person decides, the treasury pays."""
        way = self.reporter.way("refund", "a fee is asked back; another person decides; the treasury pays")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        bill = await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await way.step("pay at the bank", "bank", lambda: _paying(citizen, bill))
        await way.step("confirm the seat", "scheduling", lambda: _noted(citizen.appointment("confirmed")))
        receipt = f"bills/{bill['bill_id']}/receipt"
        await way.step("download the receipt", "billing", lambda: _described(citizen.receipt(receipt)))
        case = await way.step(
            "ask for the money back",
            "billing",
            lambda: citizen.ask_refund(bill["bill_id"], "agent_error", "The bank booked it a second time by mistake."),
        )
        await self.decide_refund(way, citizen, case)
        await way.step("see the seat released", "scheduling", lambda: _noted(citizen.appointment("released")))
        await self.pay_back(way, citizen)
        payout = f"refunds/{case['refund_id']}/receipt"
        await way.step("download the receipt of the refund", "billing", lambda: _described(citizen.receipt(payout)))

    async def money_after_the_withdrawal(self) -> None:
        """Money on the code of an application that was given up opens its refund case by itself."""
        way = self.reporter.way("paid after withdrawal", "the code is paid after the application was given up")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        bill = await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await way.step("give the application up", "application", citizen.withdraw)
        await way.step("pay all the same", "bank", lambda: _paying(citizen, bill, force=["allow_expired"]))
        case = await way.step("see the refund case opened", "billing", lambda: citizen.refund("opened"))
        await self.decide_refund(way, citizen, case)
        await self.pay_back(way, citizen)

    async def decide_refund(self, way: Way, citizen: Citizen, case: Any) -> None:
        """From a case to its approval, each step by the person whose step it is."""
        refund_id = case["refund_id"]
        await way.step("name the bank account", "billing", lambda: citizen.give_bank_account(refund_id))
        for name, step, username in (
            ("find the case complete", "find_complete", "treasurer"),
            ("look into the payment", "research", "treasurer"),
            ("recommend the refund", "recommend", "office_admin"),
            ("approve it, as another person", "approve", "operator"),
        ):
            await way.step(name, "billing", _refund_step(self.officer(username), refund_id, step))

    async def pay_back(self, way: Way, citizen: Citizen) -> None:
        """From the approval to the money on the account."""
        case = await way.step("see the treasury pay", "billing", lambda: citizen.refund("paid"))
        await way.step("see who did what, and when", "billing", lambda: _steps_of(case))
        await way.step(
            "read of it by email",
            "notification",
            lambda: _noted(citizen.outside.mail_with(citizen.person.email, PAID_BACK)),
        )

    async def notice_lost(self) -> None:
        """SIMPONI's notice is lost; the payment is learnt by asking."""
        way = self.reporter.way("notice lost", "the payment notice never comes; billing asks and learns it")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        bill = await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await citizen.outside.behave("simponi", operation="notice", mode="lose", next_calls=1)
        await way.step("pay at the bank", "bank", lambda: _paying(citizen, bill))
        await way.step("learn the payment by poll", "billing", lambda: citizen.bill("paid"))
        await way.step("see the seat confirmed", "scheduling", lambda: citizen.appointment("confirmed"))

    async def reschedule(self) -> None:
        """The applicant moves the visit; the new seat is won before the old one goes."""
        way = self.reporter.way("reschedule", "the visit moves to another session in one step")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", lambda: self._hold_far_ahead(citizen))
        await self.pay(way, citizen)
        await way.step("move to another session", "scheduling", lambda: self._move(citizen))
        await way.step("see the new letter", "application", lambda: _described(citizen.letter()))

    async def recall(self) -> None:
        """A proof of payment turns out not to be valid after the approval: the order to print is taken back."""
        way = self.reporter.way("recall", "the proof of payment was not valid; the ordered passport is recalled")
        citizen = await self.ready_to_hold(way)
        front, interviewer = self.officer("front_officer"), self.officer("interviewer")
        application_id = citizen.application_id
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await citizen.outside.turn("dpri", print_seconds=PRINTER_WAITS_SECONDS)
        try:
            await way.step(
                "be let in on a proof",
                "scheduling",
                lambda: _noted(front.check_in_on_proof(application_id, INVENTED_NTPN)),
            )
            await way.step(
                "show the originals", "application", lambda: _noted(interviewer.see_originals(application_id))
            )
            await way.step(
                "be interviewed", "application", lambda: _noted(interviewer.record_interview(application_id))
            )
            await way.step(
                "order the passport",
                "application",
                lambda: _noted(citizen.view_until(_is_ordered, "the order to print")),
            )
            await way.step("find the proof not valid", "billing", lambda: self._refuse_proof(application_id))
            await way.step(
                "recall the order", "application", lambda: _noted(citizen.view_until(_is_recalled, "the recall"))
            )
            await way.step("see what comes next", "application", lambda: _next_action(citizen))
        finally:
            await citizen.outside.turn("dpri", print_seconds=1)

    async def _refuse_proof(self, application_id: str) -> str:
        """Two people agree that the money of the proof is not there."""
        treasurer, operator = self.officer("treasurer"), self.officer("operator")
        case_id = await operator.find_case(application_id)
        for person in (operator, treasurer):
            await person.answer_case(case_id, "not_paid", "The bank does not know this payment.")
        return "agreed by two people"

    async def guardian(self) -> None:
        """A parent applies for a child: other requirements, the same account."""
        way = self.reporter.way("guardian", "a parent applies for a child, with the child's own requirements")
        citizen = await self.newcomer()
        child = self.people.child()
        await citizen.outside.register_people([child])
        await way.step("register by email", "identity", citizen.register)
        await way.step("confirm the parent", "identity", citizen.become_applicant)
        parent_id = citizen.applicant_id
        await way.step("confirm the child", "identity", lambda: citizen.become_applicant(child, parent_id))
        await way.step("begin the child's draft", "application", citizen.begin)
        await way.step(
            "answer the questionnaire", "application", lambda: citizen.answer_questionnaire(validity_years=5)
        )
        await way.step("upload the child's documents", "application", citizen.upload_documents)
        await way.step("submit", "application", citizen.submit)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        await self.pay(way, citizen)

    async def lost_passport(self) -> None:
        """A passport is collected, lost and reported; its replacement begins in one call and is submitted."""
        way = self.reporter.way("lost passport", "a passport is lost: reported, blocked, replaced without retyping")
        citizen = await self.ready_to_hold(way)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        await self.pay(way, citizen)
        await self.visit(way, citizen)
        book = await way.step("see the passport in the account", "application", lambda: citizen.passport("collected"))
        await way.step("report it as lost", "application", lambda: _noted(citizen.report_lost(book["passport_id"])))
        await way.step(
            "read of it by email",
            "notification",
            lambda: _noted(citizen.outside.mail_with(citizen.person.email, REPORTED_LOST)),
        )
        await way.step(
            "begin the replacement", "application", lambda: _reason_of(citizen.replace_passport(book["passport_id"]))
        )
        await way.step("upload documents", "application", citizen.upload_documents)
        await way.step("submit", "application", citizen.submit)

    async def wrong_kind(self) -> None:
        """A first passport is applied for, and there was one before: told before the bill, changed in one call."""
        way = self.reporter.way("wrong kind", "an earlier passport is found before the bill; one call changes the kind")
        citizen = await self.newcomer()
        await citizen.outside.give_earlier_book(citizen.person, state="expired", issued_years_ago=6)
        await way.step("register by email", "identity", citizen.register)
        await way.step("check the NIK", "identity", citizen.become_applicant)
        await way.step("begin a draft", "application", citizen.begin)
        await way.step("ask for a first passport", "application", citizen.answer_questionnaire)
        await way.step("learn of the earlier one", "application", citizen.learn_of_earlier_books)
        await way.step("change the kind in one call", "application", citizen.fit_earlier_book)
        await way.step("upload documents", "application", citizen.upload_documents)
        await way.step("submit", "application", citizen.submit)
        await way.step("hold a seat", "scheduling", citizen.hold_seat)
        await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))

    async def family_payment(self) -> None:
        """A parent and a child apply, and one billing code pays both bills; each has its own seat."""
        way = self.reporter.way("family payment", "a parent and a child: one billing code pays both, each has a seat")
        citizen = await self.newcomer()
        child = self.people.child()
        await citizen.outside.register_people([child])
        await way.step("register by email", "identity", citizen.register)
        await self.apply(way, citizen)
        parent_id, parents = citizen.applicant_id, citizen.application_id
        await way.step("confirm the child", "identity", lambda: citizen.become_applicant(child, parent_id))
        await way.step("begin the child's draft", "application", citizen.begin)
        await way.step("answer for the child", "application", lambda: citizen.answer_questionnaire(validity_years=5))
        await way.step("upload the child's documents", "application", citizen.upload_documents)
        await way.step("submit for the child", "application", citizen.submit)
        childs = citizen.application_id
        bills = [await self._billed(way, citizen, application_id) for application_id in (parents, childs)]
        bill_ids = [bill["bill_id"] for bill in bills]
        joint = await way.step("ask for one code", "billing", lambda: citizen.join_bills(bill_ids))
        await way.step("pay both at the bank", "bank", lambda: _paying(citizen, joint))
        for bill in bills:
            await self._settled(way, citizen, bill)

    async def _settled(self, way: Way, citizen: Citizen, bill: Any) -> None:
        citizen.application_id, citizen.appointment_id = bill["application_id"], bill["appointment_id"]
        await way.step("see one of them paid", "billing", lambda: _noted(self._paid(citizen, bill["bill_id"])))
        await way.step("see its seat confirmed", "scheduling", lambda: _noted(citizen.appointment("confirmed")))

    async def _billed(self, way: Way, citizen: Citizen, application_id: str) -> Any:
        citizen.application_id = application_id
        await way.step("hold a seat for one of them", "scheduling", citizen.hold_seat)
        return await way.step("receive its billing code", "billing", lambda: _own_bill(citizen))

    async def _paid(self, citizen: Citizen, bill_id: str) -> Any:
        url = f"{self.at.billing}/v1/bills/{bill_id}"
        return await citizen.api.get_until(url, lambda seen: seen["state"] == "paid", "the bill being paid")

    async def newcomer(self, address: str | None = None) -> Citizen:
        """A citizen whom only the civil registry knows."""
        api = self._api(address)
        outside = Outside(self.at, self._api())
        person = self.people.adult()
        await outside.register_people([person])
        events = AccountEvents(api, f"{self.at.notification}/v1/account-events")
        self._streams.add(events)
        return Citizen(self.at, api, outside, person, events, self._draw)

    async def ready_to_hold(self, way: Way) -> Citizen:
        """A citizen with a submitted application."""
        citizen = await self.newcomer()
        await way.step("register by email", "identity", citizen.register)
        await self.apply(way, citizen)
        return citizen

    async def apply(self, way: Way, citizen: Citizen) -> None:
        """From the applicant's data to a submitted application with free seats in sight."""
        await way.step("check the NIK", "identity", citizen.become_applicant)
        await way.step("begin a draft", "application", citizen.begin)
        await way.step("answer the questionnaire", "application", citizen.answer_questionnaire)
        await way.step("upload documents", "application", citizen.upload_documents)
        await way.step("submit", "application", citizen.submit)
        await way.step("find free seats", "scheduling", lambda: _counted(citizen))

    async def pay(self, way: Way, citizen: Citizen) -> None:
        """From the held seat to the letter in hand."""
        bill = await way.step("receive a billing code", "billing", lambda: citizen.bill("issued"))
        await way.step("pay at the bank", "bank", lambda: _paying(citizen, bill))
        await way.step("learn the payment", "billing", lambda: citizen.bill("paid"))
        seat = await way.step("confirm the seat", "scheduling", lambda: citizen.appointment("confirmed"))
        citizen.queue_code = seat["queue_code"]
        await way.step("download the letter with QR", "application", lambda: _described(citizen.letter()))
        await way.step(
            "receive it by email",
            "notification",
            lambda: _noted(citizen.outside.mail_with(citizen.person.email, seat["queue_number"])),
        )

    async def visit(self, way: Way, citizen: Citizen) -> None:
        """From the door of the office to the passport in hand."""
        front, interviewer = self.officer("front_officer"), self.officer("interviewer")
        application_id = citizen.application_id
        await way.step("check in by QR", "scheduling", lambda: _noted(front.check_in(citizen.queue_code)))
        await way.step("show the originals", "application", lambda: _noted(interviewer.see_originals(application_id)))
        await way.step("be interviewed", "application", lambda: _noted(interviewer.record_interview(application_id)))
        await way.step("hand over to issuance", "application", lambda: _noted(citizen.step_is("print")))
        await way.step("print the passport", "application", lambda: _noted(citizen.step_is("collect")))
        await way.step("collect the passport", "application", lambda: _noted(front.hand_out(application_id)))
        await way.step("see it finished", "application", lambda: self._finished(citizen))

    async def _leave(self, events: AccountEvents | None) -> None:
        if events is not None:
            self._streams.discard(events)
            await events.close()

    def officer(self, username: str) -> Officer:
        """A member of staff: one person at one counter, signed in once for all who come."""
        if username not in self._officers:
            self._officers[username] = Officer(self.at, self._api(), username)
        return self._officers[username]

    def _api(self, address: str | None = None) -> Api:
        """A caller of its own on the connections that all share: fifty citizens need no thousand sockets."""
        if self._session is None:
            self._session = new_session()
        return Api(address=address, session=self._session)

    async def _finished(self, citizen: Citizen) -> str:
        view = await citizen.see_collected()
        return f"{len(view['timeline'])} entries in the timeline"

    async def _late_outcome(self, citizen: Citizen, bill: Any) -> str:
        async def read() -> str:
            refunds = await citizen.api.get(f"{self.at.billing}/v1/refunds", application_id=citizen.application_id)
            if refunds["refunds"]:
                return "refund case opened"
            seats = await citizen.api.get(
                f"{self.at.scheduling}/v1/appointments", application_id=citizen.application_id
            )
            for seat in seats["appointments"]:
                if seat["state"] in ("confirmed", "offered"):
                    citizen.appointment_id = seat["appointment_id"]
                    return f"seat {seat['state']}"
            return ""

        outcome = await eventually(read, bool, "an outcome for late money")
        if outcome == "seat offered":
            await citizen.api.post(f"{self.at.scheduling}/v1/appointments/{citizen.appointment_id}/offer-acceptance")
            await citizen.appointment("confirmed")
            outcome = "seat offered and accepted"
        if outcome != "refund case opened":
            await citizen.api.get_until(
                f"{self.at.billing}/v1/bills/{bill['bill_id']}",
                lambda seen: seen["state"] == "paid",
                "the late bill being paid",
            )
        return outcome

    async def _hold_far_ahead(self, citizen: Citizen) -> str:
        sessions = await citizen.free_sessions()
        return await citizen.hold_in(sessions[-1]["session_id"])

    async def _move(self, citizen: Citizen) -> str:
        before = await citizen.appointment("confirmed")
        others = [
            session
            for session in await citizen.free_sessions()
            if session["session_id"] != before["session"]["session_id"]
        ]
        url = f"{self.at.scheduling}/v1/appointments/{citizen.appointment_id}/reschedule"
        await citizen.api.post(url, {"session_id": others[-1]["session_id"]})
        after = await citizen.api.get_until(
            citizen.appointment_url,
            lambda seen: (
                seen["state"] == "confirmed" and seen["session"]["session_id"] != before["session"]["session_id"]
            ),
            "the visit being moved",
        )
        return f"{_short_time(before['local_start'])} became {_short_time(after['local_start'])}"


async def _another_bill(citizen: Citizen, before: Any) -> Any:
    bill = await eventually(
        citizen.newest_bill,
        lambda seen: seen["bill_id"] != before["bill_id"] and seen["state"] == "issued",
        "a new billing code",
    )
    if bill["billing_code"] == before["billing_code"]:
        raise GaveUp("the new bill has the old code")
    return bill


async def _own_bill(citizen: Citizen) -> Any:
    """Wait for the code of the present application; the account has other bills with codes."""
    return await eventually(
        citizen.newest_bill, lambda seen: seen is not None and seen["state"] == "issued", "a billing code"
    )


async def _paying(citizen: Citizen, bill: Any, **more: Any) -> str:
    await citizen.outside.pay(bill["billing_code"], bill["amount"], **more)
    return f"Rp{bill['amount']:,}".replace(",", ".")


def _refund_step(officer: Officer, refund_id: str, step: str) -> Callable[[], Awaitable[str]]:
    async def take() -> str:
        case = await officer.refund_step(refund_id, step)
        return f"{officer.username}; next: {case['next_actor']}"

    return take


async def _steps_of(case: Any) -> str:
    return ", ".join(step["state"] for step in case["steps"])


def _short_time(local: str) -> str:
    return f"{datetime.fromisoformat(local):%a %d %b, %H:%M}"


async def _counted(citizen: Citizen) -> str:
    sessions = await citizen.free_sessions()
    free = sum(session["pools"]["regular"]["free"] for session in sessions)
    return f"{free} free seats in {len(sessions)} sessions"


def _is_ordered(view: Any) -> bool:
    return any(line["what"] == "approval_handed_over" for line in view["timeline"])


def _is_recalled(view: Any) -> bool:
    return view["recall"] is not None and view["recall"]["state"] == "recalled"


async def _next_action(citizen: Citizen) -> str:
    return str((await citizen.view())["next_action"])


async def _described(download: Awaitable[bytes]) -> str:
    content = await download
    if not content.startswith(b"%PDF"):
        raise ValueError("the paper is no PDF")
    return f"PDF of {len(content) // 1024} KiB"


async def _reason_of(begun: Awaitable[Any]) -> str:
    answers = (await begun)["answers"]
    return f"filled in: {answers['reason']}, {answers['passport_kind']}, {answers['validity_years']} years"


async def _noted(work: Awaitable[Any]) -> str:
    await work
    return ""
