"""Whole verdicts on drawn papers: the reader itself looks at each picture, so there are few of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import segno
from PIL import Image

from services.application.paper_reading import reader_worker
from services.application.paper_reading.reading import layout, page_reading
from services.application.paper_reading.reading import read_paper as verdicts
from services.application.paper_reading.reading.codes import count_codes
from services.application.paper_reading.reading.faces import face_share, has_plain_background
from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.orientation import turn_back
from services.application.paper_reading.reading.page import NotAPicture, Pixels, decode_page
from services.application.paper_reading.reading.read_paper import read_paper, warm_up
from services.application.paper_reading.reading.sharpness import glare_share
from services.application.paper_reading.reading.text_lines import FoundLines
from services.application.paper_reading.verdict import AskedPaper, Verdict
from tests.unit.application.reading import drawn

ASKED = AskedPaper("ktp", "ktp", 1, drawn.FACTS)
EMPTY = np.empty((0, 4, 2), np.float32)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is read fails: the refusal has to come before."""

    def refuse(*_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(verdicts, "read_page", refuse)


def of(picture: Image.Image, asked: AskedPaper = ASKED, *, blur: float = 0.0) -> Verdict:
    return read_paper(drawn.as_jpeg(picture, blur=blur), asked)


def card(lines: tuple[str, ...] = drawn.KTP) -> Image.Image:
    return drawn.lay_down(drawn.draw_paper(lines))


def test_a_good_card_is_accepted_and_agrees() -> None:
    verdict = of(card())
    assert (verdict.outcome, verdict.reason, verdict.kind) == ("accepted", None, "ktp")
    assert verdict.agreements == {"nik": "agrees", "full_name": "agrees", "birth_date": "agrees"}


def test_a_card_that_lies_on_its_side_is_read_and_a_mistyped_nik_is_found() -> None:
    mistyped = replace(ASKED, facts={**drawn.FACTS, "nik": drawn.NIK[:-1] + "2"})
    verdict = of(card().transpose(Image.Transpose.ROTATE_90), mistyped)
    assert (verdict.outcome, verdict.reason, verdict.agreements["nik"]) == ("flagged", "data_differ", "differs")


@pytest.mark.acceptance("F44.kind")
def test_another_paper_is_refused_with_its_kind() -> None:
    verdict = of(card(drawn.FAMILY_CARD))
    assert (verdict.outcome, verdict.reason, verdict.kind) == ("refused", "other_kind", "family_card")
    assert verdict.agreements == {}


@pytest.mark.usefixtures("unread")
@pytest.mark.acceptance("F44.blurred", "X17.blurred")
def test_a_picture_blurred_beyond_reading_is_refused_unread() -> None:
    verdict = of(card(), blur=14)
    assert (verdict.outcome, verdict.reason, verdict.agreements) == ("refused", "blurred", {})


def test_a_blurred_paper_on_a_sharp_table_never_agrees() -> None:
    paper = drawn.draw_paper(drawn.KTP)
    verdict = of(drawn.lay_down(Image.open(io.BytesIO(drawn.as_jpeg(paper, blur=22)))))
    assert verdict.outcome != "accepted"
    assert "agrees" not in verdict.agreements.values()


@pytest.mark.acceptance("F44.cropped", "X17.cropped")
def test_a_cropped_card_is_flagged() -> None:
    verdict = of(card().crop((330, 0, 1800, 1300)))
    assert (verdict.outcome, verdict.reason) == ("flagged", "cropped")


def test_a_card_far_away_is_never_accepted_without_a_word() -> None:
    verdict = of(drawn.lay_down(drawn.draw_paper(drawn.KTP), scale=0.17))
    assert verdict.outcome != "accepted" or "too_small" in verdict.findings


@pytest.mark.usefixtures("unread")
@pytest.mark.acceptance("F44.too_small")
def test_a_picture_of_few_pixels_is_refused_unread() -> None:
    verdict = of(card().resize((400, 289)))
    assert (verdict.outcome, verdict.reason) == ("refused", "too_small")


@pytest.mark.acceptance("X17.tilted")
@pytest.mark.parametrize(("degrees", "outcome"), [(12.0, "accepted"), (-30.0, "flagged")])
def test_a_tilted_card_is_told_and_from_25_degrees_on_flagged(degrees: float, outcome: str) -> None:
    verdict = of(drawn.lay_down(drawn.draw_paper(drawn.KTP), scale=0.8, degrees=degrees))
    assert "tilted" in verdict.findings
    assert verdict.outcome == outcome


def test_text_in_a_picture_is_no_command_and_no_value() -> None:
    verdict = of(drawn.lay_down(drawn.draw_paper(drawn.LETTER, letter=52)))
    assert (verdict.outcome, verdict.reason, verdict.kind) == ("flagged", "unknown_kind", None)
    told = json.dumps(asdict(verdict)).lower()
    assert not any(word in told for word in ("accept this", "drop", "kepada", "ignore", "terima"))


def test_a_later_page_of_other_text_is_accepted_with_a_finding() -> None:
    verdict = of(drawn.lay_down(drawn.draw_paper(drawn.LETTER, letter=52)), AskedPaper("birth_proof", "diploma", 2))
    assert (verdict.outcome, verdict.findings) == ("accepted", ("unknown_kind",))


def test_a_picture_of_things_is_refused() -> None:
    verdict = of(drawn.scene())
    assert (verdict.outcome, verdict.reason, verdict.kind) == ("refused", "nothing_written", "scene")


def test_a_code_alone_is_no_paper() -> None:
    buffer = io.BytesIO()
    segno.make("KIND=KTP").save(buffer, kind="png", scale=12, border=8)
    code = Image.open(buffer).convert("RGB").resize((700, 700))
    assert count_codes(decode_page(drawn.as_jpeg(code)).grey) == 1
    assert of(code).outcome != "accepted"


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize(
    "picture",
    [Image.new("RGB", (900, 700), "white"), Image.new("RGB", (900, 700), "black"), drawn.noise()],
    ids=["white", "black", "noise"],
)
def test_a_picture_of_one_tone_is_refused_unread(picture: Image.Image) -> None:
    verdict = of(picture)
    assert (verdict.outcome, verdict.reason) == ("refused", "one_tone")


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_bytes_that_are_no_picture_are_flagged(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        decode_page(content)
    assert read_paper(content, ASKED).outcome == "flagged"


def test_a_portrait_is_asked_for_a_face_before_a_plain_wall() -> None:
    verdict = of(drawn.scene(), AskedPaper("photo", "photo"))
    assert (verdict.outcome, verdict.reason) == ("flagged", "no_portrait")
    assert face_share(np.full((500, 400), 200, np.uint8)) == 0


def wall(blue: int, green: int, red: int) -> Pixels:
    """A wall that gets a third darker from left to right."""
    light = np.linspace(1.0, 0.67, 400)[np.newaxis, :, np.newaxis]
    return np.asarray(np.full((500, 400, 3), (blue, green, red)) * light, np.uint8)


@pytest.mark.parametrize("colour", [(244, 244, 246), (36, 28, 196), (170, 78, 30)], ids=["white", "red", "blue"])
def test_a_wall_with_light_from_one_side_is_plain(colour: tuple[int, int, int]) -> None:
    assert has_plain_background(wall(*colour))


def beside_the_head(pixels: Pixels) -> None:
    for shelf in range(0, 250, 60):
        pixels[shelf : shelf + 20, :40] = 0


def books_of_one_tone(pixels: Pixels) -> None:
    pixels[:250, :25] = (40, 150, 190)
    pixels[:250, 375:] = (200, 130, 110)


def above_the_head(pixels: Pixels) -> None:
    pixels[:90, 150:300] = 20


@pytest.mark.parametrize("put", [beside_the_head, books_of_one_tone, above_the_head])
def test_a_room_behind_a_selfie_is_no_wall(put: Callable[[Pixels], None]) -> None:
    room = wall(150, 150, 150)
    put(room)
    assert not has_plain_background(room)


def test_glare_is_what_shines_on_a_darker_paper() -> None:
    paper = np.full((300, 400), 150, np.uint8)
    assert glare_share(paper) == 0
    paper[50:100, 50:150] = 255
    assert glare_share(paper) == pytest.approx(5000 / 120_000, rel=0.05)
    assert glare_share(np.full((300, 400), 255, np.uint8)) == 0


def test_an_empty_page_has_no_lines_to_measure() -> None:
    found = FoundLines(np.zeros((10, 20, 3), np.uint8), EMPTY)
    assert (layout.letter_pixels(found), layout.tilt_degrees(found), layout.count_cut_lines(found)) == (0.0, 0.0, 0)
    assert layout.reading_order(found) == []


def lines_at(*boxes: tuple[int, int, int, int]) -> FoundLines:
    """Lines by left, top, right and bottom, in a picture of 2000 x 1000."""
    corners = [[(left, top), (right, top), (right, bottom), (left, bottom)] for left, top, right, bottom in boxes]
    return FoundLines(np.zeros((1000, 2000, 3), np.uint8), np.asarray(corners, np.float32))


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ((21, 500, 400, 540), 0),
        ((20, 500, 400, 540), 1),
        ((500, 21, 900, 61), 0),
        ((500, 20, 900, 60), 1),
        ((1500, 500, 1978, 540), 0),
        ((1500, 500, 1979, 540), 1),
        ((500, 938, 900, 978), 0),
        ((500, 939, 900, 979), 1),
    ],
)
def test_a_line_within_half_its_height_of_the_edge_counts_as_cut(box: tuple[int, int, int, int], cut: int) -> None:
    assert layout.count_cut_lines(lines_at(box)) == cut


