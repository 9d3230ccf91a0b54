"""Assistance in identity: its states, its limits at their edges, and what a crash or a race leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.applicants.repository import ApplicantRepository
from services.identity.assistances import assistance as rules
from services.identity.assistances.assistance import (
    Assistance,
    AssistanceCommand,
    AssistanceState,
    EndCause,
    NoTelephone,
    OfficeCodes,
    Officer,
    Shown,
)
from services.identity.assistances.errors import AssistanceHasEnded, SeveralAccounts
from services.identity.assistances.repository import MOST_ASSISTANCES, AssistanceRepository
from services.identity.assistances.service import AssistanceSeen, OriginalSeen
from services.identity.sign_in.challenge import Purpose
from services.identity.staff.errors import StaffNotInService
from shared.events.identity import AssistanceBegun, AssistanceEnded, Consent
from shared.events.notification import SendOtp
from shared.events.scheduling import LetterShown
from shared.settings import SettingsWrong
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role
from tests.conftest import START
from tests.unit.identity.world import BUDI, PUTRI, SRI, World, make_settings

OFFICE = "jakarta-selatan"
HOURS = timedelta(hours=4)
PHONE = "+6281200000678"
EMAIL = "budi@example.org"


@pytest.fixture
async def officer(world: World) -> Caller:
    staff_id = await world.identity.staff.hire("front", "a long password", Role.FRONT_OFFICER, OFFICE)
    return Caller(staff_id, Role.FRONT_OFFICER, "s", OFFICE)


def letter(account_id: str, person_id: str, officer_id: str, **changes: Any) -> LetterShown:
    given = {
        "assistance_id": "a-1",
        "appointment_id": "v-1",
        "application_id": "app-1",
        "account_id": account_id,
        "person_id": person_id,
        "office_id": OFFICE,
        "officer_id": officer_id,
        "shown_at": START,
    }
    return LetterShown(**(given | changes))


async def asked(world: World, officer: Caller, identifier: str = EMAIL) -> AssistanceSeen:
    return await world.identity.assistances.ask(officer, identifier, world.command())


async def live(world: World, officer: Caller) -> AssistanceSeen:
    seen = await asked(world, officer)
    return await world.identity.assistances.tell_code(officer, seen.assistance_id, await world.code(), world.command())


# Domain


def an_assistance(state: AssistanceState = AssistanceState.LIVE) -> Assistance:
    return Assistance(state, "o", OFFICE, Consent.CODE, START, START + HOURS)


def test_it_is_live_until_its_end() -> None:
    assert rules.is_live(an_assistance(), START + HOURS - timedelta(milliseconds=1))
    assert not rules.is_live(an_assistance(), START + HOURS)
    assert not rules.is_live(an_assistance(AssistanceState.ASKED), START)


def test_what_has_ended_is_not_begun_again() -> None:
    ended = rules.end(an_assistance(), EndCause.ACCOUNT, START)
    assert rules.deadlines(ended) == {}
    assert rules.deadlines(an_assistance()) == {"expire": START + HOURS}
    with pytest.raises(IllegalTransition) as illegal:
        rules.consented(ended, "acc", HOURS, "c", START)
    assert (illegal.value.state, illegal.value.command) == (AssistanceState.ENDED, AssistanceCommand.CONSENT)
    with pytest.raises(IllegalTransition):
        rules.end(ended, EndCause.EXPIRED, START)
    with pytest.raises(IllegalTransition):
        rules.consented(an_assistance(), "acc", HOURS, "c", START)


def test_what_was_shown_is_live_at_once_and_for_those_persons() -> None:
    shown = Shown(Consent.ORIGINAL, "acc", ("p",), "c", reason=NoTelephone.NO_TELEPHONE)
    begun = rules.begin_by(shown, Officer("o", OFFICE), HOURS, START)
    assert (begun.state, begun.expires_at, begun.person_ids) == (AssistanceState.LIVE, START + HOURS, ("p",))


def test_the_offices_hour_is_an_hour() -> None:
    codes = OfficeCodes()
    for minute in range(3):
        assert rules.office_wait(codes, 3, START + timedelta(minutes=minute)) is None
        codes = rules.count_code(codes, f"c-{minute}", START + timedelta(minutes=minute))
    full = START + timedelta(minutes=3)
    assert rules.office_wait(codes, 3, full) == START + timedelta(hours=1)
    assert rules.office_wait(codes, 3, START + timedelta(hours=1)) is None
    assert rules.has_counted(codes, "c-0")
    assert not rules.has_counted(rules.count_code(codes, "c-9", START + timedelta(hours=1)), "c-0")


@pytest.mark.parametrize(("seconds", "good"), [(1, True), (12 * 3600, True), (0, False), (12 * 3600 + 1, False)])
def test_an_assistance_lasts_some_hours_and_never_past_a_day_of_work(seconds: int, good: bool) -> None:
    if good:
        assert make_settings(assistance_seconds=seconds).assistance_seconds == seconds
    else:
        with pytest.raises(SettingsWrong):
            make_settings(assistance_seconds=seconds)


# By the code


async def test_a_repeat_of_the_asking_sends_one_code_and_counts_once(world: World, officer: Caller) -> None:
    await world.sign_up(EMAIL)
    command = world.command()
    first = await world.identity.assistances.ask(officer, EMAIL, command)
    again = await world.identity.assistances.ask(officer, EMAIL, command)
    assert first.assistance_id == again.assistance_id
    assert len([each for each in await world.said(SendOtp) if each.purpose == Purpose.ASSISTANCE]) == 1
    codes = await AssistanceRepository(world.identity.context).office_codes(OFFICE)
    assert codes is not None
    assert len(codes.state.sent) == 1


async def test_the_code_names_the_office_and_goes_in_the_language_of_the_account(world: World, officer: Caller) -> None:
    seen = await world.identity.signing_in.register(EMAIL, "en", world.command())
    await world.identity.signing_in.verify(seen.challenge_id, await world.code(), world.command())
    await asked(world, officer)
    await asked(world, officer, "nobody@example.org")
    told = [each.language for each in await world.said(SendOtp) if each.purpose == Purpose.ASSISTANCE]
    assert told == ["en", "id"]
    assert (await world.codes())[-1]["office_id"] == OFFICE
    assert "office_id" not in (await world.codes())[0]


async def test_told_it_is_live_and_said_once(world: World, officer: Caller) -> None:
    account_id = await world.sign_up(EMAIL)
    applicant_id = await world.confirmed(account_id)
    seen = await live(world, officer)
    assert (seen.assistance.account_id, seen.applicant_ids) == (account_id, (applicant_id,))
    again = await world.identity.assistances.tell_code(officer, seen.assistance_id, "000000", world.command())
    assert again == seen
    begun = await world.said(AssistanceBegun)
    assert [(each.consent, each.person_ids, each.expires_at - each.begun_at) for each in begun] == [("code", (), HOURS)]


async def test_an_unclaimed_code_is_given_up_and_nobody_is_told(world: World, officer: Caller) -> None:
    await world.sign_up(EMAIL)
    seen = await asked(world, officer)
    code = await world.code()
    world.clock.advance(world.settings.code_seconds + world.settings.code_skew_seconds)
    await world.worker.run_due()
    with pytest.raises(AssistanceHasEnded):
        await world.identity.assistances.tell_code(officer, seen.assistance_id, code, world.command())
    assert await world.said(AssistanceEnded) == []
    assert (await world.identity.assistances.list_own(officer))[0].assistance.ended_for is EndCause.EXPIRED


async def test_its_hours_over_it_ends_by_itself(world: World, officer: Caller) -> None:
    await world.sign_up(EMAIL)
    await live(world, officer)
    world.clock.advance(HOURS.total_seconds())
    await world.worker.run_due()
    assert [each.cause for each in await world.said(AssistanceEnded)] == ["expired"]


# Officers


@pytest.mark.parametrize(
    "token",
    [
        Caller("nobody", Role.FRONT_OFFICER, "s", OFFICE),
        Caller("front", Role.FRONT_OFFICER, "s", "jakarta-utara"),
        Caller("front", Role.FRONT_OFFICER, "s"),
    ],
    ids=["unknown", "moved", "of no office"],
)
async def test_who_is_not_in_service_there_begins_none(world: World, officer: Caller, token: Caller) -> None:
    account_id = officer.account_id if token.account_id == "front" else token.account_id
    caller = Caller(account_id, token.role, "s", token.office_id)
    card = OriginalSeen(BUDI.nik, NoTelephone.NO_TELEPHONE, "none")
    with pytest.raises(StaffNotInService):
        await asked(world, caller)
    with pytest.raises(StaffNotInService):
        await world.identity.assistances.see_original(caller, card, world.command())
    assert await AssistanceRepository(world.identity.context).office_codes(OFFICE) is None


async def test_one_that_begins_while_its_officer_is_locked_ends(
    world: World, officer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked between the look at the officer and the write: the look after the write finds it."""
    await world.confirmed(await world.sign_up(EMAIL))
    answers = [True, False]

    async def in_service(_officer: Officer) -> bool:
        return answers.pop(0)

    monkeypatch.setattr(world.identity.assistances, "_in_service", in_service)
    card = OriginalSeen(BUDI.nik, NoTelephone.NO_TELEPHONE, "none")
    with pytest.raises(StaffNotInService):
        await world.identity.assistances.see_original(officer, card, world.command())
    assert [each.cause for each in await world.said(AssistanceEnded)] == ["officer_left_post"]


