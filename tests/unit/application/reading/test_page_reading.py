"""How far a page is read, and when it is read again: with lines that are told in place of a reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.application.paper_reading.reading import page_reading
from services.application.paper_reading.reading.agreement import Reading
from services.application.paper_reading.reading.kinds import PaperKind
from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.mrz import Mrz
from services.application.paper_reading.reading.page import Page, Pixels
from services.application.paper_reading.reading.page_reading import has_key_field, is_settled, kind_of, read_page
from services.application.paper_reading.reading.text_lines import FoundLines
from services.application.paper_reading.verdict import AskedPaper
from tests.unit.application.reading import drawn

KTP = AskedPaper("ktp", "ktp", 1, drawn.FACTS)
FAMILY_CARD = AskedPaper("family_card", "family_card", 1, drawn.FACTS)
TITLES = drawn.FAMILY_CARD[:6]
MEMBER = drawn.FAMILY_CARD[6]
OTHER_TEXT = tuple(f"catatan harian ke {row}" for row in range(12))
SMALL_PAGE = Page(
    kept=np.zeros((900, 1200, 3), np.uint8), read=np.zeros((600, 800, 3), np.uint8), grey=np.zeros((300, 400), np.uint8)
)

Texts = Callable[[Pixels, int], Sequence[str]]
"""Tells the lines of a picture that is searched at a size."""


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Have lines told; returns the numbers of all lines that are read."""

    def set_up(texts: Texts, turn: str = "0") -> list[int]:
        told: dict[int, Sequence[str]] = {}
        numbers_read: list[int] = []

        def find(pixels: Pixels, side: int) -> FoundLines:
            lines = texts(pixels, side)
            corners = [[(300, y), (500, y), (500, y + 9), (300, y + 9)] for y in range(200, 200 + 10 * len(lines), 10)]
            found = FoundLines(pixels, np.asarray(corners or np.empty((0, 4, 2)), np.float32))
            told[id(found)] = lines
            return found

        def read(found: FoundLines, numbers: Iterable[int]) -> dict[int, TextLine]:
            wanted = list(numbers)
            numbers_read.extend(wanted)
            return {number: TextLine(told[id(found)][number]) for number in wanted}

        monkeypatch.setattr(page_reading, "find_turn", lambda _pixels: turn)
        monkeypatch.setattr(page_reading, "find_lines", find)
        monkeypatch.setattr(page_reading, "read_lines", read)
        return numbers_read

    return set_up


def test_lines_that_change_nothing_are_not_read(tell: Callable[..., list[int]]) -> None:
    numbers = tell(lambda _pixels, _side: (*drawn.KTP, *OTHER_TEXT))
    assert set(read_page(SMALL_PAGE, KTP).agreements.values()) == {"agrees"}
    assert len(numbers) == 16, "as far as the foot of the card"
    numbers = tell(lambda _pixels, _side: (*TITLES, *OTHER_TEXT))
    assert read_page(SMALL_PAGE, KTP).kind is PaperKind.FAMILY_CARD
    assert len(numbers) == 8


def test_a_member_that_was_missed_is_looked_for_in_the_kept_picture(tell: Callable[..., list[int]]) -> None:
    tell(lambda pixels, _side: TITLES if pixels.shape == SMALL_PAGE.read.shape else (*TITLES, MEMBER))
    read = read_page(SMALL_PAGE, FAMILY_CARD)
    assert read.agreements == {"nik": "agrees", "full_name": "agrees", "birth_date": "agrees"}


@pytest.mark.acceptance("F44.cropped")
def test_a_paper_is_read_on_until_its_head_and_foot_are_found(tell: Callable[..., list[int]]) -> None:
    head, foot = drawn.KTP[0], drawn.KTP[-2:]
    numbers = tell(lambda _pixels, _side: (*drawn.KTP[1:], *OTHER_TEXT))
    read = read_page(SMALL_PAGE, KTP)
    assert (read.has_title, read.has_foot, len(numbers)) == (False, True, len(drawn.KTP) - 1 + len(OTHER_TEXT))
    tell(lambda _pixels, _side: (head, *(line for line in drawn.KTP[1:] if line not in foot)))
    read = read_page(SMALL_PAGE, KTP)
    assert (read.has_title, read.has_foot) == (True, False)


