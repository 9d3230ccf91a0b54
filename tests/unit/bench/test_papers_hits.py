"""The bench of papers: what it counts as accepted, caught, agreeing and found, and what it asks the reader."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from bench import papers_hits
from bench.papers_hits import HitCounts, SampleRead
from paper_samples.deciding_half import deciding_samples
from paper_samples.holder import invent_holder
from paper_samples.kinds import PaperKind, Quality, WrongSort
from paper_samples.sample import Sample
from paper_samples.tuning_half import tuning_samples
from services.application.paper_reading.verdict import AskedPaper, Verdict

HOLDER = invent_holder(random.Random(1))


def sample(kind: PaperKind | None = PaperKind.KTP, asked: PaperKind = PaperKind.KTP, **more: Any) -> Sample:
    return Sample("invented", 7, asked, kind, HOLDER, draw=lambda _: b"picture", **more)


def figures(*reads: SampleRead, with_wrong_nik: tuple[SampleRead, ...] = ()) -> dict[str, float]:
    table = papers_hits.make_table(HitCounts(reads, with_wrong_nik))
    return {figure.name.removeprefix("papers.hits."): figure.value for figure in table.figures}


def test_good_pictures_are_accepted_flagged_or_refused() -> None:
    outcomes = [Verdict("accepted")] * 5 + [Verdict("flagged")] * 2 + [Verdict("refused")]
    counted = figures(*(SampleRead(sample(), verdict) for verdict in outcomes))
    assert (counted["right_accepted"], counted["good_flagged"], counted["good_refused"]) == (62.5, 25.0, 12.5)
    assert counted["wrong_caught"] == 0, "none was wrong"


def test_slightly_bad_pictures_do_not_count_as_good_ones() -> None:
    slightly_bad = next(read for read in deciding_samples(0.05) if read.quality is Quality.SLIGHTLY_BAD)
    counted = figures(SampleRead(sample(), Verdict("accepted")), SampleRead(slightly_bad, Verdict("refused")))
    assert counted["right_accepted"] == 100


def test_a_wrong_picture_is_caught_unless_it_is_accepted() -> None:
    other = sample(PaperKind.DIPLOMA)
    selfie = sample(None, PaperKind.PHOTO, sort=WrongSort.SELFIE)
    counted = figures(
        SampleRead(other, Verdict("accepted")),
        SampleRead(other, Verdict("flagged")),
        SampleRead(other, Verdict("refused")),
        SampleRead(selfie, Verdict("accepted")),
    )
    assert (counted["wrong_caught"], counted["wrong_refused"], counted["selfies_taken"]) == (50, 25, 1)


def test_a_blurred_picture_must_not_agree_even_where_it_is_caught() -> None:
    blurred = sample(quality=Quality.BLURRED)
    agreeing = Verdict("flagged", agreements={"nik": "not_read", "full_name": "agrees"})
    counted = figures(SampleRead(blurred, agreeing), SampleRead(blurred, Verdict("accepted")))
    assert (counted["blurred_caught"], counted["blurred_agreeing"]) == (50, 1)


@pytest.mark.parametrize(
    ("verdict", "found"),
    [
        (Verdict("flagged", agreements={"nik": "differs"}), 100),
        (Verdict("accepted", agreements={"nik": "differs"}), 0),
        (Verdict("flagged", agreements={"nik": "agrees"}), 0),
        (Verdict("flagged", agreements={"nik": "not_read"}), 0),
    ],
)
def test_a_wrong_nik_is_found_where_it_differs_and_is_not_accepted(verdict: Verdict, found: float) -> None:
    assert figures(with_wrong_nik=(SampleRead(sample(), verdict),))["wrong_nik_found"] == found


def test_a_readable_card_is_compared_again_with_a_mistyped_and_a_strangers_nik() -> None:
    asked: list[AskedPaper] = []

    def read(_: bytes, question: AskedPaper) -> Verdict:
        asked.append(question)
        return Verdict("accepted", agreements={"nik": "agrees" if question.facts["nik"] == HOLDER.nik else "differs"})

    counts = papers_hits.read_samples([sample()], read)
    own, mistyped, strangers = [question.facts["nik"] for question in asked]
    assert own == HOLDER.nik
    assert mistyped[:12] == HOLDER.nik[:12]
    assert mistyped != HOLDER.nik
    assert strangers[:12] != HOLDER.nik[:12]
    assert (len(counts.reads), len(counts.with_wrong_nik)) == (1, 2)


@pytest.mark.parametrize(
    "not_compared",
    [sample(quality=Quality.BLURRED), sample(PaperKind.DIPLOMA, PaperKind.DIPLOMA), sample(PaperKind.DIPLOMA)],
    ids=["blurred", "no card", "another kind"],
)
def test_other_pictures_are_read_once(not_compared: Sample) -> None:
    counts = papers_hits.read_samples([not_compared], lambda *_: Verdict("accepted", agreements={"nik": "agrees"}))
    assert (len(counts.reads), counts.with_wrong_nik) == (1, ())


def test_a_card_that_was_not_read_is_no_readable_one() -> None:
    counts = papers_hits.read_samples([sample()], lambda *_: Verdict("flagged", agreements={"nik": "not_read"}))
    assert counts.with_wrong_nik == ()


def test_the_reader_knows_right_and_wrong_ones_of_a_handful() -> None:
    """The short form of `./paspor bench papers.hits`, on pictures of the half that is tuned on."""
    from services.application.paper_reading.reading.read_paper import read_paper

    wanted = ("ktp/good-0", "white_page/0", "receipt/0", "ktp/blurred-0")
    handful = [found for found in tuning_samples() if found.name.removeprefix("tuning/") in wanted]
    counts = papers_hits.read_samples(handful, read_paper)
    counted = {figure.name: figure.met for figure in papers_hits.make_table(counts).figures}
    assert len(handful) == len(wanted)
    assert len(counts.with_wrong_nik) == 2, "the card was read"
    assert set(counted.values()) == {True, None}, counted


def test_the_rows_tell_what_each_picture_was_taken_for() -> None:
    reads = (
        SampleRead(sample(), Verdict("accepted", kind="ktp")),
        SampleRead(sample(), Verdict("flagged", "unknown_kind")),
        SampleRead(sample(None, sort=WrongSort.CHAT), Verdict("refused", "other_kind", "receipt")),
        SampleRead(replace(sample(), quality=Quality.BLURRED), Verdict("refused", "blurred")),
        SampleRead(sample(PaperKind.DIPLOMA), Verdict("refused", "other_kind", "diploma")),
    )
    wrong_nik = (SampleRead(sample(), Verdict("flagged", "data_differ", "ktp")),)
    assert papers_hits.make_table(HitCounts(reads, wrong_nik)).rows == (
        ("ktp", "2", "1", "1", "0", "ktp 1, none 1", "unknown_kind 1"),
        ("wrong: chat", "1", "0", "0", "1", "receipt 1", "other_kind 1"),
        ("ktp, blurred beyond reading", "1", "0", "0", "1", "none 1", "blurred 1"),
        ("wrong: another kind of paper", "1", "0", "0", "1", "diploma 1", "other_kind 1"),
        ("ktp, a wrong NIK typed", "1", "0", "1", "0", "ktp 1", "data_differ 1"),
    )


def test_a_passport_is_asked_with_its_number_and_a_card_without() -> None:
    assert papers_hits.ask(PaperKind.OLD_PASSPORT, HOLDER).facts["passport_number"] == HOLDER.passport_number
    assert "passport_number" not in papers_hits.ask(PaperKind.KTP, HOLDER).facts
