"""The bench of verdicts on pages, without a reader: what is drawn, and what is held against what."""

from __future__ import annotations

from bench.papers_check import OF_EACH_KIND, UNREAD_SORTS, Times, asked_of, group_of, make_table
from paper_samples.tuning_half import tuning_samples


def test_pages_of_each_kind_with_text_and_refusals_are_measured() -> None:
    groups = [group_of(sample) for sample in tuning_samples()]
    assert {group for group in groups if group} > set(UNREAD_SORTS)
    assert all(groups.count(group) >= OF_EACH_KIND for group in groups if group)
    assert "photo" not in groups and "selfie" not in groups


def test_the_typed_facts_of_a_sample_are_its_holders() -> None:
    sample = next(tuning_samples())
    assert asked_of(sample).facts["nik"] == sample.holder.nik


def test_each_figure_is_held_against_the_bare_readers() -> None:
    times: dict[str, Times] = {}
    for group, whole, bare, outcome in (("ktp", 0.5, 1.0, "accepted"), ("noise", 0.1, 0.2, "refused")):
        times.setdefault(group, Times()).add(whole, bare, outcome)
    table = make_table(times, 700.0)
    told = {figure.name: (figure.ratio, figure.met) for figure in table.figures}
    assert told["papers.check_p95"] == (0.5, True)
    assert told["papers.refusal"] == (0.1, True)
    assert told["papers.rate"] == (2.0, True)
    assert told["papers.peak"] == (None, True)
    assert table.rows[0][-1] == "1 accepted"
