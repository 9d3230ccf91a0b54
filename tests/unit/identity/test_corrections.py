"""Typing errors: shown back before they are fixed, corrected until the submission, then by officers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import IdentityState
from services.identity.applicants.correction import (
    Correction,
    CorrectionState,
    Original,
    changed_fields,
    edit_distance,
    needs_second_officer,
)
from services.identity.applicants.errors import CorrectionDecided, DataFixedBySubmission, NothingShownBack
from services.identity.applicants.nik import Sex
from services.identity.applicants.officer_corrections import Proposal
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Field, FieldAnswer, Match, RegistryAnswer, match
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.rules import MatchRules
from shared.audit.entries import AUDIT
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.application import (
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    KeepIdentityCard,
    PassportCollected,
)
from shared.events.identity import ApplicantConfirmed, ApplicantReopened, ApplicantShownBack, ParticularsCorrected
from shared.tokens import Caller, Role
from tests.unit.identity.served import served
from tests.unit.identity.world import BUDI, PUTRI, SRI, World, all_match
from tests.unit.world import envelope_of

TYPED = replace(BUDI, full_name="Budi Contoh Santosa", birth_place="Bandar Lampung")
ALIKE = all_match(full_name=FieldAnswer(True, 94), birth_place=FieldAnswer(False))
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
Client = TestClient[web.Request, web.Application]


async def state_of(world: World, applicant_id: str) -> rules.Applicant:
    record = await world.store.get(APPLICANT, applicant_id)
    assert record is not None
    return record.state


async def tell(world: World, event: Any) -> None:
    await world.parts.events[type(event)](event, envelope_of(event, world.now(), version=1, message_id=world.command()))


def submission(account_id: str, applicant_id: str, person_id: str | None, number: int = 1) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        application_id=f"application-{number}",
        account_id=account_id,
        applicant_id=applicant_id,
        person_id=person_id or "",
        passport_kind="ordinary",
        validity_years=5,
        reason="new",
        submitted_at=NOW,
    )


# The policy


@pytest.mark.parametrize(
    ("answer", "exact"),
    [
        (all_match(), True),
        (all_match(full_name=FieldAnswer(True, 100), birth_place=FieldAnswer(True, 100)), True),
        (all_match(full_name=FieldAnswer(True, 99)), False),
        (all_match(birth_place=FieldAnswer(True, 99)), False),
        (all_match(birth_place=FieldAnswer(False)), False),
        (all_match(family_card_number=FieldAnswer(False)), False),
        (all_match(sex=FieldAnswer(False)), False),
    ],
)
def test_only_what_the_registry_writes_the_same_is_exact(answer: RegistryAnswer, exact: bool) -> None:
    assert match(answer, MatchRules()).exact is exact


def test_a_name_that_refuses_is_not_also_shown_back() -> None:
    refused = match(all_match(full_name=FieldAnswer(True, 89)), MatchRules())
    assert ([cause.value for cause in refused.causes], refused.warnings) == (["full_name_differs"], ())


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("", "ABC", 3), ("SANTOSA", "SANTOSO", 1), ("BUDI", "BUID", 2), ("KITTEN", "SITTING", 3)],
)
def test_the_distance_of_two_names(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == distance


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"full_name": "BUDI CONTOH SANTOSA"}, False),
        ({"full_name": "BUDY CONTOH SANTOSA"}, False),
        ({"full_name": "BUDY CONTOH SENTOSA"}, True),
        ({"birth_place": "BANDAR LAMPUNG", "family_card_number": "3174010101150009"}, False),
        ({"birth_date": date(1988, 3, 13)}, True),
        ({"sex": Sex.FEMALE}, True),
        ({"nik": "3174011203880009"}, True),
    ],
)
def test_two_officers_correct_who_somebody_is(changes: dict[str, Any], needed: bool) -> None:
    assert needs_second_officer(BUDI, replace(BUDI, **changes)) is needed


@pytest.mark.parametrize(("name", "needed"), [("ADE", False), ("EDE", True)])
def test_a_short_name_has_one_slip(name: str, needed: bool) -> None:
    assert needs_second_officer(replace(BUDI, full_name="ADI"), replace(BUDI, full_name=name)) is needed


def test_letter_case_and_spaces_are_no_correction() -> None:
    assert changed_fields(BUDI, replace(BUDI, full_name="budi  contoh santoso ")) == ()
    assert changed_fields(BUDI, replace(TYPED, family_card_number="3174010101150009")) == (
        Field.FULL_NAME,
        Field.BIRTH_PLACE,
        Field.FAMILY_CARD_NUMBER,
    )


def test_an_applicant_remembers_twenty_ended_applications() -> None:
    start = rules.add_applicant("account", "sealed", ("k1:n",), (), NOW, guardian_applicant_id=None, minor=False)
    state = start
    for number in range(21):
        state = rules.application_ended(rules.submitted(state, f"a{number}"), f"a{number}")
    assert (state.applications, len(state.ended_applications)) == ((), 20)
    assert rules.submitted(state, "a20") == state == rules.application_ended(state, "a20")
    assert rules.submitted(rules.submitted(start, "a1"), "a1").applications == ("a1",)


def test_the_first_open_correction_is_the_deadline() -> None:
    state = rules.add_applicant("account", "sealed", ("k1:n",), (), NOW, guardian_applicant_id=None, minor=False)
    state = rules.confirm(state, "person", Match())
    for hours, kind in ((1, CorrectionState.MADE), (3, CorrectionState.PROPOSED), (2, CorrectionState.PROPOSED)):
        ends_at = NOW + timedelta(hours=hours)
        given = Correction(f"c{hours}", (), Original.FAMILY_CARD, "typing_error", "o", "office", NOW, ends_at)
        state = rules.with_correction(state, replace(given, state=kind))
    assert rules.deadlines(state) == {"correction": NOW + timedelta(hours=2)}


# Shown back


async def test_what_is_shown_back_names_no_value_and_mints_nobody(world: World) -> None:
    account_id = await world.sign_up()
    world.registry.says = ALIKE
    applicant_id = await world.confirmed(account_id, TYPED)
    assert (await state_of(world, applicant_id)).identity.state is IdentityState.SHOWN_BACK
    (told,) = await world.said(ApplicantShownBack)
    assert told.differences == ("full_name_written_differently", "birth_place_differs")
    assert await world.said(ApplicantConfirmed) == await world.said(KeepIdentityCard) == []
    assert [record async for record in world.store.scan(PERSON)] == []
    assert (await world.identity.applicant_invariants.confirmed_persons()).holds


async def test_a_click_twice_at_once_confirms_once(world: World) -> None:
    account_id = await world.sign_up()
    world.registry.says = ALIKE
    applicant_id = await world.confirmed(account_id, TYPED)
    keep = world.identity.applicants.keep_as_typed
    first, second = await asyncio.gather(keep(account_id, applicant_id), keep(account_id, applicant_id))
    assert first.applicant == second.applicant
    assert len(await world.said(ApplicantConfirmed)) == 1


async def test_what_was_corrected_meanwhile_is_not_confirmed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account_id = await world.sign_up()
    world.registry.says = ALIKE
    applicant_id = await world.confirmed(account_id, TYPED)
    find = world.identity.applicants._confirmations.find_person

    async def slowly(fingerprints: tuple[str, ...]) -> str:
        await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
        return await find(fingerprints)

    monkeypatch.setattr(world.identity.applicants._confirmations, "find_person", slowly)
    with pytest.raises(SomeoneElseChangedIt):
        await world.identity.applicants.keep_as_typed(account_id, applicant_id)
    assert (await state_of(world, applicant_id)).identity.state is IdentityState.PENDING
    with pytest.raises(NothingShownBack):
        await world.identity.applicants.keep_as_typed(account_id, applicant_id)
    with pytest.raises(NotFound):
        await world.identity.applicants.keep_as_typed("another", applicant_id)


# Corrected until the submission


async def test_confirmed_data_are_corrected_and_checked_again_until_the_submission(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id, TYPED)
    person_id = (await state_of(world, applicant_id)).person_id
    await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
    assert (await state_of(world, applicant_id)).identity.state is IdentityState.PENDING
    assert len(await world.said(ApplicantReopened)) == 1
    assert (await world.identity.applicant_invariants.confirmed_persons()).holds
    await world.worker.run_due()
    assert (await state_of(world, applicant_id)).person_id == person_id
    assert [card["full_name"] for card in await world.identity_cards()] == [TYPED.full_name, BUDI.full_name]
    asked = len(world.registry.asked)
    await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
    assert (await world.worker.run_due(), len(world.registry.asked)) == (0, asked)


@pytest.mark.parametrize("ending", [ApplicationWithdrawn, ApplicationRefused, PassportCollected])
async def test_a_submission_fixes_the_data_until_the_application_ends(world: World, ending: type[Any]) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id, TYPED)
    other_id = await world.confirmed(account_id, SRI)
    person_id = (await state_of(world, applicant_id)).person_id
    begun = submission(account_id, applicant_id, person_id)
    for _ in range(2):
        await tell(world, begun)
    with pytest.raises(DataFixedBySubmission):
        await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
    more = {"reason_code": "not_collected"} if ending is ApplicationRefused else {}
    end = ending(application_id="application-1", account_id=account_id, person_id=person_id or "", **more)
    for _ in range(2):
        await tell(world, end)
    await tell(world, begun)
    assert (await state_of(world, other_id)).ended_applications == ()
    await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
    await world.worker.run_due()
    assert (await state_of(world, applicant_id)).identity.state is IdentityState.PASSED


async def test_an_end_that_comes_before_its_submission_is_remembered(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id, TYPED)
    person_id = (await state_of(world, applicant_id)).person_id or ""
    ended = ApplicationWithdrawn(application_id="application-1", account_id=account_id, person_id=person_id)
    await tell(world, ended)
    await tell(world, submission(account_id, applicant_id, person_id))
    await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)


# Over HTTP, with officers


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


class Counter:
    """Calls of an account and of officers."""

    def __init__(self, client: Client, world: World) -> None:
        self.client = client
        self.world = world
        self.account_id = ""
        self.applicant_id = ""

    async def call(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.APPLICANT, who: str = "", office: str = "A"
    ) -> tuple[int, Any]:
        is_staff = role is not Role.APPLICANT
        caller = Caller(who or self.account_id, role, "s", office if is_staff else None)
        if not is_staff:
            caller = await self.world.caller(self.account_id)
        headers = {"Authorization": f"Bearer {self.world.identity.issuer.issue(caller, 900)}", "Accept-Language": "en"}
        if method == "POST":
            headers["Idempotency-Key"] = self.world.command() + "-0000"
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def applicant(self) -> Any:
        return (await self.call("GET", f"/v1/applicants/{self.applicant_id}"))[1]

    async def begin(self, typed: Particulars = TYPED) -> None:
        """An account with a confirmed applicant."""
        self.account_id = await self.world.sign_up()
        self.applicant_id = await self.world.confirmed(self.account_id, typed)

    async def propose(self, who: str = "officer-1", **body: Any) -> tuple[int, Any]:
        given = {"nik": BUDI.nik, "original": "identity_card"} | body
        path = f"/v1/applicants/{self.applicant_id}/corrections"
        return await self.call("POST", path, given, role=Role.FRONT_OFFICER, who=who)

    async def decide(
        self, correction_id: str, approved: bool = True, who: str = "officer-2", office: str = "A"
    ) -> tuple[int, Any]:
        path = f"/v1/applicants/{self.applicant_id}/corrections/{correction_id}/decision"
        return await self.call("POST", path, {"approved": approved}, role=Role.INTERVIEWER, who=who, office=office)


class EverySessionLives:
    async def refuse_ended(self, caller: Caller) -> None:
        return None


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    async with served(world, sessions=EverySessionLives()) as client:
        yield Counter(client, world)


def form(who: Particulars) -> dict[str, Any]:
    return {
        "full_name": who.full_name,
        "nik": who.nik,
        "birth_place": who.birth_place,
        "birth_date": who.birth_date.isoformat(),
        "sex": who.sex.value,
    }


@pytest.mark.acceptance("Y25.shown_back")
async def test_a_typing_error_is_shown_back_and_confirmed_or_corrected(counter: Counter, world: World) -> None:
    world.registry.says = ALIKE
    await counter.begin()
    shown = await counter.applicant()
    assert (shown["identity"]["state"], shown["current_step"], shown["person_id"]) == ("pending", "confirm_data", None)
    assert [note["field"] for note in shown["identity"]["shown_back"]] == ["full_name", "birth_place"]
    assert shown["identity"]["shown_back"][0]["text"].startswith("The registry writes the full name differently")
    assert "SANTOSO" not in str(shown) and "BANDUNG" not in str(shown)
    world.registry.says = all_match(birth_place=FieldAnswer(True, 96))
    path = f"/v1/applicants/{counter.applicant_id}"
    assert (await counter.call("PUT", path, form(replace(BUDI, birth_place="Bandoeng"))))[0] == 200
    status, problem = await counter.call("POST", f"{path}/confirmation")
    assert (status, problem["code"]) == (409, "nothing_shown_back")
    await world.worker.run_due()
    assert [note["field"] for note in (await counter.applicant())["identity"]["shown_back"]] == ["birth_place"]
    for _ in range(2):
        status, kept = await counter.call("POST", f"{path}/confirmation")
        assert (status, kept["identity"]["state"], kept["birth_place"]) == (200, "passed", "Bandoeng")
    assert (kept["identity"]["shown_back"], [note["code"] for note in kept["identity"]["warnings"]]) == (
        [],
        ["birth_place_differs"],
    )
    assert [card["birth_place"] for card in await world.identity_cards()] == ["Bandoeng"]


@pytest.mark.acceptance("Y25.corrected_until_submission")
async def test_the_applicant_corrects_until_the_submission_over_http(counter: Counter, world: World) -> None:
    await counter.begin()
    path = f"/v1/applicants/{counter.applicant_id}"
    status, problem = await counter.call("PUT", path, form(SRI))
    assert (status, problem["code"], problem["field"]) == (409, "identity_already_confirmed", "/nik")
    status, corrected = await counter.call("PUT", path, form(BUDI))
    assert (status, corrected["identity"]["state"]) == (200, "pending")
    await world.worker.run_due()
    confirmed = await counter.applicant()
    assert (confirmed["identity"]["state"], confirmed["full_name"]) == ("passed", BUDI.full_name)
    await tell(world, submission(counter.account_id, counter.applicant_id, confirmed["person_id"]))
    for typed in (TYPED, BUDI):
        status, problem = await counter.call("PUT", path, form(typed))
        assert (status, problem["code"]) == (409, "data_fixed_by_submission")
    assert "office" in problem["next_action"]
    assert (await counter.applicant())["full_name"] == BUDI.full_name


@pytest.mark.acceptance("Y25.corrected_at_counter")
async def test_one_officer_corrects_a_typing_error_from_the_original(counter: Counter, world: World) -> None:
    await counter.begin()
    person_id = (await counter.applicant())["person_id"]
    await tell(world, submission(counter.account_id, counter.applicant_id, person_id))
    status, made = await counter.propose(full_name=BUDI.full_name, birth_place="Bandung")
    assert (status, made["state"], made["fields"]) == (201, "made", ["full_name", "birth_place"])
    assert BUDI.full_name not in str(made)
    shown = await counter.applicant()
    assert (shown["full_name"], shown["birth_place"], shown["person_id"]) == (BUDI.full_name, "Bandung", person_id)
    assert (await world.identity_cards())[-1]["full_name"] == BUDI.full_name
    (told,) = await world.said(ParticularsCorrected)
    assert (told.office_id, told.fields) == ("A", ("full_name", "birth_place"))
    lines = [record.state async for record in world.store.scan(AUDIT)]
    acts = [(line.act, line.actor_id, line.subject, line.reason, line.outcome) for line in lines]
    assert ("correct_confirmed_applicant", "officer-1", counter.applicant_id, "typing_error", "done") in acts
    assert len(world.registry.asked) == 1


@pytest.mark.acceptance("Y25.corrected_at_counter")
async def test_who_somebody_is_takes_two_officers_of_the_office(counter: Counter, world: World) -> None:
    await counter.begin(replace(BUDI, birth_date=date(1988, 3, 21)))
    status, waiting = await counter.propose(birth_date="1988-03-12", original="birth_certificate")
    assert (status, waiting["state"], waiting["changes"]) == (201, "proposed", [])
    assert (await counter.applicant())["birth_date"] == "1988-03-21"
    correction_id = waiting["correction_id"]
    status, problem = await counter.decide(correction_id, who="officer-1")
    assert (status, problem["code"]) == (409, "second_officer_needed")
    status, problem = await counter.decide(correction_id, office="B")
    assert (status, problem["code"]) == (404, "correction_unknown")
    path = f"/v1/applicants/{counter.applicant_id}/corrections/{correction_id}"
    status, seen = await counter.call("GET", path, role=Role.OFFICE_ADMIN, who="head")
    assert seen["changes"] == [{"field": "birth_date", "value_here": "1988-03-21", "value_on_paper": "1988-03-12"}]
    assert (await counter.call("GET", path, role=Role.OFFICE_ADMIN, who="head", office="B"))[0] == 404
    assert (await counter.call("GET", path))[0] == 403
    for _ in range(2):
        status, made = await counter.decide(correction_id)
        assert (status, made["state"], made["decided_by"]) == (200, "made", "officer-2")
    assert (await counter.applicant())["birth_date"] == "1988-03-12"
    assert len(await world.said(ParticularsCorrected)) == 1
    status, problem = await counter.decide(correction_id, approved=False)
    assert (status, problem["code"]) == (409, "correction_decided")
    status, seen = await counter.call("GET", path, role=Role.INTERVIEWER, who="officer-3")
    assert (status, seen["state"], seen["changes"]) == (200, "made", [])


async def test_a_second_officer_refuses_and_nothing_changes(counter: Counter, world: World) -> None:
    await counter.begin()
    _, waiting = await counter.propose(sex="female")
    for _ in range(2):
        status, refused = await counter.decide(waiting["correction_id"], approved=False)
        assert (status, refused["state"]) == (200, "refused")
    assert (await counter.applicant())["sex"] == "male"
    assert await world.said(ParticularsCorrected) == []


async def test_a_proposal_lapses_after_a_day(counter: Counter, world: World) -> None:
    await counter.begin()
    _, waiting = await counter.propose(sex="female")
    world.clock.advance(24 * 3600 - 0.001)
    await world.worker.run_due()
    assert (await state_of(world, counter.applicant_id)).corrections[0].state is CorrectionState.PROPOSED
    world.clock.advance(0.001)
    await world.worker.run_due()
    status, problem = await counter.decide(waiting["correction_id"])
    assert (status, problem["code"], problem["state"]) == (409, "correction_decided", "lapsed")
    (kept,) = (await state_of(world, counter.applicant_id)).corrections
    assert (kept.state, kept.sealed) == (CorrectionState.LAPSED, None)


async def test_data_that_changed_since_are_not_overwritten(counter: Counter, world: World) -> None:
    await counter.begin()
    _, waiting = await counter.propose(sex="female")
    record = await world.store.get(APPLICANT, counter.applicant_id)
    assert record is not None
    corrections = world.identity.officer_corrections
    checked = await corrections._checked(record, replace(BUDI, sex=Sex.FEMALE))
    await counter.propose(full_name=BUDI.full_name)
    correction = record.state.corrections[0]
    officer = Caller("officer-2", Role.INTERVIEWER, "s", "A")
    with pytest.raises(Exception, match="changed since"):
        await corrections._make(record, correction, checked, officer)
    assert (await counter.applicant())["full_name"] == BUDI.full_name
    assert (await counter.decide(waiting["correction_id"]))[1]["state"] == "made"


async def test_of_two_officers_who_decide_at_once_one_is_told_how_it_was_decided(
    counter: Counter, world: World
) -> None:
    await counter.begin()
    _, waiting = await counter.propose(sex="female")
    correction_id = waiting["correction_id"]
    find = world.identity.officer_corrections._at_office
    both_have_read = asyncio.Barrier(2)

    async def together(*given: Any) -> Any:
        found = await find(*given)
        await both_have_read.wait()
        return found

    world.identity.officer_corrections._at_office = together  # type: ignore[method-assign]
    decide = world.identity.officer_corrections.decide
    officers = [Caller(f"officer-{number}", Role.INTERVIEWER, "s", "A") for number in (2, 3)]
    answers = await asyncio.gather(
        decide(officers[0], counter.applicant_id, correction_id, approved=True),
        decide(officers[1], counter.applicant_id, correction_id, approved=False),
        return_exceptions=True,
    )
    (refused,) = [answer for answer in answers if isinstance(answer, CorrectionDecided)]
    decided = (await state_of(world, counter.applicant_id)).correction(correction_id)
    assert decided is not None and refused.facts == {"state": decided.state.value}
    assert len(await world.said(ParticularsCorrected)) == (decided.state is CorrectionState.MADE)


async def test_a_corrected_nik_leaves_the_person_the_same(counter: Counter, world: World) -> None:
    await counter.begin()
    person_id = (await counter.applicant())["person_id"]
    other = "3174011203880077"
    _, waiting = await counter.propose(corrected_nik=other, reason="nik_changed_by_registry")
    assert (await counter.decide(waiting["correction_id"]))[1]["state"] == "made"
    shown = await counter.applicant()
    assert (shown["nik"], shown["person_id"]) == ("************0077", person_id)
    assert (await world.identity.applicant_invariants.confirmed_persons()).holds
    stranger = await world.sign_up("stranger@example.org")
    theirs = await world.confirmed(stranger, replace(BUDI, nik=other))
    assert (await state_of(world, theirs)).person_id == person_id
    await world.confirmed(stranger, SRI)
    _, waiting = await counter.propose(nik=other, corrected_nik=SRI.nik)
    status, problem = await counter.decide(waiting["correction_id"])
    assert (status, problem["code"], problem["field"]) == (409, "nik_of_another_person", "/nik")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"nik": SRI.nik, "full_name": "BUDI"}, 409, "paper_of_another_person"),
        ({"full_name": "budi contoh  santosa"}, 409, "nothing_to_correct"),
        ({"corrected_nik": "123"}, 422, "nik_not_16_digits"),
        ({"birth_date": "1899-12-31"}, 422, "birth_date_impossible"),
        ({"birth_date": "2015-06-10"}, 422, "guardian_needed"),
        ({"original": "a_photograph", "full_name": "BUDI"}, 422, "malformed"),
    ],
)
async def test_a_correction_that_cannot_be_right_is_refused(
    counter: Counter, body: dict[str, Any], status: int, code: str
) -> None:
    await counter.begin()
    answered, problem = await counter.propose(**body)
    assert (answered, problem["code"]) == (status, code)
    assert problem["next_action"]


async def test_only_confirmed_applicants_are_corrected_by_officers(counter: Counter, world: World) -> None:
    world.registry.says = ALIKE
    await counter.begin()
    status, problem = await counter.propose(full_name=BUDI.full_name)
    assert (status, problem["code"]) == (409, "identity_not_confirmed")
    counter.applicant_id = "unknown"
    assert (await counter.propose(full_name=BUDI.full_name))[0] == 404
    assert (await counter.decide("unknown"))[1]["code"] == "correction_unknown"
    body = {"nik": BUDI.nik, "original": "identity_card", "full_name": "BUDI"}
    path = "/v1/applicants/unknown/corrections"
    assert (await counter.call("POST", path, body, role=Role.TREASURER, who="t"))[0] == 403
    assert (await counter.call("POST", path, body))[0] == 403


async def test_a_repeated_proposal_meets_the_first(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id, TYPED)
    officer = Caller("officer-1", Role.FRONT_OFFICER, "s", "A")
    wanted = Proposal(BUDI.nik, {"sex": Sex.FEMALE}, Original.IDENTITY_CARD, "typing_error")
    propose = world.identity.officer_corrections.propose
    first = await propose(officer, applicant_id, wanted, "once")
    again = await propose(officer, applicant_id, wanted, "once")
    assert first.correction == again.correction
    assert len((await state_of(world, applicant_id)).corrections) == 1


async def test_a_childs_guardian_stays_when_a_child_is_corrected(world: World) -> None:
    account_id = await world.sign_up()
    parent_id = await world.confirmed(account_id, BUDI)
    child_id = await world.confirmed(account_id, PUTRI, parent_id)
    officer = Caller("officer-1", Role.FRONT_OFFICER, "s", "A")
    wanted = Proposal(PUTRI.nik, {"full_name": "PUTRI CONTOH SANTOSA"}, Original.BIRTH_CERTIFICATE, "typing_error")
    seen = await world.identity.officer_corrections.propose(officer, child_id, wanted, "once")
    assert seen.correction.state is CorrectionState.MADE
    state = await state_of(world, child_id)
    assert (state.minor, state.guardian_applicant_id) == (True, parent_id)
