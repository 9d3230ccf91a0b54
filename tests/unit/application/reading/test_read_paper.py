"""Whole verdicts on drawn papers: the reader itself looks at each picture, so there are few of them."""

from __future__ import annotations

import pytest
from PIL import Image

from services.application.paper_reading.reading.read_paper import read_paper
from services.application.paper_reading.verdict import AskedPaper, Verdict
from tests.unit.application.reading import drawn

ASKED = AskedPaper("ktp", "ktp", 1, drawn.FACTS)


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a line is looked for: the refusal has to come before."""

    def refuse(_pixels: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("services.application.paper_reading.reading.page_reading.find_lines", refuse)


def of(picture: Image.Image, asked: AskedPaper = ASKED, *, blur: float = 0.0) -> Verdict:
    return read_paper(drawn.as_jpeg(picture, blur=blur), asked)


def test_a_good_card_is_accepted_and_agrees() -> None:
    verdict = of(drawn.lay_down(drawn.draw_paper(drawn.KTP)))
    assert (verdict.outcome, verdict.reason, verdict.kind) == ("accepted", None, "ktp")
    assert verdict.agreements == {"nik": "agrees", "full_name": "agrees", "birth_date": "agrees"}
