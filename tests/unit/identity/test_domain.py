"""The rules of identity, each at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.identity.accounts import account
from services.identity.accounts.channel import Channel
from services.identity.applicants import applicant, correction, nik
from services.identity.applicants import registry_match as matching
from services.identity.applicants.applicant import IdentityState, Step
from services.identity.applicants.nik import NikFault, NikWarning, Sex
from services.identity.applicants.registry_match import Cause, Field, FieldAnswer, RegistryAnswer, RegistryWarning
from services.identity.rules import CheckRules, CodeRules, LockRules, MatchRules
from services.identity.sessions import session
from services.identity.sign_in import challenge
from services.identity.sign_in.challenge import Delivery, FreshCode, Purpose, Verdict
from services.identity.staff import member as staff
from shared.store.transitions import IllegalTransition

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RULES = CodeRules()


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


# NIK


@pytest.mark.acceptance("F22.not_16_digits", "F22.structure")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NikFault.NOT_SIXTEEN_DIGITS),
        ("317401120388000", NikFault.NOT_SIXTEEN_DIGITS),
        ("31740112038800021", NikFault.NOT_SIXTEEN_DIGITS),
        ("317401120388000x", NikFault.NOT_SIXTEEN_DIGITS),
        ("٣١٧٤٠١١٢٠٣٨٨٠٠٠٢", NikFault.NOT_SIXTEEN_DIGITS),
        ("3174010003880002", NikFault.DAY),
        ("3174013203880002", NikFault.DAY),
        ("3174014003880002", NikFault.DAY),
        ("3174017203880002", NikFault.DAY),
        ("3174011200880002", NikFault.MONTH),
        ("3174011213880002", NikFault.MONTH),
        ("3174013102880002", NikFault.DATE),
        ("3174012902990002", NikFault.DATE),
        ("3174011203880000", NikFault.SERIAL),
    ],
)
def test_what_is_no_nik_is_told_by_its_fault(text: str, fault: NikFault) -> None:
    with pytest.raises(nik.NikWrong) as refused:
        nik.parse_nik(text)
    assert refused.value.fault is fault
    assert text == "" or text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sex", "born"),
    [
        ("3174011203880002", Sex.MALE, (12, 3, 88)),
        ("3174014502900001", Sex.FEMALE, (5, 2, 90)),
        ("3174 0171 0590 0001", Sex.FEMALE, (31, 5, 90)),
        ("3174012902000001", Sex.MALE, (29, 2, 0)),
    ],
)
def test_a_nik_tells_sex_and_day(text: str, sex: Sex, born: tuple[int, int, int]) -> None:
    read = nik.parse_nik(text)
    assert (read.sex, read.birth_day_month_year) == (sex, born)
    assert read.region_code == "3174"
    assert "3174" not in repr(read)


@pytest.mark.acceptance("F22.warning_only")
def test_region_date_and_sex_in_the_nik_only_warn() -> None:
    read = nik.parse_nik("3174011203880002")
    assert nik.nik_warnings(read, birth_date=date(1988, 3, 12), sex=Sex.MALE, regions={"3174"}) == ()
    assert nik.nik_warnings(read, birth_date=date(1988, 3, 13), sex=Sex.FEMALE, regions=set()) == (
        NikWarning.REGION_UNKNOWN,
        NikWarning.BIRTH_DATE_DIFFERS,
        NikWarning.SEX_DIFFERS,
    )


def test_the_century_is_not_compared() -> None:
    read = nik.parse_nik("3174011203150002")
    assert nik.nik_warnings(read, birth_date=date(2015, 3, 12), sex=Sex.MALE, regions={"3174"}) == ()


# Challenge


def fresh(code: str, channel: Channel = Channel.EMAIL, asked_by: str = "ask-1") -> FreshCode:
    return FreshCode(f"hash of {code}", channel, asked_by)


def opened(code: str = "111111", purpose: Purpose = Purpose.SIGN_IN) -> challenge.Challenge:
    return challenge.open_challenge(purpose, "sealed", fresh(code), RULES, NOW, language="id")


def judge(
    state: challenge.Challenge, code: str, at: datetime, command: str = "verify-1"
) -> tuple[Verdict, challenge.Challenge]:
    return challenge.judge(state, lambda hashed: hashed == f"hash of {code}", command, RULES, at)


@pytest.mark.acceptance("F17.used")
def test_a_right_code_counts_once_and_for_its_own_command_again() -> None:
    verdict, used = judge(opened(), "111111", NOW)
    assert verdict is Verdict.RIGHT
    assert used.second_channel_at is None
    assert judge(used, "111111", NOW)[0] is Verdict.RIGHT
    assert judge(used, "111111", NOW, "verify-2")[0] is Verdict.USED
    assert judge(used, "222222", NOW)[0] is Verdict.USED
    assert judge(used, "111111", NOW + seconds(631))[0] is Verdict.USED


@pytest.mark.acceptance("F17.expired", "F17.clock_skew")
def test_a_code_is_taken_until_its_end_and_thirty_seconds_more() -> None:
    assert judge(opened(), "111111", NOW + seconds(630))[0] is Verdict.RIGHT
    assert judge(opened(), "111111", NOW + seconds(630.001))[0] is Verdict.EXPIRED
    assert judge(opened(), "222222", NOW + seconds(631))[0] is Verdict.EXPIRED


@pytest.mark.acceptance("F17.wrong", "F17.too_many_tries", "F17.tries_left")
def test_five_wrong_tries_and_not_even_the_right_code_counts() -> None:
    state = opened()
    for left in (4, 3, 2, 1, 0):
        verdict, state = judge(state, "999999", NOW)
        assert (verdict, challenge.tries_left(state, RULES, NOW)) == (Verdict.WRONG, left)
    assert judge(state, "111111", NOW) == (Verdict.TOO_MANY_TRIES, state)


@pytest.mark.acceptance("F17.superseded", "F17.newest_only")
def test_only_the_newest_code_counts_and_an_older_one_is_told_so() -> None:
    state = opened()
    for number in range(2, 7):
        at = NOW + seconds(60 * (number - 1))
        state = challenge.send_again(state, fresh(str(number) * 6), RULES, at)
    verdict, after = judge(state, "222222", at)
    assert (verdict, after) == (Verdict.SUPERSEDED, state)
    assert len(state.superseded) == challenge.REMEMBERED_SUPERSEDED
    assert judge(state, "111111", at)[0] is Verdict.WRONG
    assert judge(state, "666666", at)[0] is Verdict.RIGHT
    assert state.code.serial == 6


@pytest.mark.acceptance("F16.resend_after_60s", "F16.five_an_hour")
def test_a_minute_between_codes_and_five_in_an_hour() -> None:
    state = opened()
    assert challenge.resend_after(state, RULES) == NOW + seconds(60)
    wait = challenge.must_wait(state, RULES, NOW + seconds(59.999))
    assert wait == challenge.MustWait(NOW + seconds(60), hourly=False)
    assert challenge.must_wait(state, RULES, NOW + seconds(60)) is None
    for number in range(2, 6):
        state = challenge.send_again(state, fresh(str(number)), RULES, NOW + seconds(60 * (number - 1)))
    last = NOW + seconds(240)
    assert challenge.must_wait(state, RULES, last) == challenge.MustWait(NOW + seconds(3600), hourly=True)
    assert challenge.resend_after(state, RULES) == NOW + seconds(3600)
    assert challenge.must_wait(state, RULES, NOW + seconds(3599)) is not None
    assert challenge.must_wait(state, RULES, NOW + seconds(3600)) is None
    assert len(challenge.send_again(state, fresh("6"), RULES, NOW + seconds(3600)).sent_times) == 5


def test_the_pause_counts_where_it_is_longer_than_the_cap() -> None:
    rules = CodeRules(resend_seconds=7200)
    state = opened()
    for number in range(2, 6):
        state = challenge.send_again(state, fresh(str(number)), rules, NOW + seconds(number))
    assert challenge.must_wait(state, rules, NOW + seconds(6)) == challenge.MustWait(NOW + seconds(7205), hourly=False)
    assert challenge.resend_after(opened(), CodeRules(resend_seconds=0)) == NOW


@pytest.mark.acceptance("F16.after_60s")
def test_delivery_is_followed_and_failure_calls_the_second_channel_at_once() -> None:
    state = opened()
    assert challenge.deadlines(state) == {"second_channel": NOW + seconds(60), "forget": NOW + seconds(86400)}
    failed = challenge.did_not_arrive(state, "mailbox_unknown", NOW + seconds(2))
    assert (failed.delivery, failed.delivery_reason) == (Delivery.FAILED, "mailbox_unknown")
    assert failed.second_channel_at == NOW + seconds(2)
    sent = challenge.arrived(state, NOW + seconds(1))
    assert (sent.delivery, sent.second_channel_at) == (Delivery.SENT, None)
    assert challenge.did_not_arrive(sent, "late", NOW + seconds(2)) == sent
    without = challenge.without_second_channel(state)
    assert challenge.did_not_arrive(without, "full", NOW).second_channel_at is None


def test_news_of_an_earlier_code_is_not_about_this_one() -> None:
    state = challenge.send_again(opened(), fresh("222222"), RULES, NOW + seconds(60))
    assert challenge.arrived(state, NOW + seconds(54.999)) == state
    assert challenge.did_not_arrive(state, "full", NOW + seconds(54.999)) == state
    assert challenge.arrived(state, NOW + seconds(55)).delivery is Delivery.SENT


def test_only_a_code_by_email_for_signing_in_has_a_second_channel() -> None:
    assert opened(purpose=Purpose.EMAIL_CHANGE).second_channel_at is None
    by_sms = challenge.open_challenge(
        Purpose.SIGN_IN, "sealed", fresh("1", Channel.SMS), RULES, NOW, language="en", account_id="a"
    )
    assert by_sms.second_channel_at is None
    assert challenge.deadlines(replace(by_sms, forget_at=None)) == {}


# Session


def test_a_refresh_token_is_current_then_lost_then_reused() -> None:
    first = session.start_session("s", "salt", 3600, NOW)
    assert session.present(first, 0, 60, NOW) is session.Presented.CURRENT
    second = session.rotate(first, NOW + seconds(10))
    assert session.present(second, 0, 60, NOW + seconds(70)) is session.Presented.LOST_ANSWER
    assert session.present(second, 0, 60, NOW + seconds(70.001)) is session.Presented.REUSED
    third = session.rotate(second, NOW + seconds(20))
    assert session.present(third, 0, 60, NOW + seconds(21)) is session.Presented.REUSED
    assert session.present(third, 1, 60, NOW + seconds(21)) is session.Presented.LOST_ANSWER
    assert session.present(third, 2, 60, NOW + seconds(3599.999)) is session.Presented.CURRENT
    assert session.present(third, 2, 60, NOW + seconds(3600)) is session.Presented.OVER
    assert session.present(third, 3, 60, NOW) is session.Presented.OVER


def test_the_oldest_of_too_many_devices_is_signed_out() -> None:
    sessions: tuple[session.Session, ...] = ()
    for number in range(4):
        sessions = session.put_session(sessions, session.start_session(f"s{number}", "x", 3600, NOW), 3, NOW)
    assert [each.id for each in sessions] == ["s1", "s2", "s3"]
    assert session.find_session(sessions, "s0") is None
    rotated = session.rotate(sessions[0], NOW)
    sessions = session.put_session(sessions, rotated, 3, NOW)
    assert session.find_session(sessions, "s1") == rotated
    assert [each.id for each in session.drop_session(sessions, "s1")] == ["s2", "s3"]
    late = session.start_session("late", "x", 3600, NOW)
    assert session.put_session(sessions, late, 3, NOW + seconds(3600)) == (late,)


# Account

EMAIL = account.Address("sealed email", ("k1:e",))
PHONE = account.Address("sealed phone", ("k1:p",))


def test_an_account_is_found_by_either_address() -> None:
    state = account.register("id", NOW, email=EMAIL, phone=None)
    assert state.fingerprints == ("k1:e",)
    both = account.with_address(state, phone=PHONE)
    assert both.fingerprints == ("k1:e", "k1:p")
    assert account.holds_any(both, ("k0:p", "k1:p"))
    assert not account.holds_any(state, ("k1:p",))
    other = account.with_address(both, email=account.Address("sealed", ("k1:new",)))
    assert other.fingerprints == ("k1:new", "k1:p")


@pytest.mark.acceptance("F75.five_adults")
def test_five_applicants_and_no_more() -> None:
    state = account.register("id", NOW, email=EMAIL, phone=None)
    for number in range(account.MOST_APPLICANTS):
        assert account.places_left(state) == account.MOST_APPLICANTS - number
        state = account.take_place(state, f"applicant-{number}", NOW)
    assert account.places_left(state) == 0
    assert account.has_place(state, "applicant-4")
    assert not account.has_place(state, "applicant-5")


@pytest.mark.acceptance("F75.children_by_family_card")
def test_children_are_counted_apart_up_to_a_family_card() -> None:
    state = account.register("id", NOW, email=EMAIL, phone=None)
    for number in range(10):
        assert account.places_left(state, child=True) == 10 - number
        state = account.take_place(state, f"child-{number}", NOW, child=True)
    assert (account.places_left(state, child=True), account.places_left(state)) == (0, 5)
    grown = account.take_place(state, "child-0", NOW)
    assert (account.places_left(grown, child=True), account.places_left(grown), len(grown.places)) == (1, 4, 10)
    assert account.has_place(grown, "child-0") and not account.has_place(grown, "child-0", child=True)


def test_a_place_without_its_applicant_is_freed_after_a_while() -> None:
    state = account.take_place(account.register("id", NOW, email=EMAIL, phone=None), "lost", NOW)
    state = account.take_place(state, "kept", NOW)
    at_the_edge = NOW + seconds(account.PLACE_GRACE_SECONDS)
    assert account.without_empty_places(state, {"kept"}, at_the_edge - seconds(0.001)) == state
    freed = account.without_empty_places(state, {"kept"}, at_the_edge)
    assert [place.applicant_id for place in freed.places] == ["kept"]


# Matching

GOOD = {
    Field.NIK: FieldAnswer(True),
    Field.FULL_NAME: FieldAnswer(True, 100),
    Field.BIRTH_DATE: FieldAnswer(True),
    Field.SEX: FieldAnswer(True),
}


def test_a_person_whose_fields_match_is_confirmed() -> None:
    assert matching.match(RegistryAnswer(fields=GOOD), MatchRules()).confirmed
    without_percent = {**GOOD, Field.FULL_NAME: FieldAnswer(True)}
    assert matching.match(RegistryAnswer(fields=without_percent), MatchRules()).confirmed


@pytest.mark.acceptance("F22.field_mismatch")
@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({Field.NIK: FieldAnswer(False)}, Cause.NOT_FOUND),
        ({Field.FULL_NAME: FieldAnswer(True, 89)}, Cause.NAME_DIFFERS),
        ({Field.FULL_NAME: FieldAnswer(False)}, Cause.NAME_DIFFERS),
        ({Field.BIRTH_DATE: FieldAnswer(False)}, Cause.BIRTH_DATE_DIFFERS),
        ({Field.SEX: FieldAnswer(False)}, Cause.SEX_DIFFERS),
    ],
)
def test_a_mismatch_names_its_field(changed: dict[Field, FieldAnswer], cause: Cause) -> None:
    result = matching.match(RegistryAnswer(fields={**GOOD, **changed}), MatchRules())
    assert result.causes == (cause,)
    assert not result.confirmed


def test_the_name_threshold_is_inclusive() -> None:
    fields = {**GOOD, Field.FULL_NAME: FieldAnswer(True, 90)}
    assert matching.match(RegistryAnswer(fields=fields), MatchRules(name_percent=90)).confirmed


def test_place_and_family_card_only_warn_and_silence_is_no_match() -> None:
    fields = {**GOOD, Field.BIRTH_PLACE: FieldAnswer(False), Field.FAMILY_CARD_NUMBER: FieldAnswer(False)}
    result = matching.match(RegistryAnswer(fields=fields), MatchRules())
    assert result.confirmed
    assert result.warnings == (RegistryWarning.BIRTH_PLACE_DIFFERS, RegistryWarning.FAMILY_CARD_DIFFERS)
    assert len(matching.match(RegistryAnswer(), MatchRules()).causes) == 4
    assert matching.match(RegistryAnswer(refusal=Cause.DECEASED), MatchRules()).causes == (Cause.DECEASED,)


# Applicant

CHECKS = CheckRules()
DIFFERENT = matching.Match(warnings=(RegistryWarning.NAME_WRITTEN_DIFFERENTLY,))
REFUSED = matching.Match(causes=(Cause.NOT_FOUND,))


def added() -> applicant.Applicant:
    return applicant.add_applicant(
        "account", "sealed", ("k1:n",), ("nik_region_unknown",), NOW, guardian_applicant_id=None, minor=False
    )


def amended(state: applicant.Applicant) -> applicant.Applicant:
    made = correction.Correction(
        "c-1", (Field.FULL_NAME,), correction.Original.IDENTITY_CARD, "typing_error", "officer", "office", NOW, NOW
    )
    return applicant.amend(state, made, "other", ("k1:n",), (), minor=False)


def corrected(state: applicant.Applicant) -> applicant.Applicant:
    return applicant.correct(state, "other", ("k1:m",), (), NOW, guardian_applicant_id="g", minor=True)


def test_the_check_starts_by_itself_and_passes() -> None:
    state = added()
    assert applicant.deadlines(state) == {"check": NOW}
    result = matching.Match(warnings=(RegistryWarning.BIRTH_PLACE_DIFFERS,))
    passed = applicant.confirm(state, "person", result)
    assert (passed.identity.state, passed.person_id) == (IdentityState.PASSED, "person")
    assert passed.identity.warnings == ("nik_region_unknown", "birth_place_differs")
    assert applicant.deadlines(passed) == {}
    assert applicant.can_be_guardian(passed)
    assert not applicant.can_be_guardian(replace(passed, minor=True))
    assert not applicant.can_be_guardian(state)


@pytest.mark.acceptance("F19.silence_no_failure", "F19.retried_until_settled")
def test_silence_is_no_failed_try_and_pauses_grow_to_the_longest() -> None:
    state, pauses = added(), []
    for _ in range(9):
        state = applicant.meet_silence(state, "timeout", CHECKS, NOW)
        assert state.identity.check_at is not None
        pauses.append((state.identity.check_at - NOW).total_seconds())
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert state.identity.state is IdentityState.UPSTREAM_DOWN
    assert state.identity.failed_at == ()
    refused = applicant.refuse(state, REFUSED, NOW)
    assert (refused.identity.state, refused.identity.silences) == (IdentityState.FAILED, 0)
    assert refused.identity.causes == ("nik_not_found",)
    assert applicant.deadlines(refused) == {}


def test_failed_tries_are_capped_per_day() -> None:
    failed = tuple(NOW + seconds(number) for number in range(5))
    assert applicant.next_try_at(failed[:4], 5, NOW + seconds(5)) is None
    assert applicant.next_try_at(failed, 5, NOW + seconds(5)) == NOW + timedelta(days=1)
    assert applicant.next_try_at(failed, 5, NOW + timedelta(days=1) - seconds(0.001)) is not None
    assert applicant.next_try_at(failed, 5, NOW + timedelta(days=1)) is None


def test_a_probed_nik_leaves_each_account_one_failed_try() -> None:
    others = tuple(NOW + seconds(number) for number in range(20))
    now = NOW + seconds(30)
    assert applicant.next_try_of_account((), others, CHECKS, now) is None
    assert applicant.next_try_of_account((NOW,), others, CHECKS, now) == NOW + timedelta(days=1)
    assert applicant.next_try_of_account((NOW,), others[1:], CHECKS, now) is None
    assert applicant.next_try_of_account(others[:5], others[:5], CHECKS, now) == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("number", "year", "born"),
    [
        ("3174014502900001", 1990, date(1990, 2, 5)),
        ("3174014502900001", 1991, date(1991, 7, 1)),
        ("3174012902000001", 2000, date(2000, 2, 29)),
        ("3174012902000001", 1900, date(1900, 7, 1)),
        ("no nik", 1950, date(1950, 7, 1)),
        (None, 2020, date(2020, 7, 1)),
    ],
)
def test_where_only_the_year_is_known_the_nik_tells_the_day(number: str | None, year: int, born: date) -> None:
    assert nik.date_of_year(number, year) == born


def test_correcting_and_asking_again_check_anew() -> None:
    failed = applicant.refuse(added(), REFUSED, NOW)
    again = corrected(failed)
    assert again.identity.state is IdentityState.PENDING
    assert (again.particulars, again.nik_fingerprints, again.guardian_applicant_id) == ("other", ("k1:m",), "g")
    assert again.minor
    assert again.identity.failed_at == (NOW,)
    asked = applicant.ask_again(failed, "command", NOW + seconds(1))
    assert (asked.identity.state, asked.identity.check_at) == (IdentityState.PENDING, NOW + seconds(1))
    assert asked.identity.warnings == ("nik_region_unknown",)
    assert applicant.ask_again(asked, "command", NOW + seconds(9)) == asked


def test_every_transition_is_in_the_table_and_every_state_can_be_left() -> None:
    steps = {
        Step.CONFIRM: lambda state: applicant.confirm(state, "person", matching.Match()),
        Step.SHOW_BACK: lambda state: applicant.show_back(state, DIFFERENT),
        Step.KEEP: lambda state: applicant.keep_as_typed(state, "person"),
        Step.AMEND: amended,
        Step.REFUSE: lambda state: applicant.refuse(state, REFUSED, NOW),
        Step.MEET_SILENCE: lambda state: applicant.meet_silence(state, "timeout", CHECKS, NOW),
        Step.CORRECT: corrected,
        Step.ASK_AGAIN: lambda state: applicant.ask_again(state, "command", NOW),
    }
    for state in IdentityState:
        for step, run in steps.items():
            start = added()
            start = replace(start, identity=replace(start.identity, state=state))
            following = applicant.TRANSITIONS.get((state, step))
            if following is None:
                with pytest.raises(IllegalTransition):
                    run(start)
            else:
                assert run(start).identity.state is following
    left = {state for (state, _), following in applicant.TRANSITIONS.items() if following is not state}
    assert set(IdentityState) == left


@pytest.mark.parametrize(
    ("born", "married", "needed"),
    [
        (date(2009, 11, 23), False, False),
        (date(2009, 11, 24), False, True),
        (date(2009, 11, 24), True, False),
        (date(2015, 6, 10), False, True),
    ],
)
def test_a_guardian_is_needed_below_seventeen_and_unmarried(born: date, married: bool, needed: bool) -> None:
    assert applicant.needs_guardian(born, married, date(2026, 11, 23)) is needed


def test_somebody_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    assert applicant.age_on(date(2008, 2, 29), date(2025, 2, 28)) == 16
    assert applicant.age_on(date(2008, 2, 29), date(2025, 3, 1)) == 17


# Staff


@pytest.mark.acceptance("F24.limit_per_account")
def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour() -> None:
    rules = LockRules()
    state = staff.Staff("officer", "hash", "front_officer", "jakarta-selatan")
    for _ in range(4):
        state = staff.count_try(state, rules, NOW)
        assert staff.locked_until(state, NOW) is None
    state = staff.count_try(state, rules, NOW)
    assert state.locked_until == NOW + seconds(900)
    assert staff.locked_until(state, NOW + seconds(899.999)) == NOW + seconds(900)
    assert staff.locked_until(state, NOW + seconds(900)) is None
    again = staff.count_try(state, rules, NOW + seconds(900))
    assert (again.tries, again.locked_until) == (1, None)
    welcome = staff.let_in(state, (), NOW)
    assert (welcome.tries, welcome.locked_until) == (0, None)