@pytest.mark.acceptance("F44.cropped")
def test_a_card_whose_portrait_is_cut_off_is_told_by_the_place_of_its_title(
    tell: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(lambda _pixels, _side: drawn.KTP)
    assert not read_page(SMALL_PAGE, KTP).beyond_edge
    read = page_reading.read_lines

    def title_to_the_right(found: FoundLines, numbers: Iterable[int]) -> dict[int, TextLine]:
        lines = read(found, numbers)
        return {number: replace(line, left=0.1 if number else 0.5, right=0.9) for number, line in lines.items()}

    monkeypatch.setattr(page_reading, "read_lines", title_to_the_right)
    assert read_page(SMALL_PAGE, KTP).beyond_edge


def test_a_head_that_the_first_reading_missed_counts_when_the_second_finds_it(tell: Callable[..., list[int]]) -> None:
    headless = (*drawn.FAMILY_CARD[1:6], "Hubungan Dalam Keluarga", "Dokumen Imigrasi")
    tell(lambda pixels, _side: headless if pixels.shape == SMALL_PAGE.read.shape else (*TITLES, MEMBER))
    assert read_page(SMALL_PAGE, FAMILY_CARD).has_title
    tell(lambda pixels, _side: headless if pixels.shape == SMALL_PAGE.read.shape else (*headless, MEMBER))
    assert not read_page(SMALL_PAGE, FAMILY_CARD).has_title
    tell(lambda pixels, _side: headless if pixels.shape == SMALL_PAGE.read.shape else OTHER_TEXT)
    assert not read_page(SMALL_PAGE, FAMILY_CARD).has_title, "a reading without a kind says nothing of its title"


def test_a_second_reading_that_finds_less_changes_nothing(tell: Callable[..., list[int]]) -> None:
    tell(lambda pixels, _side: TITLES if pixels.shape == SMALL_PAGE.read.shape else ())
    read = read_page(SMALL_PAGE, FAMILY_CARD)
    assert (read.kind, read.agreements["nik"]) == (PaperKind.FAMILY_CARD, "differs")


def test_a_small_paper_without_a_kind_is_cut_out(tell: Callable[..., list[int]]) -> None:
    tell(lambda pixels, _side: OTHER_TEXT if pixels.shape == SMALL_PAGE.read.shape else drawn.KTP)
    assert read_page(SMALL_PAGE, KTP).kind is PaperKind.KTP


def test_a_page_with_hardly_a_line_is_searched_closer(tell: Callable[..., list[int]]) -> None:
    tell(lambda _pixels, side: drawn.KTP if side == 1440 else ())
    assert read_page(SMALL_PAGE, KTP).kind is PaperKind.KTP
    tell(lambda _pixels, _side: ())
    assert read_page(SMALL_PAGE, KTP).lines == 0


def test_a_page_that_was_turned_wrongly_is_read_as_it_came(tell: Callable[..., list[int]]) -> None:
    upright = SMALL_PAGE.read
    tell(lambda pixels, _side: drawn.KTP if pixels is upright else OTHER_TEXT, turn="90")
    assert read_page(SMALL_PAGE, KTP).kind is PaperKind.KTP
    tell(lambda _pixels, _side: OTHER_TEXT, turn="90")
    assert read_page(SMALL_PAGE, KTP).kind is None


def test_a_kind_alone_settles_a_page_only_where_it_is_certain() -> None:
    statement = AskedPaper("parents_statement", "parents_statement")
    certain = [TextLine("SURAT PERNYATAAN KEDUA ORANG TUA")]
    assert is_settled(certain, statement)
    assert not is_settled([TextLine("kedua orang tua menyetujui"), TextLine("nama ayah")], statement)
    assert not is_settled([TextLine(OTHER_TEXT[0])], statement)
    assert is_settled(certain, KTP)
    assert not is_settled(certain, AskedPaper("ktp", "ktp", 2))


def test_a_zone_tells_whose_passport_it_is() -> None:
    second = TextLine("L898902C36UTO7408122F1204159ZE184226B<<<<<10")
    assert kind_of([second])[0].kind is PaperKind.FOREIGN_PASSPORT
    assert kind_of([TextLine("P<IDNCONTOH<<SARI<<<<<<<<<"), second])[0].kind is PaperKind.OLD_PASSPORT


@pytest.mark.parametrize(
    ("kind", "texts", "mrz", "has"),
    [
        (PaperKind.OLD_PASSPORT, (), None, False),
        (PaperKind.OLD_PASSPORT, (), Mrz("IDN", None, None, None, None), False),
        (PaperKind.OLD_PASSPORT, (), Mrz("IDN", "X1234567", None, None, None), True),
        (PaperKind.KTP, (), None, False),
        (PaperKind.KTP, (drawn.NIK,), None, True),
        (PaperKind.FAMILY_CARD, (f"No. {drawn.NIK}",), None, False),
        (PaperKind.FAMILY_CARD, (drawn.NIK,), None, True),
        (PaperKind.DIPLOMA, (), None, True),
    ],
)
def test_each_kind_has_a_field_without_which_it_is_of_no_use(
    kind: PaperKind, texts: tuple[str, ...], mrz: Mrz | None, has: bool
) -> None:
    assert has_key_field(Reading(kind, [TextLine(text) for text in texts], mrz)) is has
