"""The one rule set: what is listed when, and that what is shown is what is enforced."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.application.requirements.answers import (
    Answers,
    Contradiction,
    Purpose,
    ZeroTariff,
    age_band,
    contradiction_in,
    is_minor,
)
from services.application.requirements.requirement import (
    Listed,
    Need,
    checklist,
    facts_of,
    find_item,
    holds,
    missing,
)
from services.application.requirements.rule_set import RulesWrong, load_rules, read_rules
from shared.events.codes import ApplicationReason, PassportKind
from tests.unit.application.make import ADULT

TODAY = date(2026, 11, 23)
RULES = load_rules()


def listed(answers: Answers, *, minor: bool = False, on: date = TODAY) -> dict[str, Listed]:
    return {item.code: item for item in checklist(RULES, facts_of(answers, minor=minor), on)}


def compulsory(answers: Answers, *, minor: bool = False, on: date = TODAY) -> set[str]:
    return {code for code, item in listed(answers, minor=minor, on=on).items() if item.compulsory}


any_answers = st.builds(
    Answers,
    has_held_passport=st.booleans(),
    reason=st.sampled_from(ApplicationReason),
    passport_kind=st.sampled_from(PassportKind),
    validity_years=st.sampled_from([5, 10]),
    purpose=st.sampled_from(Purpose),
    zero_tariff=st.none() | st.sampled_from(ZeroTariff),
    married=st.booleans(),
    name_changed=st.booleans(),
    naturalised=st.booleans(),
    old_passport_since_2009=st.booleans(),
    parent_has_passport=st.booleans(),
)
any_day = st.dates(date(2022, 10, 12), date(2030, 1, 1))


@pytest.mark.acceptance("F26.hajj_letter")
@pytest.mark.parametrize("purpose", [Purpose.HAJJ, Purpose.UMRAH])
def test_the_hajj_letter_is_listed_until_21_february_2023_and_not_on_the_22nd(purpose: Purpose) -> None:
    pilgrim = replace(ADULT, purpose=purpose)
    assert "hajj_recommendation" in compulsory(pilgrim, on=date(2023, 2, 21))
    assert "hajj_recommendation" not in listed(pilgrim, on=date(2023, 2, 22))
    assert "hajj_recommendation" not in compulsory(ADULT, on=date(2023, 2, 21))


def test_a_new_adult_needs_identity_card_family_card_and_one_proof_of_birth() -> None:
    assert compulsory(ADULT) == {"ktp", "family_card", "birth_proof"}
    proofs = listed(ADULT)["birth_proof"].requirement.accepts
    assert proofs == ("birth_certificate", "marriage_certificate", "diploma", "baptism_letter")


def test_a_replacement_of_a_book_since_2009_needs_identity_card_and_old_passport_alone() -> None:
    expired = replace(ADULT, has_held_passport=True, reason=ApplicationReason.EXPIRED)
    assert compulsory(expired) == {"ktp", "family_card", "birth_proof", "old_passport"}
    assert compulsory(replace(expired, old_passport_since_2009=True)) == {"ktp", "old_passport"}


def test_a_lost_book_needs_the_police_report_and_a_damaged_one_the_book() -> None:
    lost = replace(ADULT, has_held_passport=True, reason=ApplicationReason.LOST)
    assert compulsory(lost) == {"ktp", "family_card", "birth_proof", "police_report"}
    damaged = replace(lost, reason=ApplicationReason.DAMAGED)
    assert compulsory(damaged) == {"ktp", "family_card", "birth_proof", "old_passport"}


def test_a_data_change_needs_request_and_proof() -> None:
    changed = replace(ADULT, has_held_passport=True, reason=ApplicationReason.DATA_CHANGE)
    assert {"data_change_request", "data_change_proof"} <= compulsory(changed)


@pytest.mark.acceptance("F28.parents_statement", "F28.parents_passport")
def test_a_child_is_asked_for_the_parents_statement_and_for_a_parents_passport_only_if_there_is_one() -> None:
    child = replace(ADULT, validity_years=5)
    items = listed(child, minor=True)
    assert items["parents_statement"].compulsory
    assert items["parents_statement"].requirement.legal_basis == "Permenkumham 18/2022 art. 5 g"
    assert items["parents_statement"].requirement.form
    assert items["parent_passport"].requirement.need is Need.CONDITIONAL
    assert items["parent_passport"].requirement.legal_basis == "Permenkumham 18/2022 art. 5 e"
    assert not items["parent_passport"].compulsory
    assert "parent_passport" in compulsory(replace(child, parent_has_passport=True), minor=True)
    assert "ktp" not in items
    held = replace(child, has_held_passport=True, reason=ApplicationReason.EXPIRED)
    assert "child_old_passport" in compulsory(held, minor=True)
    assert not items["child_old_passport"].compulsory


def test_a_document_is_for_an_item_by_its_code_or_by_a_paper_it_accepts() -> None:
    items = tuple(listed(ADULT).values())
    by_code, by_paper = find_item(items, "birth_proof"), find_item(items, "diploma")
    assert by_code is by_paper is not None
    assert find_item(items, "parents_statement") is None
    assert by_code.requirement.names()[0] == "birth_proof"


@pytest.mark.acceptance("F27.property_test")
@given(answers=any_answers, minor=st.booleans(), on=any_day, data=st.data())
def test_a_submission_succeeds_if_and_only_if_every_shown_required_item_is_there(
    answers: Answers, minor: bool, on: date, data: st.DataObject
) -> None:
    items = checklist(RULES, facts_of(answers, minor=minor), on)
    present = data.draw(st.sets(st.sampled_from([item.code for item in items])))
    shown_as_required = {item.code for item in items if item.compulsory}
    assert (not missing(items, present)) == (shown_as_required <= present)
    assert {item.code for item in missing(items, present)} == shown_as_required - present


@pytest.mark.acceptance("F27.three_kinds", "F26.dated_with_basis")
@given(answers=any_answers, minor=st.booleans(), on=any_day)
def test_every_shown_item_says_how_compulsory_it_is_and_by_which_law(answers: Answers, minor: bool, on: date) -> None:
    for item in checklist(RULES, facts_of(answers, minor=minor), on):
        rule = item.requirement
        assert rule.legal_basis
        assert item.compulsory or rule.need is not Need.REQUIRED
        assert (rule.condition is not None) == (rule.need is Need.CONDITIONAL)
        assert rule.effective_from <= on
        assert rule.effective_to is None or on <= rule.effective_to


def test_every_answer_is_a_question_and_the_other_way_round() -> None:
    assert {question.name for question in RULES.questions} == {field.name for field in fields(Answers)}


def test_a_condition_on_a_fact_that_is_not_given_does_not_hold() -> None:
    assert not holds({"purpose": ("hajj",)}, {})
    assert holds({}, {})


@pytest.mark.acceptance("X2.own_records", "F60.wrong_kind")
def test_answers_that_contradict_each_other_or_our_records_are_named() -> None:
    def found(answers: Answers, *, minor: bool = False, on_record: bool = False) -> Contradiction | None:
        return contradiction_in(answers, minor=minor, on_record=on_record)

    replacement = replace(ADULT, has_held_passport=True, reason=ApplicationReason.EXPIRED)
    assert found(ADULT) is None
    assert found(replacement, on_record=True) is None
    assert found(replace(ADULT, has_held_passport=True)) is Contradiction.NEW_BUT_HELD
    assert found(replace(replacement, has_held_passport=False)) is Contradiction.REPLACEMENT_BUT_NEVER_HELD
    assert found(ADULT, on_record=True) is Contradiction.NEW_BUT_RECORDED
    assert found(ADULT, minor=True) is Contradiction.LONG_VALIDITY_FOR_MINOR
    assert found(replace(ADULT, validity_years=5), minor=True) is None


def test_a_person_is_a_minor_until_the_day_of_turning_17_or_of_marrying() -> None:
    born = date(2009, 11, 23)
    assert is_minor(born, TODAY - timedelta(days=1), married=False)
    assert not is_minor(born, TODAY, married=False)
    assert not is_minor(date(2015, 1, 1), TODAY, married=True)
    leap = date(2008, 2, 29)
    assert is_minor(leap, date(2025, 2, 28), married=False)
    assert not is_minor(leap, date(2025, 3, 1), married=False)


HEAD = 'version = "1"\nnot_refundable = { legal_basis = "x", en = "x", id = "x" }\n'
QUESTION = '[[question]]\nname = "reason"\nen = "x"\nid = "x"\n'
ITEM = (
    '[[requirement]]\ncode = "a"\nen = "x"\nid = "x"\nneed = "{need}"\nlegal_basis = "x"\n'
    'effective_from = 2020-01-01\nhelp_en = "x"\nhelp_id = "x"\n'
)


def test_a_rule_set_that_could_not_work_is_refused() -> None:
    required = ITEM.format(need="required")
    with pytest.raises(RulesWrong, match="colour"):
        read_rules(HEAD + QUESTION + required + 'scope = { colour = ["red"] }\n')
    with pytest.raises(RulesWrong, match="conditional"):
        read_rules(HEAD + QUESTION + ITEM.format(need="conditional"))
    with pytest.raises(RulesWrong, match="twice"):
        read_rules(HEAD + QUESTION + required + required)
    with pytest.raises(RulesWrong, match="example"):
        read_rules(HEAD + QUESTION + required + 'example = "nowhere"\n')
    followed = required + "effective_to = 2020-12-31\n" + required.replace("2020-01-01", "2021-01-01")
    assert len(read_rules(HEAD + QUESTION + followed).requirements) == 2


@pytest.mark.parametrize(
    ("years", "band"), [(0, "0-4"), (4, "0-4"), (5, "5-11"), (11, "5-11"), (12, "12-16"), (60, "17-60"), (61, "61+")]
)
def test_others_hear_of_an_age_as_a_band_only(years: int, band: str) -> None:
    born = date(TODAY.year - years, TODAY.month, TODAY.day)
    assert age_band(born, TODAY) == band
    assert age_band(TODAY + timedelta(days=1), TODAY) == "0-4"