def test_a_card_whose_title_is_not_in_the_middle_of_what_is_seen_ends_outside() -> None:
    label = TextLine("NIK", left=0.05, right=0.1)
    whole, cut = TextLine("PROVINSI", left=0.35, right=0.72), TextLine("PROVINSI", left=0.35, right=0.74)
    assert not layout.reaches_beyond((whole, label), whole)
    assert layout.reaches_beyond((cut, label), cut)


def test_a_page_is_turned_back() -> None:
    page = np.zeros((2, 3, 3), np.uint8)
    page[0, 0] = 9
    for turn, times in (("0", 0), ("90", 3), ("180", 2), ("270", 1)):
        assert (turn_back(np.ascontiguousarray(np.rot90(page, times)), turn) == page).all()


def test_a_tilted_page_that_was_taken_for_a_turned_one_is_read_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_reading, "find_turn", lambda _pixels: "180")
    assert of(card()).outcome == "accepted"


def test_the_worker_answers_with_codes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def note(content: bytes, about: AskedPaper) -> Verdict:
        asked.append((content, about))
        return Verdict("flagged", "unknown_kind", findings=("unknown_kind",))

    monkeypatch.setattr(reader_worker, "read_paper", note)
    answer = reader_worker.answer_job(asdict(ASKED), b"picture")
    assert asked == [(b"picture", ASKED)]
    assert json.loads(json.dumps(answer.head))["reason"] == "unknown_kind"
    assert answer.blobs == ()


def test_a_blank_page_warms_the_models() -> None:
    warm_up()