# By the letter


async def test_a_letter_begins_once_for_its_person_and_their_wards(world: World, officer: Caller) -> None:
    account_id = await world.sign_up(EMAIL)
    parent = await world.confirmed(account_id)
    child = await world.confirmed(account_id, PUTRI, parent)
    other = await world.confirmed(account_id, SRI)
    record = await ApplicantRepository(world.identity.context).applicant(parent)
    assert record is not None
    event = letter(account_id, record.state.person_id or "", officer.account_id)
    for _ in range(2):
        await world.identity.assistances.letter_shown(event)
    seen = await world.identity.assistances.get_assistance(officer, "a-1")
    assert set(seen.applicant_ids) == {parent, child}
    assert other not in seen.applicant_ids
    assert len(await world.said(AssistanceBegun)) == 1


async def test_a_letter_of_somebody_unknown_here_covers_that_person_alone(world: World, officer: Caller) -> None:
    await world.identity.assistances.letter_shown(letter("acc", "person", officer.account_id))
    assert (await world.said(AssistanceBegun))[0].person_ids == ("person",)


async def test_a_letter_shown_to_somebody_who_has_left_begins_nothing(world: World) -> None:
    await world.identity.assistances.letter_shown(letter("acc", "person", "gone"))
    record = await AssistanceRepository(world.identity.context).assistance("a-1")
    assert record is not None
    assert record.state.ended_for is EndCause.OFFICER_LEFT_POST
    assert await world.said(AssistanceBegun) == []


