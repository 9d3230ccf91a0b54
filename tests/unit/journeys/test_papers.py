"""Papers that a journey sends: each item gets the paper that it asks for, with the applicant's own data."""

from __future__ import annotations

import random
from typing import Any

import pytest

from journeys import papers
from journeys.people import People, picture
from paper_samples.kinds import PaperKind


def test_an_item_gets_the_paper_of_the_applicant(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    def draw(*asked: Any) -> bytes:
        drawn.append(asked)
        return b"jpeg"

    monkeypatch.setattr(papers, "draw_paper", draw)
    person = People(random.Random(1)).adult()
    assert papers.draw_paper_for("parent_ktp", person) == b"jpeg"
    ((kind, holder, seed),) = drawn
    assert kind is PaperKind.KTP
    assert (holder.nik, holder.full_name, holder.birth_date) == (
        person.nik,
        person.full_name.upper(),
        person.birth_date,
    )
    assert seed == int(person.nik), "the same paper at every call"
    assert papers.holder_of(person) == holder


def test_an_item_without_a_known_paper_gets_a_placeholder() -> None:
    person = People(random.Random(1)).adult()
    assert papers.draw_paper_for("supporting_document", person) == picture("supporting_document")
