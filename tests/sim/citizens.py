"""Citizens: each has a temper, drawn from the seed, and walks the journey or one of its side ways."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from journeys.people import Person as Particulars
from shared.tokens import Caller, Role
from simulators.errors import Refusal as BankRefusal
from tests.sim.calling import Reply
from tests.sim.officers import Counter
from tests.sim.outside import LATEST_NOTICE_SECONDS
from tests.sim.person import Person, Unexpected
from tests.sim.refunds import claim_back
from tests.sim.suite import OFFICE, Agencies
from tests.sim.world import World

PAYING = (
    "in_time",
    "in_time",
    "in_time",
    "edge",
    "late",
    "never",
    "twice",
    "ntb_only",
    "cancel",
    "withdraw",
    "renew",
    "waived",
    "change_of_mind",
    "pay_and_cancel",
    "pay_and_cancel",
)
AFTERWARDS = ("visit", "visit", "visit", "reschedule", "no_show", "cancel", "withdraw")
OFFERS = ("accept", "decline", "ignore")
INTERVIEWS = ("approved", "approved", "approved", "approved", "refused")
PAID_AFTER = (0.0, 0.0, 0.2, 0.7, 1.0, 4.0)
WITHDRAWN_AFTER = (0.0, 0.3, 0.6, 0.9, 1.1, 3.0)
"""Seconds from the beginning of the bank's second in which somebody pays and withdraws."""

WITHIN_SECONDS = 0.1
"""Within this time somebody pays and gives up, in either order."""
GIVE_UP_WAYS = ("cancel", "cancel", "withdraw")
AFTER_THE_RACE = ("stay_away", "visit", "money_then_visit", "visit_then_money", "ask_and_visit")
"""What somebody does whose seat was found again: come, before or after a refund that opens by itself, or ask."""
SETTLES_WITHIN_SECONDS = 6 * 3600.0
"""Longer than billing waits for an answer about a seat before the money goes back by itself."""

CODE_TRIES = 12
WAITS_FOR_THE_TWIN = 12
HOLDS_TRIED = 3
LOST_THE_HOLD = "lost the hold"
HOUR = 3600.0


class GaveWay(Exception):
    """Another account's application for the same person is open and stays so."""


@dataclass(frozen=True)
class Temper:
    """What a citizen will do when it comes to it."""

    paying: str
    afterwards: str
    offer: str
    interview: str
    late_by_seconds: float


