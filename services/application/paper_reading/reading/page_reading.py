"""Reading one page: titles first, and then only as far as the kind and the typed facts are settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from services.application.paper_reading.reading import layout
from services.application.paper_reading.reading.agreement import AGREES, Reading, compare
from services.application.paper_reading.reading.kinds import (
    FEET,
    KindFound,
    PaperKind,
    find_kind,
    find_title,
    has_foot,
    has_title,
)
from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.mrz import Mrz, find_mrz
from services.application.paper_reading.reading.nik_reading import find_numbers, numbers_of_members
from services.application.paper_reading.reading.orientation import find_turn, turn_back
from services.application.paper_reading.reading.page import READ_SIDE_PIXELS, Page, Pixels, shrink
from services.application.paper_reading.reading.policy import (
    CERTAIN,
    LEAST_LINES,
    MANY_LINES,
    Read,
    expected_kinds,
    right_kinds,
)
from services.application.paper_reading.reading.text_lines import (
    CLOSE_SIDE_PIXELS,
    FINE_SIDE_PIXELS,
    SIDE_PIXELS,
    FoundLines,
    find_lines,
    read_lines,
)
from services.application.paper_reading.verdict import FULL_NAME, NIK, AskedPaper

BATCH: Final = 8
"""Lines that are read before it is seen whether that was enough: the first ones are the titles."""

UNTURNED: Final = "0"
PROOF: Final = frozenset({NIK, FULL_NAME})
"""With both, a date in words adds nothing."""


def read_page(page: Page, asked: AskedPaper) -> Read:
    """Return what reading the page found.

    A tilted page can be taken for a turned one, and small print is read once more cut out of the kept picture.
    """
    turn = find_turn(page.read)
    side = FINE_SIDE_PIXELS if PaperKind.FAMILY_CARD in expected_kinds(asked) else SIDE_PIXELS
    found, read = _read_pixels(turn_back(page.read, turn), asked, side)
    if len(found) < LEAST_LINES:
        found, read = _read_pixels(turn_back(page.read, turn), asked, CLOSE_SIDE_PIXELS)
    if turn != UNTURNED and read.kind is None and read.lines + read.unread_lines >= MANY_LINES:
        found_unturned, unturned = _read_pixels(page.read, asked, side)
        if unturned.kind is not None or unturned.lines > read.lines:
            turn, found, read = UNTURNED, found_unturned, unturned
    if _is_worth_cutting_out(found, read, asked):
        read = _read_cut_out(turn_back(page.kept, turn), found, read, page.scale, asked)
    return replace(read, letter_pixels=layout.letter_pixels(found) * page.scale)


def _read_pixels(pixels: Pixels, asked: AskedPaper, side: int) -> tuple[FoundLines, Read]:
    found = find_lines(pixels, side)
    lines, tried = _read_as_needed(found, asked)
    guess, mrz = kind_of(lines)
    kind = guess.kind
    reading = Reading(kind, lines, mrz) if kind is not None and kind in right_kinds(asked) else None
    return found, Read(
        kind=kind,
        confidence=guess.confidence,
        lines=len(lines),
        unread_lines=tried - len(lines),
        tilt_degrees=layout.tilt_degrees(found),
        cut_lines=layout.count_cut_lines(found),
        beyond_edge=kind is PaperKind.KTP and _ends_outside(lines),
        has_title=kind is None or has_title(kind, lines),
        has_foot=kind is None or has_foot(kind, lines),
        has_key_field=reading is not None and has_key_field(reading),
        agreements=compare(asked.requirement, asked.facts, reading) if reading is not None else {},
    )


def _ends_outside(lines: Sequence[TextLine]) -> bool:
    """Whether the right of a card is cut off, where only a portrait is and no line that would be cut."""
    title = find_title(PaperKind.KTP, lines)
    return title is not None and layout.reaches_beyond(lines, title)


def _read_as_needed(found: FoundLines, asked: AskedPaper) -> tuple[list[TextLine], int]:
    """The lines that were read, in their order on the page, and how many were tried."""
    read: dict[int, TextLine] = {}
    tried = 0
    with_feet = any(kind in FEET for kind in right_kinds(asked))
    for batch in _batches(layout.reading_order(found, with_feet=with_feet)):
        read |= read_lines(found, batch)
        tried += len(batch)
        if is_settled([read[number] for number in sorted(read)], asked):
            break
    return [read[number] for number in sorted(read)], tried


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]


def is_settled(lines: Sequence[TextLine], asked: AskedPaper) -> bool:
    """Return whether more lines would change nothing: another kind for certain, or the paper is the right person's."""
    found, mrz = kind_of(lines)
    if found.kind is None:
        return False
    if found.kind not in expected_kinds(asked):
        return asked.page == 1 and found.confidence >= CERTAIN
    reading = Reading(found.kind, lines, mrz)
    agreements = compare(asked.requirement, asked.facts, reading)
    agreeing = {name for name, word in agreements.items() if word == AGREES}
    is_holders = agreeing >= PROOF or agreeing == set(agreements)
    is_whole = has_key_field(reading) and has_title(found.kind, lines) and has_foot(found.kind, lines)
    return is_whole and is_holders and (bool(agreeing) or found.confidence >= CERTAIN)


def kind_of(lines: Sequence[TextLine]) -> tuple[KindFound, Mrz | None]:
    """Return the kind, and the zone that makes a page the data page of a passport."""
    mrz = find_mrz(lines)
    if mrz is None:
        return find_kind(lines), None
    return KindFound(PaperKind.OLD_PASSPORT if mrz.issuer == "IDN" else PaperKind.FOREIGN_PASSPORT, 1.0), mrz


def has_key_field(reading: Reading) -> bool:
    """Return whether the field is read without which such a paper is of no use."""
    if reading.kind is PaperKind.OLD_PASSPORT:
        return reading.mrz is not None and reading.mrz.number is not None
    if reading.kind is PaperKind.FAMILY_CARD:
        return bool(numbers_of_members(reading.lines))
    return reading.kind is not PaperKind.KTP or bool(find_numbers(reading.lines))


def _is_worth_cutting_out(found: FoundLines, read: Read, asked: AskedPaper) -> bool:
    """Whether a second reading may find what the first one missed: the key field, a member, or the kind itself."""
    if not len(found):
        return False
    if read.kind is None:
        return layout.paper_share(found) <= layout.SHARE_CUT_OUT and read.lines + read.unread_lines >= MANY_LINES
    misses_member = read.kind is PaperKind.FAMILY_CARD and read.agreements.get(NIK, AGREES) != AGREES
    return read.kind in expected_kinds(asked) and (not read.has_key_field or misses_member)


def _read_cut_out(kept: Pixels, found: FoundLines, read: Read, scale: float, asked: AskedPaper) -> Read:
    rows, columns = layout.paper_box(found, scale, kept.shape)
    _, again = _read_pixels(shrink(kept[rows, columns], READ_SIDE_PIXELS), asked, FINE_SIDE_PIXELS)
    better = max(again, read, key=_worth)
    readings = [reading for reading in (read, again) if reading.kind is better.kind]
    return replace(
        better,
        cut_lines=read.cut_lines,
        beyond_edge=read.beyond_edge,
        has_title=any(reading.has_title for reading in readings),
        has_foot=any(reading.has_foot for reading in readings),
        tilt_degrees=read.tilt_degrees,
    )


def _worth(read: Read) -> tuple[bool, bool, int]:
    """Of two readings the one with the kind, then with the key field, then with more that agrees is the better."""
    return read.kind is not None, read.has_key_field, list(read.agreements.values()).count(AGREES)
