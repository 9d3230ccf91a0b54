"""Citizens who leave: after whatever journey they made they ask, prove it, and undo it or are erased."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from services.identity.leaving.leaving import ERASING, LeavingState
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.tokens import Caller, Role
from tests.sim import erased
from tests.sim.calling import Reply
from tests.sim.citizens import CODE_TRIES, TOO_LATE, Citizen, GaveWay
from tests.sim.erased import Expected
from tests.sim.erasing import Known, sealed_of
from tests.sim.officers import Officer
from tests.sim.person import Unexpected
from tests.sim.seals import Seals

LEAVING: Final = (
    "leave",
    "leave",
    "twice",
    "undo",
    "undo_by_link",
    "undo_at_the_end",
    "pay_meanwhile",
    "draft_meanwhile",
    "one_applicant",
    "held",
    "held_application",
    "come_back",
    "stay",
)
"""Ways to leave, or not."""

LEAVINGS: Final = "/v1/account/leavings"
WHOLE: Final = {"what": "account"}
HOLDS: Final = "/v1/staff/legal-holds"
HOUR: Final = 3600.0
DAY: Final = 86400.0

TIMES_ASKED: Final = 5
"""How often somebody asks again who was told what stands against it."""

LONGEST_LEAVING_SECONDS: Final = 20 * DAY
"""From the question to the end: the grace time, and what stays in use for a day."""

EDGE_SECONDS: Final = (-30.0, -1.0, 0.0, 0.5, 5.0)
"""Around the end of the grace time somebody takes it back."""

CLEAR_OF_THE_EDGE: Final = timedelta(hours=3)
"""Whatever is done so long before the end of the grace time is in time for every clock and every slow line."""

OVER: Final = frozenset({LeavingState.ERASED, LeavingState.OBJECTED, LeavingState.UNDONE})
WRONG_CODE: Final = ("code_wrong", "code_expired", "code_superseded", "code_used", "challenge_not_found")
BEGUN_OTHERWISE: Final = ("leaving_open", "account_leaving")
NO_CODE_NOW: Final = ("code_sent_just_now", "too_many_codes")


class Leaver(Citizen):
    """A citizen with a plan for afterwards, and the sessions that identity itself began."""

    def __init__(self, *args: Any, seals: Seals, plans: tuple[str, ...] = LEAVING) -> None:
        super().__init__(*args)
        self._seals = seals
        self.plan: str = self.dice.choice(plans)
        self.known: list[Known] = []
        self.expected: list[Expected] = []

    async def live(self) -> None:
        """Make the journey, then leave by the plan."""
        await super().live()
        if not self.application_id:
            return
        plans: dict[str, Callable[[], Awaitable[str]]] = {
            "leave": self._leave,
            "twice": self._leave,
            "undo": self._undo,
            "undo_by_link": self._undo_by_link,
            "undo_at_the_end": self._undo_at_the_end,
            "pay_meanwhile": self._pay_meanwhile,
            "draft_meanwhile": self._draft_meanwhile,
            "one_applicant": self._remove_one,
            "held": lambda: self._be_held("account", self._account_id),
            "held_application": lambda: self._be_held("application", self.application_id),
            "come_back": self._come_back,
            "stay": self._stay,
        }
        self.note(f"has the plan: {self.plan}")
        self.world.counts["writes before a leaving"] = self.world.plan.writes
        try:
            end = await plans[self.plan]()
        except GaveWay:
            end = "came back and gave way"
        except Unexpected as trouble:
            end = "in trouble"
            self.world.violated("leaver", f"{self.plan}: {trouble}")
        self.note(f"after all: {end}")
        self.world.counts[f"left: {self.plan}: {end}"] += 1

    def _signed_in(self, proven: Reply) -> Caller:
        payload = proven["access_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.known.append(Known(proven["account_id"], self.who.email))
        return Caller(proven["account_id"], Role.APPLICANT, claims["sid"])

    async def _be_confirmed(self, body: dict[str, str]) -> None:
        await super()._be_confirmed(body)
        who = self.child if self.child is not None and body["nik"] == self.child.nik else self.who
        self.known[-1].people[self.applicant_id] = who

    @property
    def _account_id(self) -> str:
        return self.known[-1].account_id

    # the plans

    async def _stay(self) -> str:
        return "stayed"

    async def _leave(self) -> str:
        return await self._see_the_end(await self._ask_until_nothing_stands_against_it(WHOLE))

    async def _undo(self) -> str:
        leaving = await self._ask_until_nothing_stands_against_it(WHOLE)
        if leaving is None:
            return "could not leave"
        left = (_moment(leaving["grace_until"]) - CLEAR_OF_THE_EDGE - self.now).total_seconds()
        await asyncio.sleep(max(0.0, left * self.dice.random()))
        await self.post("identity", f"{LEAVINGS}/{leaving['leaving_id']}/undo", {})
        self._expect(leaving, was_erased=False)
        return str(
            await self.eventually(self._begin_a_draft, lambda said: "leaving" not in said, "application hearing of it")
        )

    async def _undo_by_link(self) -> str:
        leaving = await self._ask_until_nothing_stands_against_it(WHOLE)
        if leaving is None:
            return "could not leave"
        path = await self.eventually(self._newest_link, bool, "the mail with the link", 12 * HOUR)
        await self.get("identity", path)
        await self.ask("identity", "POST", path)
        self._expect(leaving, was_erased=False)
        return "undone by link"

    async def _undo_at_the_end(self) -> str:
        """In the moments in which the grace time ends: the word that is heard counts."""
        leaving = await self._ask_until_nothing_stands_against_it(WHOLE)
        if leaving is None:
            return "could not leave"
        at = _moment(leaving["grace_until"]) + timedelta(seconds=self.dice.choice(EDGE_SECONDS))
        await asyncio.sleep((at - self.now).total_seconds())
        path = f"{LEAVINGS}/{leaving['leaving_id']}/undo"
        undone = await self.post("identity", path, {}, expect=("leaving_over",))
        if undone.ok:
            self._expect(leaving, was_erased=False)
            return "undone at the end"
        return await self._see_the_end(leaving)

    async def _pay_meanwhile(self) -> str:
        """Pay a code that is over while the account is going to close: the money stands against it."""
        leaving = await self._ask_until_nothing_stands_against_it(WHOLE)
        if leaving is None:
            return "could not leave"
        bills = [bill for bill in await self._bills() if bill["billing_code"] and bill["state"] != "paid"]
        if not bills or not self._pay(bills[-1], force=True):
            return await self._see_the_end(leaving)
        payment = self.agencies.treasury.paid[-1]
        receipts = self.world.processes["billing"].kept
        in_time = _seconds_until(_moment(leaving["grace_until"]) - CLEAR_OF_THE_EDGE, self.now)
        is_known = await self.world.until(lambda: payment.ntpn in receipts.documents("receipt"), in_time, 60.0)
        return await self._see_the_end(leaving, objects=is_known)

    async def _draft_meanwhile(self) -> str:
        """Begin an application in the moments in which one asks to leave."""
        await self._make_free()
        began, asked = await asyncio.gather(self._begin_a_draft(), self._ask(WHOLE))
        if asked is None or asked["state"] == LeavingState.OBJECTED:
            return f"{began}, and could not leave"
        return f"{began}, then {await self._see_the_end(asked)}"

    async def _remove_one(self) -> str:
        """Remove one applicant of the account: a child, or oneself where there is no other."""
        wish = {"what": "applicant", "applicant_ids": [self.applicant_id]}
        return await self._see_the_end(await self._ask_until_nothing_stands_against_it(wish))

    async def _come_back(self) -> str:
        end = await self._leave()
        if end != "erased":
            return end
        before, self.caller = self._account_id, None
        await self.pause(HOUR)
        await self.register()
        if self._account_id == before:
            self.world.violated("I16", f"the address of {before} still leads to it")
        await self.become_applicant()
        await self.apply()
        return "came back"

    async def _be_held(self, kind: str, subject_id: str) -> str:
        """Two operators hold the account, or the application, before its end; later they lift the hold."""
        leaving = await self._ask_until_nothing_stands_against_it(WHOLE)
        if leaving is None:
            return "could not leave"
        first, second = (Officer(self.world, Role.OPERATOR, f"{self.name}/{number}") for number in (1, 2))
        second.caller = Caller("staff-second-operator", Role.OPERATOR, f"session-{self.name}")
        body = {
            "subject_kind": kind,
            "subject_id": subject_id,
            "ground": "criminal_investigation",
            "case_code": "123/Pid.Sus/2026",
            "until": (self.now + timedelta(days=90)).isoformat(),
        }
        hold_id = (await first.post("identity", HOLDS, body))["hold_id"]
        await second.post("identity", f"{HOLDS}/{hold_id}/decision", {"agree": True})
        await self.eventually(lambda: self._heard_of(hold_id), bool, "all services hearing of the hold")
        before = self._held(kind)
        await self._sleep_until(_moment(leaving["grace_until"]))
        await asyncio.sleep(LOOK_AGAIN_AFTER.total_seconds() * self.dice.choice((0.0, 0.1, 3.0, 200.0)))
        after = self._held(kind)
        for service, things in before.items():
            for breach in erased.find_lost_of_held(service, things, after[service]):
                self.world.violated(breach.rule, f"{kind}: {breach.what}")
        self.world.counts["things that were held"] += sum(map(len, before.values()))
        await second.post("identity", f"{HOLDS}/{hold_id}/lifting", {})
        await first.post("identity", f"{HOLDS}/{hold_id}/decision", {"agree": True})
        return f"held, then {await self._see_the_end(leaving)}"

    # holds

    async def _heard_of(self, hold_id: str) -> bool:
        stores = (self.world.processes[service].kept for service in ERASING)
        return all(
            state["state"]["subjects"]
            for store in stores
            for state in (store.documents("legal_hold_copy").get(hold_id, {"state": {"subjects": ()}}),)
        )

    def _held(self, kind: str) -> dict[str, set[str]]:
        """What services have of those who are held: with an account all of it, with an application its applicant."""
        known = self.known[-1]
        subjects = {self.applicant_id} if kind == "application" else {known.account_id, *known.people}
        return {service: sealed_of(self.world, self._seals, service, subjects) for service in ERASING}

    # the leaving

    async def _ask_until_nothing_stands_against_it(self, wish: dict[str, Any]) -> Any:
        """The leaving in its grace time; none if something stands against it for good."""
        for _ in range(TIMES_ASKED):
            leaving = await self._ask(wish)
            if leaving is None or leaving["state"] != LeavingState.OBJECTED:
                return leaving
            self.note(f"cannot leave: {[objection['code'] for objection in leaving['objections']]}")
            await self._make_free()
            await self.pause(DAY)
        return None

    async def _ask(self, wish: dict[str, Any]) -> Any:
        """Ask, prove it, and see what services say; none if it cannot be proven."""
        leaving_id = await self._prove(wish)
        if leaving_id is None:
            return None
        if self.plan == "twice" and self.chance(0.5):
            await self._prove(wish)
        answered = await self.eventually(
            lambda: self._look(leaving_id), lambda seen: seen["state"] != LeavingState.ASKED, "an answer to the leaving"
        )
        if answered["state"] == LeavingState.OBJECTED:
            self._expect(answered, was_erased=False)
        return answered

    async def _prove(self, wish: dict[str, Any]) -> str | None:
        """Ask and prove it; the leaving's id. Twice at the same time by the plan of those who do so."""
        if self.plan != "twice":
            return await self._prove_once(wish)
        found = await asyncio.gather(self._prove_once(wish), self._prove_once(wish))
        return next((leaving_id for leaving_id in found if leaving_id is not None), None)

    async def _prove_once(self, wish: dict[str, Any]) -> str | None:
        for _ in range(CODE_TRIES):
            began = self.now
            asked = await self.post("identity", LEAVINGS, wish, expect=(*NO_CODE_NOW, *BEGUN_OTHERWISE))
            if asked.code in BEGUN_OTHERWISE:
                return None
            if not asked.ok:
                await self.pause(HOUR if asked.code == "too_many_codes" else 120)
                continue
            if asked["challenge"] is None:  # it goes on already
                return str(asked["leaving_id"])
            if await self._type_code(asked["challenge"]["challenge_id"], began):
                return str(asked["leaving_id"])
        self.note("could not prove that they want to leave")
        return None

    async def _type_code(self, challenge_id: str, since: datetime) -> bool:
        code = await self._code(self.who.email, since, 240)
        if code is None:
            return False
        path = f"/v1/challenges/{challenge_id}/verification"
        known = (*WRONG_CODE, *BEGUN_OTHERWISE)
        return (await self.post("identity", path, {"code": code}, expect=known)).ok

    async def _look(self, leaving_id: str) -> Reply:
        return await self.get("identity", f"{LEAVINGS}/{leaving_id}")

    async def _see_the_end(self, leaving: Any, *, objects: bool = False) -> str:
        """Wait until it is over; it ends as services told, and by nobody's undoing."""
        if leaving is None:
            return "could not leave"
        ended = await self.eventually(
            lambda: self._look(leaving["leaving_id"]),
            lambda seen: seen["state"] in OVER,
            "the end of the leaving",
            LONGEST_LEAVING_SECONDS,
        )
        was_erased = ended["state"] == LeavingState.ERASED
        if objects and was_erased:
            self.world.violated("I20", f"{self.name} is erased, whose money came in the grace time")
        self._expect(leaving, was_erased=was_erased)
        if was_erased:
            self._repeat_what_is_known()
        return str(ended["state"])

    def _expect(self, leaving: Any, *, was_erased: bool) -> None:
        known, named = self.known[-1], leaving["applicant_ids"]
        subjects = frozenset(named or (known.account_id, *known.people))
        self.expected.append(Expected(leaving["leaving_id"], was_erased, subjects))

    def _repeat_what_is_known(self) -> None:
        """An operator repeats old messages out of dead queues: what concerns the erased brings nothing back."""
        gone = {self._account_id, *self.known[-1].people}
        about = [
            envelope
            for envelope in self.world.broker.sent.values()
            if gone & {getattr(envelope.data, name, None) for name in ("account_id", "applicant_id")}
        ]
        for envelope in about:
            if self.chance(0.5):
                self.world.counts["repeated about the erased"] += 1
                self.world.broker.accept(envelope)

    # what stands against it

    async def _make_free(self) -> None:
        """Give up whatever is still live; money takes its own time."""
        found = await self.get("application", "/v1/applications")
        for application in found["applications"]:
            path = f"/v1/applications/{application['application_id']}/withdrawal"
            if application["state"] not in ENDED:
                await self.post("application", path, {}, expect=(*TOO_LATE, *NOT_WITHDRAWN))

    async def _begin_a_draft(self) -> str:
        body = {"applicant_id": self.applicant_id}
        begun = await self.post("application", "/v1/applications", body, expect=NO_DRAFT)
        return "began again" if begun.ok else f"did not begin: {begun.code}"

    async def _newest_link(self) -> str:
        for letter in reversed(self.agencies.post.arrived):
            found = re.search(r"/v1/leaving-undo/\S+", letter.text)
            if letter.to == self.who.email and found:
                return found.group(0)
        return ""


ENDED: Final = ("collected", "refused", "withdrawn", "closed")
NOT_WITHDRAWN: Final = ("too_late_to_withdraw", "application_ended")
NO_DRAFT: Final = ("application_already_open", "applicant_leaving", "person_applies_elsewhere")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _seconds_until(moment: datetime, now: datetime) -> float:
    return max(0.0, (moment - now).total_seconds())
