"""Applicants and the check with the civil registry (F19, F22, F23, F75)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from services.identity.accounts.repository import ACCOUNT
from services.identity.applicants.applicant import IdentityState
from services.identity.applicants.errors import (
    ApplicantAlreadyAdded,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    IdentityAlreadyConfirmed,
    NikNotSixteenDigits,
    NikStructureWrong,
    TooManyApplicants,
    TooManyIdentityTries,
)
from services.identity.applicants.registry_match import Cause, Field, FieldAnswer, RegistryAnswer
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.applicants.schemas import ApplicantView
from shared.errors import NotFound, Refusal, UpstreamDown
from shared.events.identity import ApplicantAdded, ApplicantConfirmed, ApplicantRefused, ApplicantReopened
from tests.unit.identity.world import BUDI, PUTRI, SRI, World, all_match, nobody

DOWN = UpstreamDown("dukcapil", "timeout")


async def state_of(world: World, account_id: str, applicant_id: str) -> IdentityState:
    return (await world.identity.applicants.get_applicant(account_id, applicant_id)).applicant.identity.state


@pytest.mark.acceptance("F19.states")
async def test_an_applicant_is_checked_by_itself_and_becomes_a_person(world: World) -> None:
    account_id = await world.sign_up()
    seen = await world.identity.applicants.add(account_id, BUDI, None, "add-1")
    assert seen.applicant.identity.state is IdentityState.PENDING
    assert await world.worker.run_due() == 1
    look = await world.identity.applicants.get_applicant(account_id, seen.applicant_id)
    assert look.applicant.identity.state is IdentityState.PASSED
    (added,), (confirmed,) = await world.said(ApplicantAdded), await world.said(ApplicantConfirmed)
    assert added.applicant_id == confirmed.applicant_id == seen.applicant_id
    assert confirmed.person_id == look.applicant.person_id
    assert await world.identity_cards() == [
        {
            "full_name": "BUDI CONTOH SANTOSO",
            "nik": "3174011203880002",
            "birth_place": "BANDUNG",
            "birth_date": "1988-03-12",
            "sex": "male",
            "family_card_number": None,
        }
    ]
    assert await world.worker.run_due() == 0


async def test_the_same_command_adds_once(world: World) -> None:
    account_id = await world.sign_up()
    first = await world.identity.applicants.add(account_id, BUDI, None, "add-1")
    again = await world.identity.applicants.add(account_id, BUDI, None, "add-1")
    assert first.applicant_id == again.applicant_id
    assert len(await world.identity.applicants.list_applicants(account_id)) == 1


async def test_several_accounts_link_to_one_person(world: World) -> None:
    people = []
    for number in range(2):
        account_id = await world.sign_up(f"account{number}@example.org")
        applicant_id = await world.confirmed(account_id)
        people.append((await world.identity.applicants.get_applicant(account_id, applicant_id)).applicant.person_id)
    assert people[0] == people[1]
    assert [record.id async for record in world.store.scan(PERSON)] == people[:1]


async def test_a_person_minted_by_somebody_faster_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account_id = await world.sign_up()
    await world.confirmed(account_id)
    find, blind = world.identity.checks._confirmations._applicants.person_with, [True]

    async def too_late(fingerprints: tuple[str, ...]) -> object:
        return None if blind and blind.pop() else await find(fingerprints)

    monkeypatch.setattr(world.identity.checks._confirmations._applicants, "person_with", too_late)
    other_id = await world.sign_up("other@example.org")
    applicant_id = await world.confirmed(other_id)
    assert await state_of(world, other_id, applicant_id) is IdentityState.PASSED
    assert len([record async for record in world.store.scan(PERSON)]) == 1


@pytest.mark.acceptance("F22.not_16_digits", "F22.structure", "F22.remedy")
@pytest.mark.parametrize(
    ("nik", "refusal", "part"),
    [
        ("317401120388000", NikNotSixteenDigits, None),
        ("3174013203880002", NikStructureWrong, "nik_day"),
        ("3174011203880000", NikStructureWrong, "nik_serial"),
    ],
)
async def test_a_nik_that_cannot_be_one_is_refused_with_its_cause(
    world: World, nik: str, refusal: type[Refusal], part: str | None
) -> None:
    account_id = await world.sign_up()
    with pytest.raises(refusal) as refused:
        await world.identity.applicants.add(account_id, replace(BUDI, nik=nik), None, "add-1")
    assert refused.value.facts.get("part") == part
    assert refused.value.field == "/nik"
    assert refused.value.next_action and refused.value.next_action_id
    assert await world.identity.applicants.list_applicants(account_id) == []


@pytest.mark.acceptance("F22.not_found", "F22.inactive", "F22.deceased", "F22.duplicate", "F22.remedy", "F19.states")
@pytest.mark.parametrize("cause", [Cause.DECEASED, Cause.DUPLICATE, Cause.NOT_FOUND, Cause.INACTIVE, Cause.MALFORMED])
async def test_a_refusal_of_the_registry_names_cause_and_remedy(world: World, cause: Cause) -> None:
    account_id = await world.sign_up()
    world.registry.says = RegistryAnswer(refusal=cause)
    applicant_id = await world.confirmed(account_id)
    view = ApplicantView.from_seen(await world.identity.applicants.get_applicant(account_id, applicant_id))
    assert (view.identity.state, view.identity.causes) == ("failed", [cause.value])
    (remedy,) = view.identity.remedies
    assert remedy.text and remedy.text_id and remedy.field == "nik"
    (told,) = await world.said(ApplicantRefused)
    assert told.causes == (cause.value,)


@pytest.mark.acceptance("F22.field_mismatch", "F22.remedy", "X18.field_only", "X18.at_the_registry")
async def test_a_mismatch_names_the_field_and_never_a_value(world: World) -> None:
    account_id = await world.sign_up()
    world.registry.says = all_match(birth_date=FieldAnswer(False), birth_place=FieldAnswer(False))
    applicant_id = await world.confirmed(account_id)
    view = ApplicantView.from_seen(await world.identity.applicants.get_applicant(account_id, applicant_id))
    assert view.identity.causes == ["birth_date_differs"]
    assert view.identity.remedies[0].field == "birth_date"
    assert "civil registry" in view.identity.remedies[0].text
    assert [note.code for note in view.identity.warnings] == ["birth_place_differs"]
    assert "1988" not in view.identity.model_dump_json()


@pytest.mark.acceptance("F22.warning_only")
async def test_region_and_date_inside_the_nik_only_warn(world: World) -> None:
    account_id = await world.sign_up()
    odd = replace(BUDI, nik="0099011304880002")
    applicant_id = await world.confirmed(account_id, odd)
    view = ApplicantView.from_seen(await world.identity.applicants.get_applicant(account_id, applicant_id))
    assert view.identity.state == "passed"
    assert [note.code for note in view.identity.warnings] == ["nik_region_unknown", "nik_birth_date_differs"]


@pytest.mark.parametrize(
    "code", ["6404", "6405", "6406", "6410", "6473", "7319", "7320", "7321", "7323", "7325", "9209"]
)
async def test_a_code_of_before_a_province_was_split_does_not_warn(world: World, code: str) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id, replace(BUDI, nik=code + BUDI.nik[4:]))
    view = ApplicantView.from_seen(await world.identity.applicants.get_applicant(account_id, applicant_id))
    assert view.identity.warnings == []


@pytest.mark.acceptance("F19.states", "F19.silence_no_failure", "F19.retried_until_settled")
async def test_a_silent_registry_is_asked_again_until_it_settles(world: World) -> None:
    account_id = await world.sign_up()
    world.registry.says = DOWN
    applicant_id = await world.confirmed(account_id)
    for pause in (5, 10, 20):
        assert await state_of(world, account_id, applicant_id) is IdentityState.UPSTREAM_DOWN
        world.clock.advance(pause - 0.001)
        assert await world.worker.run_due() == 0
        world.clock.advance(0.001)
        assert await world.worker.run_due() == 1
    look = await world.identity.applicants.get_applicant(account_id, applicant_id)
    assert look.applicant.identity.failed_at == ()
    assert await world.said(ApplicantRefused) == []
    world.registry.says = all_match()
    world.clock.advance(40)
    await world.worker.run_due()
    assert await state_of(world, account_id, applicant_id) is IdentityState.PASSED


@pytest.mark.acceptance("F22.registry_down")
async def test_each_state_tells_step_next_action_and_deadline(world: World) -> None:
    account_id = await world.sign_up()
    seen = await world.identity.applicants.add(account_id, BUDI, None, "add-1")
    pending = ApplicantView.from_seen(seen)
    assert (pending.current_step, pending.remaining_steps) == ("identity_check", ["application"])
    assert pending.deadline is not None
    world.registry.says = DOWN
    await world.worker.run_due()
    waiting = ApplicantView.from_seen(await world.identity.applicants.get_applicant(account_id, seen.applicant_id))
    assert "does not count" in waiting.next_action
    assert waiting.identity.next_check_at == waiting.deadline
    assert waiting.nik == "************0002"


async def test_a_failed_applicant_is_corrected_and_checked_anew(world: World) -> None:
    account_id = await world.sign_up()
    world.registry.says = all_match(full_name=FieldAnswer(True, 60))
    applicant_id = await world.confirmed(account_id, replace(BUDI, full_name="BUDI"))
    assert await state_of(world, account_id, applicant_id) is IdentityState.FAILED
    world.registry.says = all_match()
    seen = await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
    assert seen.applicant.identity.state is IdentityState.PENDING
    await world.worker.run_due()
    assert await state_of(world, account_id, applicant_id) is IdentityState.PASSED
    assert world.registry.asked[-1].full_name == "BUDI CONTOH SANTOSO"
    with pytest.raises(IdentityAlreadyConfirmed):
        await world.identity.applicants.correct(account_id, applicant_id, SRI, None)
    with pytest.raises(IdentityAlreadyConfirmed):
        await world.identity.applicants.ask_again(account_id, applicant_id, "ask-1")


@pytest.mark.parametrize("answer", [RegistryAnswer(refusal=Cause.NOT_FOUND), all_match(birth_place=FieldAnswer(False))])
async def test_a_further_check_takes_the_answer_before_it_back(world: World, answer: RegistryAnswer) -> None:
    account_id = await world.sign_up()
    world.registry.says = answer
    applicant_id = await world.confirmed(account_id)
    reopened = ApplicantReopened(account_id=account_id, applicant_id=applicant_id)
    applicants = world.identity.applicants
    for command in ("ask-1", "ask-1", "ask-2"):
        await applicants.ask_again(account_id, applicant_id, command)
    assert await world.said(ApplicantReopened) == [reopened], "nothing is taken back before there is an answer"
    await world.worker.run_due()
    for birth_place in ("BOGOR", "DEPOK"):
        await applicants.correct(account_id, applicant_id, replace(BUDI, birth_place=birth_place), None)
    assert await world.said(ApplicantReopened) == [reopened, reopened]


async def test_five_failed_checks_a_day_and_silence_counts_for_none(world: World) -> None:
    account_id = await world.sign_up()
    world.registry.says = RegistryAnswer(refusal=Cause.NOT_FOUND)
    applicant_id = await world.confirmed(account_id)
    for number in range(4):
        await world.identity.applicants.ask_again(account_id, applicant_id, f"ask-{number}")
        await world.identity.applicants.ask_again(account_id, applicant_id, f"ask-{number}")
        await world.worker.run_due()
    with pytest.raises(TooManyIdentityTries) as many:
        await world.identity.applicants.ask_again(account_id, applicant_id, "ask-5")
    assert many.value.facts["next_try_at"] == "2026-11-24T02:00:00Z"
    with pytest.raises(TooManyIdentityTries):
        await world.identity.applicants.correct(account_id, applicant_id, SRI, None)
    world.clock.advance(86400)
    seen = await world.identity.applicants.ask_again(account_id, applicant_id, "ask-6")
    assert seen.applicant.identity.state is IdentityState.PENDING


@pytest.mark.acceptance("F24.limit_per_nik")
async def test_one_nik_is_not_probed_from_many_accounts() -> None:
    world = World(failed_checks_per_nik_per_day=3)
    world.registry.says = all_match(full_name=FieldAnswer(False))
    for number in range(3):
        account_id = await world.sign_up(f"account{number}@example.org")
        await world.confirmed(account_id, replace(BUDI, full_name=f"GUESS {number}"))
    account_id = await world.sign_up("account9@example.org")
    applicant_id = await world.confirmed(account_id, replace(BUDI, full_name="GUESS 9"))
    with pytest.raises(TooManyIdentityTries):
        await world.identity.applicants.ask_again(account_id, applicant_id, "ask-9")
    with pytest.raises(TooManyIdentityTries):
        await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)


async def guess_names(world: World, account_id: str, times: int) -> None:
    """Add an applicant, try a NIK of somebody else with made-up names, then move the applicant away from it."""
    applicants = world.identity.applicants
    seen = await applicants.add(account_id, replace(SRI, full_name="GUESS"), None, world.command())
    await world.worker.run_due()
    for number in range(times - 1):
        await applicants.correct(account_id, seen.applicant_id, replace(SRI, full_name=f"GUESS {number}"), None)
        await world.worker.run_due()
    await applicants.correct(account_id, seen.applicant_id, nobody(len(world.registry.asked)), None)
    await world.worker.run_due()


@pytest.mark.acceptance("F24.limit_per_account")
async def test_an_account_has_five_failed_tries_at_a_nik_however_it_moves_its_applicants(world: World) -> None:
    world.registry.says = RegistryAnswer(refusal=Cause.NAME_DIFFERS)
    account_id = await world.sign_up()
    await guess_names(world, account_id, 4)
    with pytest.raises(TooManyIdentityTries):
        await guess_names(world, account_id, 4)
    assert sum(asked.nik == SRI.nik for asked in world.registry.asked) == 5
    _, last = await world.identity.applicants.list_applicants(account_id)
    world.clock.advance(86399)
    with pytest.raises(TooManyIdentityTries):
        await world.identity.applicants.ask_again(account_id, last.applicant_id, "early")
    world.clock.advance(1)
    await world.identity.applicants.ask_again(account_id, last.applicant_id, "a day later")


@pytest.mark.acceptance("F24.limit_per_nik")
async def test_tries_at_a_nik_are_remembered_over_all_accounts_that_have_left_it() -> None:
    world = World(failed_checks_per_nik_per_day=3)
    world.registry.says = RegistryAnswer(refusal=Cause.NAME_DIFFERS)
    for number in range(3):
        await guess_names(world, await world.sign_up(f"account{number}@example.org"), 1)
    account_id = await world.sign_up("account9@example.org")
    with pytest.raises(TooManyIdentityTries):
        await guess_names(world, account_id, 2)
    assert sum(asked.nik == SRI.nik for asked in world.registry.asked) == 4, (
        "the first one of an account is never refused"
    )
    world.clock.advance(86400)
    await guess_names(world, await world.sign_up("account10@example.org"), 2)


@pytest.mark.acceptance("F24.limit_per_account")
async def test_many_checks_of_one_applicant_are_refused_however_they_end(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id)
    for number in range(19):
        await world.identity.applicants.correct(account_id, applicant_id, replace(BUDI, birth_place=f"P{number}"), None)
        await world.worker.run_due()
    with pytest.raises(TooManyIdentityTries):
        await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)
    assert len(world.registry.asked) == 20
    world.clock.advance(86400)
    await world.identity.applicants.correct(account_id, applicant_id, BUDI, None)


@pytest.mark.acceptance("F75.five_adults")
async def test_five_applicants_for_one_account_even_at_once(world: World) -> None:
    account_id = await world.sign_up()

    async def add(serial: int) -> str:
        try:
            await world.identity.applicants.add(account_id, nobody(serial), None, f"add-{serial}")
        except TooManyApplicants as refused:
            return refused.code
        return "added"

    answers = await asyncio.gather(*(add(serial) for serial in range(1, 13)))
    assert answers.count("added") == 5
    assert answers.count("too_many_applicants") == 7
    assert (await world.identity.applicant_invariants.five_applicants()).holds


async def test_made_up_niks_get_nowhere(world: World) -> None:
    world.registry.says = RegistryAnswer(refusal=Cause.NOT_FOUND)
    for number in range(1, 30):
        account_id = await world.sign_up(f"throwaway{number}@example.org")
        await world.confirmed(account_id, nobody(number))
    assert await world.said(ApplicantConfirmed) == []
    assert len(await world.said(ApplicantRefused)) == 29


async def test_a_place_taken_by_a_crashed_writer_comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account_id = await world.sign_up()
    insert = world.store.insert

    async def crash(kind: object, *args: object, **words: object) -> object:
        if kind is APPLICANT:
            raise RuntimeError("the process died here")
        return await insert(kind, *args, **words)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "insert", crash)
        for serial in range(1, 6):
            with pytest.raises(RuntimeError):
                await world.identity.applicants.add(account_id, nobody(serial), None, f"add-{serial}")
    await world.identity.applicants.add(account_id, nobody(1), None, "add-1")
    with pytest.raises(TooManyApplicants):
        await world.identity.applicants.add(account_id, nobody(6), None, "add-6")
    world.clock.advance(600)
    await world.identity.applicants.add(account_id, nobody(6), None, "add-6")
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None and len(record.state.places) == 2


async def test_one_nik_once_in_an_account(world: World) -> None:
    account_id = await world.sign_up()
    first = await world.identity.applicants.add(account_id, BUDI, None, "add-1")
    with pytest.raises(ApplicantAlreadyAdded) as refused:
        await world.identity.applicants.add(account_id, replace(BUDI, full_name="OTHER"), None, "add-2")
    assert refused.value.facts["applicant_id"] == first.applicant_id
    other = await world.identity.applicants.add(account_id, SRI, None, "add-3")
    with pytest.raises(ApplicantAlreadyAdded):
        await world.identity.applicants.correct(account_id, other.applicant_id, BUDI, None)


async def test_a_child_needs_a_confirmed_adult_of_the_same_account(world: World) -> None:
    account_id = await world.sign_up()
    add = world.identity.applicants.add
    with pytest.raises(GuardianNeeded):
        await add(account_id, PUTRI, None, "add-1")
    pending = await add(account_id, BUDI, None, "add-2")
    for guardian_id in (pending.applicant_id, "nobody"):
        with pytest.raises(GuardianUnusable):
            await add(account_id, PUTRI, guardian_id, "add-3")
    await world.worker.run_due()
    stranger_account = await world.sign_up("stranger@example.org")
    with pytest.raises(GuardianUnusable):
        await add(stranger_account, PUTRI, pending.applicant_id, "add-4")
    child_id = await world.confirmed(account_id, PUTRI, pending.applicant_id)
    told = (await world.said(ApplicantConfirmed))[-1]
    parent = await world.identity.applicants.get_applicant(account_id, pending.applicant_id)
    assert (told.applicant_id, told.guardian_applicant_id) == (child_id, pending.applicant_id)
    assert told.guardian_person_id == parent.applicant.person_id
    sister = replace(PUTRI, nik="3174015006150004")
    with pytest.raises(GuardianUnusable):
        await add(account_id, sister, child_id, "add-5")
    married = replace(PUTRI, nik="3174015006110005", birth_date=date(2011, 6, 10), married=True)
    assert not (await add(account_id, married, None, "add-6")).applicant.minor


@pytest.mark.parametrize("born", [date(1899, 12, 31), date(2026, 11, 24)])
async def test_nobody_is_born_in_the_future_or_two_lives_ago(world: World, born: date) -> None:
    account_id = await world.sign_up()
    with pytest.raises(BirthDateImpossible):
        await world.identity.applicants.add(account_id, replace(BUDI, birth_date=born), None, "add-1")


async def test_an_applicant_of_another_account_is_not_there(world: World) -> None:
    account_id = await world.sign_up()
    seen = await world.identity.applicants.add(account_id, BUDI, None, "add-1")
    stranger = await world.sign_up("stranger@example.org")
    for use in (
        world.identity.applicants.get_applicant(stranger, seen.applicant_id),
        world.identity.applicants.correct(stranger, seen.applicant_id, SRI, None),
        world.identity.applicants.ask_again(stranger, seen.applicant_id, "ask"),
        world.identity.applicants.add("nobody", SRI, None, "add-9"),
        world.identity.accounts.get_account("nobody"),
    ):
        with pytest.raises(NotFound):
            await use


async def test_a_correction_overtakes_a_running_check(world: World) -> None:
    account_id = await world.sign_up()
    seen = await world.identity.applicants.add(account_id, replace(BUDI, full_name="BUDI"), None, "add-1")
    compare = world.registry.compare

    async def slow(particulars: object, percent: int) -> RegistryAnswer:
        if len(world.registry.asked) == 0:
            answer = await compare(particulars, percent)  # type: ignore[arg-type]
            await world.identity.applicants.correct(account_id, seen.applicant_id, BUDI, None)
            return answer
        return await compare(particulars, percent)  # type: ignore[arg-type]

    world.registry.compare = slow  # type: ignore[method-assign]
    await world.worker.run_due()
    assert await state_of(world, account_id, seen.applicant_id) is IdentityState.PASSED
    assert [asked.full_name for asked in world.registry.asked] == ["BUDI", BUDI.full_name]
    (card,) = await world.identity_cards()
    assert card["full_name"] == BUDI.full_name


async def test_the_rules_that_are_watched_find_what_breaks_them(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id)
    assert (await world.identity.applicant_invariants.confirmed_persons()).holds
    record = await world.store.get(APPLICANT, applicant_id)
    assert record is not None
    await world.store.save(APPLICANT, record, replace(record.state, person_id="nobody"), now=world.now())
    report = await world.identity.applicant_invariants.confirmed_persons()
    assert report.broken == (applicant_id,)
    for serial in range(1, 7):
        stray = replace(record.state, nik_fingerprints=(f"k1:{serial}",))
        await world.store.insert(APPLICANT, f"stray-{serial}", stray, now=world.now())
    assert (await world.identity.applicant_invariants.five_applicants()).broken == (account_id,)


def test_field_names_of_causes_are_those_of_the_form() -> None:
    assert {field.value for field in Field} <= {*ApplicantView.model_fields}


@pytest.mark.acceptance("F19.resumable")
async def test_a_check_goes_on_in_another_process_after_a_crash_in_the_middle(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = (await world.identity.applicants.add(account_id, BUDI, None, "add-1")).applicant_id
    asked = asyncio.Event()

    async def never_answers(*_: object) -> RegistryAnswer:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("the process died before")

    world.registry.compare = never_answers  # type: ignore[method-assign]
    process = asyncio.create_task(world.worker.run_due())
    await asked.wait()
    process.cancel()
    with pytest.raises(asyncio.CancelledError):
        await process
    assert await state_of(world, account_id, applicant_id) is IdentityState.PENDING
    restarted = World(store=world.store, clock=world.clock, seed=8)
    assert await restarted.worker.run_due() == 0  # the lease of the dead process lasts
    world.clock.advance(31)
    assert await restarted.worker.run_due() == 1
    assert await state_of(restarted, account_id, applicant_id) is IdentityState.PASSED
    assert len(restarted.registry.asked) == len(await restarted.said(ApplicantConfirmed)) == 1