class Citizen(Person):
    """One account with one applicant; a guardian's child is another application of the same account."""

    def __init__(
        self,
        world: World,
        agencies: Agencies,
        who: Particulars,
        name: str,
        rush_seconds: float,
        paying: tuple[str, ...] = PAYING,
    ) -> None:
        super().__init__(world, name)
        self.agencies = agencies
        self.who = who
        self._rush_seconds = rush_seconds
        self.temper = self._draw(paying)
        self.applicant_id = ""
        self.application_id = ""
        self.appointment_id = ""
        self.ended = "not begun"
        self.child: Particulars | None = None
        self.has_twin = False
        """Whether somebody applies for the same person from another account."""

    def _draw(self, paying: tuple[str, ...]) -> Temper:
        dice = self.dice
        return Temper(
            dice.choice(paying),
            dice.choice(AFTERWARDS),
            dice.choice(OFFERS),
            dice.choice(INTERVIEWS),
            dice.choice((1.0, 300.0, 1300.0, 2 * HOUR, 10 * HOUR)),
        )

    async def live(self) -> None:
        """Do everything; what should not happen becomes a violation."""
        await asyncio.sleep(self.dice.random() * self._rush_seconds)
        self.note(f"is of the temper {self.temper}")
        try:
            await self.register()
            await self.become_applicant()
            await self.apply()
            self.ended = await self.seek_a_visit()
        except GaveWay:
            self.ended = "gave way to the twin"
        except Unexpected as trouble:
            self.ended = "in trouble"
            self.world.violated("citizen", str(trouble))
        self.note(f"ends: {self.ended}")
        self.world.counts[f"ended: {self.ended}"] += 1

    def note(self, what: str) -> None:
        """A line in the journal."""
        self.world.journal.note(self.name, what)

    # becoming known

    async def register(self) -> None:
        """Prove the email address; ask again for codes that never come."""
        for _ in range(CODE_TRIES):
            began = self.now
            body = {"email": self.who.email, "language": "id"}
            asked = await self.post(
                "identity", "/v1/registrations", body, expect=("code_sent_just_now", "too_many_codes")
            )
            if not asked.ok:
                await self.pause(HOUR if asked.code == "too_many_codes" else 120)
                continue
            code = await self._code(self.who.email, began, 240)
            if code is None:
                continue
            proven = await self.post(
                "identity",
                f"/v1/challenges/{asked['challenge_id']}/verification",
                {"code": code},
                expect=("code_wrong", "code_expired", "code_superseded"),
            )
            if proven.ok:
                self.caller = self._signed_in(proven)
                return
        raise Unexpected(f"{self.name} could not register")

    def _signed_in(self, proven: Reply) -> Caller:
        return Caller(proven["account_id"], Role.APPLICANT, f"session-{self.name}")

    async def _code(self, address: str, since: datetime, seconds: float) -> str | None:
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            code = self.agencies.post.newest_code(address, since)
            if code is not None:
                return code
            await self.pause(5)
        return None

    async def become_applicant(self) -> None:
        """Be confirmed by the civil registry; a guardian then has the child confirmed and applies for it."""
        await self._be_confirmed(self.who.as_applicant())
        if self.child is not None:
            await self._be_confirmed(self.child.as_applicant(self.applicant_id))

    async def _be_confirmed(self, body: dict[str, str]) -> None:
        self.applicant_id = (await self.post("identity", "/v1/applicants", body))["applicant_id"]
        await self.eventually(
            lambda: self.get("identity", f"/v1/applicants/{self.applicant_id}"),
            lambda seen: seen["identity"]["state"] == "passed",
            "the civil registry",
        )

    # the application

    async def apply(self) -> None:
        """From a draft to the submitted application."""
        await self._begin()
        known = ("answers_contradict",) if self.has_twin else ()
        path = f"{self._application}/questionnaire"
        if not (await self.ask("application", "PUT", path, self.answers(), expect=known)).ok:
            raise GaveWay
        await self._upload_missing()
        await self._submit()
        await self._see_identity_confirmed()

    async def _upload_missing(self) -> None:
        view = await self.get("application", self._application)
        for item in view["requirements"]:
            if item["need"] != "optional" and item["state"] == "missing":
                await self._upload(item["code"])

    async def _submit(self) -> None:
        """Submit; a guardian is told once of papers that application asks for since it heard that it is a child."""
        allowed = ("person_applies_elsewhere", "answers_contradict") if self.has_twin else ()
        body = {"confirmed_not_refundable": True}
        may_miss = ("items_missing",) if self.child is not None else ()
        for _ in range(WAITS_FOR_THE_TWIN):
            path = f"{self._application}/submission"
            submitted = await self.post("application", path, body, expect=(*allowed, *may_miss))
            if submitted.ok:
                return
            if submitted.code == "items_missing":
                may_miss = ()
                await self._upload_missing()
                continue
            if submitted.code == "answers_contradict":  # the twin has collected a passport meanwhile
                break
            await self.pause(2 * HOUR)
        raise GaveWay

    async def _see_identity_confirmed(self) -> None:
        """See the submission go on once application has heard of the confirmation; give way to a twin's application."""

        async def look() -> Reply:
            return await self.get("application", self._application)

        view = await self.eventually(look, lambda seen: seen["identity_state"] != "pending", "the confirmed identity")
        if self.has_twin and (view["identity_state"], view["state"]) != ("confirmed", "submitted"):
            raise GaveWay

    async def _begin(self) -> None:
        allowed = ("application_already_open",) if self.has_twin else ()
        for _ in range(WAITS_FOR_THE_TWIN):
            begun = await self.post(
                "application", "/v1/applications", {"applicant_id": self.applicant_id}, expect=allowed
            )
            if begun.ok:
                self.application_id = begun["application_id"]
                return
            await self.pause(2 * HOUR)
        raise GaveWay

    def answers(self) -> dict[str, Any]:
        """What is answered to the questionnaire."""
        plain = {"has_held_passport": False, "reason": "new", "purpose": "study"}
        if self.temper.paying == "waived":
            return plain | {"passport_kind": "ordinary", "validity_years": 5, "zero_tariff": "government_scholarship"}
        return plain | {"passport_kind": "electronic", "validity_years": 5 if self.child else 10}

    async def _upload(self, requirement: str) -> None:
        content = PICTURE
        body = {
            "requirement": requirement,
            "file_name": f"{requirement}.jpg",
            "media_type": "image/jpeg",
            "size_bytes": len(content),
        }
        asked_before = ("document_not_asked",) if self.child is not None else ()
        document = await self.post("application", f"{self._application}/documents", body, expect=asked_before)
        if not document.ok:  # since the list was read, application has heard that it is a child's
            return
        path = f"{self._application}/documents/{document['document_id']}/content"
        offset = int(document["upload_offset"])
        half = len(content) // 2
        while offset < len(content):
            piece = content[offset : offset + half] if offset < half else content[offset:]
            headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            reply = await self.ask("application", "PATCH", path, raw=piece, headers=headers, expect=("wrong_offset",))
            offset = int(reply["upload_offset"])

    @property
    def _application(self) -> str:
        return f"/v1/applications/{self.application_id}"

    # a seat and its money

    async def seek_a_visit(self) -> str:
        """Hold a seat and see it through; the word says how it ended."""
        for _ in range(HOLDS_TRIED):
            if not await self.hold():
                return "sold out"
            ended = await self.pay_and_visit()
            if ended != LOST_THE_HOLD:
                return ended
        return LOST_THE_HOLD

    async def hold(self) -> bool:
        """Win a seat, in whichever session has one."""
        for _ in range(8):
            sessions = await self.get("scheduling", f"/v1/offices/{OFFICE.office_id}/sessions")
            free = [each for each in sessions["sessions"] if each["pools"].get("regular", {}).get("free", 0) > 0]
            if not free:
                await self.pause(2 * HOUR)
                continue
            held = await self._reach_for(free)
            if held.ok:
                self.appointment_id = held["appointment_id"]
                self.note(f"holds {self.appointment_id[:8]} of application {self.application_id[:8]}")
                return True
            if held.code == "person_has_appointment":
                await self.pause(HOUR)
        return False

    async def _reach_for(self, free: list[Any]) -> Reply:
        """Ask for a seat; the impatient ask in two tabs at once, and one of them wins at most."""
        tabs = [self._ask_for_seat(self.dice.choice(free)) for _ in range(2 if self.chance(0.2) else 1)]
        replies = await asyncio.gather(*tabs)
        won = [reply for reply in replies if reply.ok]
        if len(won) > 1 and len({reply["appointment_id"] for reply in won}) > 1:
            self.world.violated("I2", f"{self.name} won two seats at once")
        return won[0] if won else replies[0]

    async def _ask_for_seat(self, session: Any) -> Reply:
        body = {"application_id": self.application_id, "session_id": session["session_id"]}
        return await self.post("scheduling", "/v1/appointments", body, expect=HOLD_REFUSALS)

    async def pay_and_visit(self) -> str:
        """From the held seat on."""
        bill = await self._bill_or_end()
        if bill is None:
            return LOST_THE_HOLD
        if bill["state"] == "waived":
            return await self.see_the_outcome()
        ways = {
            "in_time": self._pay_in_time,
            "edge": self._pay_at_the_edge,
            "late": self._pay_late,
            "twice": self._pay_twice,
            "ntb_only": self._pay_unsettled,
            "never": self._never_pay,
            "cancel": self._cancel_unpaid,
            "withdraw": self._withdraw_unpaid,
            "renew": self._renew,
            "waived": self._pay_in_time,
            "change_of_mind": self._withdraw_while_paying,
            "pay_and_cancel": self._give_up_while_paying,
        }
        return await ways[self.temper.paying](bill)

    async def _pay_in_time(self, bill: Any) -> str:
        left = (_moment(bill["expires_at"]) - self.now).total_seconds()
        await asyncio.sleep(max(0.0, left * self.dice.random() * 0.95))
        return await self._after_paying(bill)

    async def _pay_at_the_edge(self, bill: Any) -> str:
        await self._sleep_until(_moment(bill["expires_at"]) + timedelta(seconds=self.dice.choice((-1.0, 0.0, 0.9))))
        return await self._after_paying(bill)

    async def _pay_late(self, bill: Any) -> str:
        await self._sleep_until(_moment(bill["expires_at"]) + timedelta(seconds=self.temper.late_by_seconds))
        return await self._after_paying(bill, force=True)

    async def _pay_twice(self, bill: Any) -> str:
        self._pay(bill)
        await self.pause(self.dice.choice((0.1, 60, 2 * HOUR)))
        self._pay(bill, force=True)
        return await self.see_the_outcome()

    async def _pay_unsettled(self, bill: Any) -> str:
        await self.pause(60)
        if not self._pay(bill, ntb_only=True):
            return "could not pay"
        await self.pause(self.dice.choice((30, HOUR, 4 * HOUR)))
        self.agencies.treasury.settle(bill["billing_code"])
        return await self.see_the_outcome()

    async def _never_pay(self, bill: Any) -> str:
        await self._sleep_until(_moment(bill["expires_at"]) + timedelta(hours=1))
        await self._bill_is(bill, "expired", "cancelled", "failed", "superseded")
        return "never paid"

    async def _cancel_unpaid(self, bill: Any) -> str:
        await self.pause(600)
        way = self.dice.choice(("bill", "appointment"))
        if way == "bill":
            reply = await self.post("billing", f"/v1/bills/{bill['bill_id']}/cancellation", {}, expect=TOO_LATE)
        else:
            reply = await self.post(
                "scheduling", f"/v1/appointments/{self.appointment_id}/cancellation", {}, expect=TOO_LATE
            )
        if reply.ok and self.chance(0.4):
            await asyncio.sleep(self.temper.late_by_seconds)
            return await self._after_paying(bill, force=True)
        return "cancelled unpaid"

    async def _withdraw_unpaid(self, bill: Any) -> str:
        await self.pause(600)
        await self.post("application", f"{self._application}/withdrawal", {}, expect=TOO_LATE)
        if self.chance(0.4):
            await asyncio.sleep(self.temper.late_by_seconds)
            return await self._after_paying(bill, force=True)
        return "withdrew unpaid"

    async def _withdraw_while_paying(self, bill: Any) -> str:
        """Pay at the bank and withdraw in the portal within moments: the bank's second decides, not who is heard first.

        Both begin with a second of the bank's, so that often they share it.
        """
        await self.pause(600)
        await asyncio.sleep(1.0 - self.now.microsecond / 1e6)
        paying_after, withdrawing_after = self.dice.choice(PAID_AFTER), self.dice.choice(WITHDRAWN_AFTER)

        async def pay() -> bool:
            await asyncio.sleep(paying_after)
            return self._pay(bill, force=True)

        async def withdraw() -> Reply:
            await asyncio.sleep(withdrawing_after)
            return await self.post("application", f"{self._application}/withdrawal", {}, expect=TOO_LATE)

        paid, withdrawn = await asyncio.gather(pay(), withdraw())
        return f"{'paid' if paid else 'could not pay'} and {'withdrew' if withdrawn.ok else 'could not withdraw'}"

    async def _give_up_while_paying(self, bill: Any) -> str:
        """Pay and give up within a tenth of a second; then take whatever comes of it, the money and the visit both."""
        await self.pause(600)
        give_up = self._cancel_now if self.dice.choice(GIVE_UP_WAYS) == "cancel" else self._withdraw_now
        pay_at, give_up_at = (self.dice.random() * WITHIN_SECONDS for _ in range(2))

        async def pay() -> bool:
            await asyncio.sleep(pay_at)
            return self._pay(bill, force=True, at_once=True)

        async def end() -> Reply:
            await asyncio.sleep(give_up_at)
            return await give_up()

        paid, ended = await asyncio.gather(pay(), end())
        self.note(f"{'paid' if paid else 'could not pay'} and {'gave up' if ended.ok else f'not: {ended.code}'}")
        return await self._whatever_comes_of_it()

    async def _cancel_now(self) -> Reply:
        return await self.post(
            "scheduling", f"/v1/appointments/{self.appointment_id}/cancellation", {}, expect=TOO_LATE
        )

    async def _withdraw_now(self) -> Reply:
        return await self.post("application", f"{self._application}/withdrawal", {}, expect=TOO_LATE)

    async def _whatever_comes_of_it(self) -> str:
        outcome = await self._outcome_if_any(LATEST_NOTICE_SECONDS + HOUR / 4)
        if outcome == "offered":
            outcome = await self._answer_the_offer()
        if outcome == "refund":
            return await claim_back(self.world, self, self.application_id)
        if outcome != "confirmed":
            return outcome or "gave up"
        way = self.dice.choice(AFTER_THE_RACE)
        self.note(f"has a seat after all: {way}")
        if way == "stay_away":
            return await self._stay_away()
        if way == "visit":
            return await self._visit()
        if way == "visit_then_money":
            return f"{await self._visit()}, then {await self._money_if_any()}"
        if way == "money_then_visit":
            return f"{await self._money_if_any()}, then {await self._visit()}"
        await self._ask_back()
        return " and ".join(await asyncio.gather(self._visit(), self._money_if_any()))

    async def _outcome_if_any(self, seconds: float) -> str:
        end, outcome = self.now + timedelta(seconds=seconds), ""
        while self.now < end and not outcome:
            await self.pause(20)
            outcome = await self._outcome()
        return outcome

    async def _ask_back(self) -> None:
        """Ask for the money of a visit that was given up and came back."""
        paid = [each for each in await self._bills() if each["state"] == "paid"]
        if paid:
            body = {"bill_id": paid[-1]["bill_id"], "reason": "service_not_delivered", "note": "Saya sudah batal."}
            await self.post("billing", "/v1/refunds", body, expect=("nothing_to_refund", "refund_is_open"))

    async def _money_if_any(self) -> str:
        """Follow whatever refund is there once billing has given up on the seat."""
        await asyncio.sleep(SETTLES_WITHIN_SECONDS)
        found = await self.get("billing", f"/v1/refunds?application_id={self.application_id}")
        if not found["refunds"]:
            return "no refund"
        return await claim_back(self.world, self, self.application_id)

    async def _renew(self, bill: Any) -> str:
        await self._sleep_until(_moment(bill["expires_at"]) + timedelta(seconds=self.temper.late_by_seconds))
        await self._bill_is(bill, "expired", "cancelled", "failed", "superseded")
        await self.post("billing", f"/v1/bills/{bill['bill_id']}/renewal", {}, expect=TOO_LATE)
        renewed = await self._newer_bill(bill)
        if renewed is None:
            return "not renewed"
        if self.chance(0.5):
            # the old code is paid although there is a new one
            return await self._after_paying(bill, force=True)
        return await self._pay_in_time(renewed)

    async def _after_paying(self, bill: Any, *, force: bool = False) -> str:
        if not self._pay(bill, force=force):
            return "could not pay"
        return await self.see_the_outcome()

    def _pay(self, bill: Any, *, force: bool = False, ntb_only: bool = False, at_once: bool = False) -> bool:
        try:
            self.agencies.treasury.pay(bill["billing_code"], force=force, ntb_only=ntb_only, at_once=at_once)
        except BankRefusal as refusal:
            self.note(f"is refused by the bank: {refusal.code}")
            return False
        return True

    async def see_the_outcome(self) -> str:
        """Paid money ends in a seat, an offer or a refund case, and the payer is told which."""
        outcome = await self.eventually(self._outcome, bool, "what becomes of the money", 12 * HOUR)
        if outcome == "offered":
            outcome = await self._answer_the_offer()
        if outcome == "confirmed":
            return await self.after_confirmation()
        if outcome == "refund" and self.chance(0.7):
            return await claim_back(self.world, self, self.application_id)
        return str(outcome)

    async def _outcome(self) -> str:
        seats = await self.get("scheduling", f"/v1/appointments?application_id={self.application_id}")
        for seat in seats["appointments"]:
            if seat["state"] in ("confirmed", "offered"):
                self.appointment_id = seat["appointment_id"]
                return str(seat["state"])
        refunds = await self.get("billing", f"/v1/refunds?application_id={self.application_id}")
        return "refund" if refunds["refunds"] else ""

    async def _answer_the_offer(self) -> str:
        await self.pause(self.dice.choice((60, 3 * HOUR)))
        if self.temper.offer == "ignore":
            return "ignored an offer"
        word = "offer-acceptance" if self.temper.offer == "accept" else "offer-refusal"
        path = f"/v1/appointments/{self.appointment_id}/{word}"
        reply = await self.post("scheduling", path, {}, expect=("offer_over", "not_possible_now"))
        return "confirmed" if reply.ok and self.temper.offer == "accept" else "without the offer"

    # after the confirmation

    async def after_confirmation(self) -> str:
        """The visit is certain: come, move it, miss it or give it up."""
        ways = {
            "visit": self._visit,
            "reschedule": self._reschedule,
            "no_show": self._stay_away,
            "cancel": self._cancel_paid,
            "withdraw": self._withdraw_paid,
        }
        return await ways[self.temper.afterwards]()

    async def _reschedule(self) -> str:
        await self.pause(HOUR)
        sessions = await self.get("scheduling", f"/v1/offices/{OFFICE.office_id}/sessions")
        free = [each for each in sessions["sessions"] if each["pools"].get("regular", {}).get("free", 0) > 0]
        if free:
            path = f"/v1/appointments/{self.appointment_id}/reschedule"
            body = {"session_id": self.dice.choice(free)["session_id"]}
            await self.post("scheduling", path, body, expect=MOVE_REFUSALS)
        return await self._visit()

    async def _stay_away(self) -> str:
        return "stayed away"

    async def _cancel_paid(self) -> str:
        await self.pause(HOUR)
        path = f"/v1/appointments/{self.appointment_id}/cancellation?confirmed_not_refundable=true"
        await self.post("scheduling", path, {}, expect=TOO_LATE)
        return "cancelled paid"

    async def _withdraw_paid(self) -> str:
        await self.pause(HOUR)
        await self.post("application", f"{self._application}/withdrawal", {}, expect=TOO_LATE)
        return "withdrew paid"

    async def _visit(self) -> str:
        """Wait for the day, come, be interviewed, collect."""
        counter = Counter(self.world, self.name)
        seat = await self._my_seat()
        await self._sleep_until(_moment(seat["starts_at"]) - timedelta(minutes=10))
        seat = await self._my_seat()
        if seat["state"] != "confirmed":
            return f"came, but the visit was {seat['state']}"
        if not await counter.check_in(seat):
            return "came in vain"
        if not await counter.interview(self.application_id, self.temper.interview):
            return "refused at the interview"
        return await counter.hand_out(self.application_id)

    async def _my_seat(self) -> Reply:
        return await self.eventually(
            lambda: self.get("scheduling", f"/v1/appointments/{self.appointment_id}"),
            lambda seen: seen["state"] != "moving",
            "a settled visit",
        )

    # bills

    async def _bills(self) -> list[Any]:
        found = await self.get("billing", f"/v1/bills?application_id={self.application_id}")
        return sorted(found["bills"], key=lambda bill: bill["requested_at"])

    async def _bill_or_end(self) -> Any:
        """The bill with its code; none if the hold ended before there was one."""

        async def look() -> Any:
            bills = [each for each in await self._bills() if each["appointment_id"] == self.appointment_id]
            if bills and bills[-1]["state"] != "requested":
                return bills[-1]
            seat = await self.get("scheduling", f"/v1/appointments/{self.appointment_id}")
            return "gone" if seat["state"] == "released" else None

        found = await self.eventually(look, bool, "a billing code", 12 * HOUR)
        return None if found == "gone" or (not found.get("billing_code") and found["state"] != "waived") else found

    async def _bill_is(self, bill: Any, *states: str) -> Any:
        return await self.eventually(
            lambda: self.get("billing", f"/v1/bills/{bill['bill_id']}"),
            lambda seen: seen["state"] in states,
            f"bill {bill['bill_id']} being {states}",
            30 * HOUR,
        )

    async def _newer_bill(self, before: Any) -> Any:
        end = self.now + timedelta(hours=1)
        while self.now < end:
            newest = (await self._bills())[-1]
            if newest["bill_id"] != before["bill_id"] and newest["state"] == "issued":
                return newest
            await self.pause(120)
        return None

    async def _sleep_until(self, moment: datetime) -> None:
        await asyncio.sleep(max(0.0, (moment - self.now).total_seconds()))


HOLD_REFUSALS = ("session_sold_out", "session_closed", "person_has_appointment")

TOO_LATE = (
    "not_possible_now",
    "being_moved",
    "fee_would_be_lost",
    "bill_has_ended",
    "bill_is_paid",
    "bill_still_payable",
    "bill_cannot_be_renewed",
    "another_bill_is_live",
    "money_is_on_its_way",
    "money_is_being_placed",
    "too_late",
)
"""Refusals that somebody who comes too late or too early may hear."""

MOVE_REFUSALS = (
    "session_sold_out",
    "session_closed",
    "same_session",
    "not_possible_now",
    "too_far_to_move",
    "too_late_to_move",
    "no_moves_left",
    "being_moved",
)

PICTURE = b"\xff\xd8\xff\xe0" + b"picture" * 8
"""Enough for a decoder that does not decode."""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