async def test_a_letter_shown_while_its_officer_is_locked_ends(
    world: World, officer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [True, False]

    async def in_service(_officer: Officer) -> bool:
        return answers.pop(0)

    monkeypatch.setattr(world.identity.assistances, "_in_service", in_service)
    await world.identity.assistances.letter_shown(letter("acc", "person", officer.account_id))
    assert [each.cause for each in await world.said(AssistanceEnded)] == ["officer_left_post"]


# By the original


async def test_where_several_accounts_speak_for_a_person_an_address_tells_which(world: World, officer: Caller) -> None:
    first = await world.sign_up(EMAIL)
    await world.confirmed(first)
    second = await world.sign_up("lain@example.org")
    await world.confirmed(second)

    async def see(identifier: str | None) -> AssistanceSeen:
        card = OriginalSeen(BUDI.nik, NoTelephone.TELEPHONE_LOST, "lost", identifier)
        return await world.identity.assistances.see_original(officer, card, world.command())

    with pytest.raises(SeveralAccounts) as several:
        await see(None)
    assert several.value.facts == {"count": 2}
    assert (await see("lain@example.org")).assistance.account_id == second
    with pytest.raises(PersonNotKnown):
        await see("nobody@example.org")
    with pytest.raises(NikNotSixteenDigits):
        card = OriginalSeen("12", NoTelephone.TELEPHONE_LOST, "lost")
        await world.identity.assistances.see_original(officer, card, world.command())


async def test_who_is_not_confirmed_has_no_card_to_show(world: World, officer: Caller) -> None:
    account_id = await world.sign_up(EMAIL)
    await world.identity.applicants.add(account_id, BUDI, None, world.command())
    card = OriginalSeen(BUDI.nik, NoTelephone.NO_RECEPTION, "none here")
    with pytest.raises(PersonNotKnown):
        await world.identity.assistances.see_original(officer, card, world.command())


async def test_the_words_are_kept_apart_and_nothing_shows_the_nik(world: World, officer: Caller) -> None:
    await world.confirmed(await world.sign_up(EMAIL))
    card = OriginalSeen(BUDI.nik, NoTelephone.NUMBER_CHANGED, "Nomor lama sudah tidak aktif.")
    assert BUDI.nik not in repr(card) and "Nomor" not in repr(card)
    await world.identity.assistances.see_original(officer, card, world.command())
    lines = await world.identity.audit.overrides(OFFICE, START - HOURS, START + HOURS)
    assert [line.state.reason for line in lines] == ["number_changed"]
    assert await world.identity.audit.words_of([lines[0].id]) == {lines[0].id: "Nomor lama sudah tidak aktif."}


async def test_everything_open_of_an_officer_ends_however_much_it_is(world: World, officer: Caller) -> None:
    account_id = await world.sign_up()
    for number in range(MOST_ASSISTANCES + 5):
        shown = letter(account_id, "person-1", officer.account_id, assistance_id=f"assistance-{number}")
        await world.identity.assistances.letter_shown(shown)
    await world.identity.assistances.end_of_officer(officer.account_id)
    assert await AssistanceRepository(world.identity.context).open_assistances_by(officer.account_id) == []
