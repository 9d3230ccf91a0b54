"""The verdict as a table: what was measured, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.application.paper_reading.reading import policy
from services.application.paper_reading.reading.kinds import PaperKind
from services.application.paper_reading.reading.policy import Look, Read, certain_refusal, expected_kinds, judge
from services.application.paper_reading.verdict import AskedPaper

KTP = AskedPaper("ktp", "ktp")
CLEAR = Look(short_side_pixels=2000, tone_deviation=50.0, sharpness=400.0)
GOOD = Read(PaperKind.KTP, 1.0, lines=30, letter_pixels=30.0, has_key_field=True, agreements={"nik": "agrees"})


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (CLEAR, None),
        (replace(CLEAR, tone_deviation=8.9), "one_tone"),
        (replace(CLEAR, tone_deviation=9.0), None),
        (replace(CLEAR, sharpness=39.9), "blurred"),
        (replace(CLEAR, sharpness=40.0), None),
        (replace(CLEAR, sharpness=39.9, face_share=0.05), None),
        (replace(CLEAR, short_side_pixels=299), "too_small"),
        (replace(CLEAR, short_side_pixels=300), None),
    ],
)
def test_certain_refusals_need_no_reading(look: Look, reason: str | None) -> None:
    assert certain_refusal(KTP, look) == reason
    if reason is not None:
        verdict = judge(KTP, look, None)
        assert (verdict.outcome, verdict.reason, verdict.findings) == ("refused", reason, (reason,))


def test_a_good_paper_is_accepted_without_a_word() -> None:
    verdict = judge(KTP, CLEAR, GOOD)
    assert (verdict.outcome, verdict.reason, verdict.kind, verdict.findings) == ("accepted", None, "ktp", ())
    assert verdict.agreements == {"nik": "agrees"}


@pytest.mark.parametrize(
    ("read", "outcome", "reason"),
    [
        ({"kind": PaperKind.FAMILY_CARD}, "refused", "other_kind"),
        ({"kind": PaperKind.FAMILY_CARD, "confidence": 0.89}, "flagged", "other_kind"),
        ({"kind": PaperKind.FAMILY_CARD, "confidence": 0.9}, "refused", "other_kind"),
        ({"kind": None, "confidence": 0.4}, "flagged", "unknown_kind"),
        ({"kind": None, "lines": 2, "unread_lines": 1}, "flagged", "blurred"),
        ({"kind": None, "letter_pixels": 10.9}, "flagged", "too_small"),
        ({"kind": None, "lines": 2, "unread_lines": 0}, "refused", "nothing_written"),
        ({"has_key_field": False}, "flagged", "not_readable"),
        ({"agreements": {"nik": "differs"}}, "flagged", "data_differ"),
        ({"agreements": {"nik": "not_read", "full_name": "not_read"}}, "flagged", "holder_not_found"),
        ({"agreements": {"nik": "agrees", "full_name": "not_read"}}, "accepted", None),
        ({"agreements": {}}, "accepted", None),
        ({"cut_lines": 2}, "flagged", "cropped"),
        ({"cut_lines": 1}, "accepted", None),
        ({"beyond_edge": True}, "flagged", "cropped"),
        ({"has_foot": False}, "flagged", "not_whole"),
        ({"has_title": False}, "flagged", "not_whole"),
        ({"has_title": False, "cut_lines": 2}, "flagged", "cropped"),
        ({"tilt_degrees": 25.0}, "flagged", "tilted"),
        ({"tilt_degrees": -25.0}, "flagged", "tilted"),
        ({"tilt_degrees": 24.0}, "accepted", None),
        ({"letter_pixels": 10.9, "has_key_field": False}, "flagged", "too_small"),
        ({"letter_pixels": 10.9}, "accepted", None),
        ({"letter_pixels": 10.9, "agreements": {}}, "flagged", "too_small"),
        ({"letter_pixels": 11.0, "agreements": {}}, "accepted", None),
    ],
)
def test_each_reading_has_its_outcome(read: dict[str, object], outcome: str, reason: str | None) -> None:
    verdict = judge(KTP, CLEAR, replace(GOOD, **read))  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("look", "read", "finding"),
    [
        ({"glare_share": 0.01}, {}, "glare"),
        ({}, {"tilt_degrees": 8.0}, "tilted"),
        ({}, {"letter_pixels": 10.0}, "too_small"),
    ],
)
def test_faults_of_quality_are_told_though_all_could_be_read(
    look: dict[str, object], read: dict[str, object], finding: str
) -> None:
    verdict = judge(KTP, replace(CLEAR, **look), replace(GOOD, **read))  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.findings) == ("accepted", (finding,))


def test_glare_that_hides_the_key_field_is_flagged() -> None:
    verdict = judge(KTP, replace(CLEAR, glare_share=0.01), replace(GOOD, has_key_field=False))
    assert (verdict.outcome, verdict.reason, verdict.findings) == ("flagged", "glare", ("glare", "not_readable"))


def test_a_code_alone_is_named() -> None:
    verdict = judge(KTP, replace(CLEAR, codes=1), Read())
    assert (verdict.outcome, verdict.reason, verdict.findings) == ("refused", "code_only", ("code_only",))


LATER = replace(KTP, page=2)


@pytest.mark.parametrize(
    ("read", "outcome", "findings"),
    [
        (replace(GOOD, kind=None, agreements={}), "accepted", ("unknown_kind",)),
        (replace(GOOD, kind=PaperKind.FAMILY_CARD), "flagged", ("other_kind",)),
        (replace(GOOD, kind=None, lines=0), "flagged", ("nothing_written",)),
        (replace(GOOD, has_key_field=False, agreements={"nik": "not_read"}), "accepted", ()),
        (replace(GOOD, has_title=False), "accepted", ()),
        (replace(GOOD, letter_pixels=10.9, agreements={}), "accepted", ("too_small",)),
    ],
)
def test_a_later_page_is_never_refused_for_its_kind(read: Read, outcome: str, findings: tuple[str, ...]) -> None:
    verdict = judge(LATER, CLEAR, read)
    assert (verdict.outcome, verdict.findings) == (outcome, findings)


FACE = replace(CLEAR, face_share=0.2, plain_background=True)


def test_a_portrait_in_place_of_a_paper_is_refused_by_its_kind() -> None:
    verdict = judge(KTP, FACE, Read(lines=1))
    assert (verdict.outcome, verdict.reason, verdict.kind) == ("refused", "other_kind", "photo")


@pytest.mark.parametrize(
    ("look", "outcome"),
    [
        (FACE, "accepted"),
        (replace(FACE, face_share=0.119), "flagged"),
        (replace(FACE, plain_background=False), "flagged"),
    ],
    ids=["portrait", "small face", "selfie"],
)
def test_a_portrait_needs_a_large_face_and_a_plain_wall(look: Look, outcome: str) -> None:
    verdict = judge(AskedPaper("photo", "photo"), look, None)
    assert verdict.outcome == outcome
    assert verdict.reason == (None if outcome == "accepted" else "no_portrait")


def test_one_of_the_papers_of_an_item_stands_for_another_of_them() -> None:
    asked = AskedPaper("birth_proof", "birth_certificate")
    verdict = judge(asked, CLEAR, replace(GOOD, kind=PaperKind.DIPLOMA, agreements={}))
    assert (verdict.outcome, verdict.findings) == ("accepted", ("other_kind",))


def test_a_paper_that_is_not_known_here_waits_for_an_officer() -> None:
    asked = AskedPaper("police_report", "police_report")
    assert expected_kinds(asked) == ()
    assert judge(asked, CLEAR, replace(GOOD, kind=None)).reason == "unknown_kind"
    assert judge(asked, CLEAR, GOOD).outcome == "flagged"


def test_the_kind_is_that_of_the_paper_before_that_of_the_item() -> None:
    assert expected_kinds(AskedPaper("birth_proof", "diploma")) == (PaperKind.DIPLOMA,)
    assert PaperKind.DIPLOMA in expected_kinds(AskedPaper("birth_proof", "birth_proof"))
    assert expected_kinds(AskedPaper("ktp", "moving_abroad_letter")) == (PaperKind.KTP,)


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    from services.application.texts import DOCUMENT_REASONS

    for reason in policy.REASONS:
        text = DOCUMENT_REASONS[reason]
        assert text.en and text.id and text.en != text.id
