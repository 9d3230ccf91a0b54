"""Papers drawn by Pillow, flat: cards, data pages, certificates and sheets in the arrangement of the real ones."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image, ImageDraw

from paper_samples.contents import Content, Table
from paper_samples.drawing import Drawing
from paper_samples.kinds import PaperKind
from paper_samples.pillow_faces import draw_portrait
from paper_samples.pillow_lettering import (
    BOLD,
    CAP_HEIGHT,
    HANDWRITTEN,
    REGULAR,
    TYPEWRITTEN,
    ZONE,
    Cut,
    Ink,
    Sheet,
)

CARD_SIZE: Final = (1372, 864)
"""85.6 by 54 mm, 16 pixels to the millimetre."""

DATA_PAGE_SIZE: Final = (1750, 1232)
"""125 by 88 mm, 14 pixels to the millimetre."""

SHEET_SIZE: Final = (1654, 2339)
"""A4 upright, 200 dpi."""

BOOK_PAGE_SIZE: Final = (1400, 1980)
WIDE_SHEET_SIZE: Final = (2970, 2100)
"""A4 across, 10 pixels to the millimetre."""

PEN: Final[Ink] = (30, 40, 120)
HEADED_BY: Final = 1.35
"""Titles are so much larger than fields."""


def draw_page(content: Content, chance: random.Random) -> Drawing:
    """Return the page of this content; colours, cuts of the letters and distances are drawn by lot."""
    return _LAYOUTS.get(content.kind, _draw_sheet)(content, chance)


def _draw_card(content: Content, chance: random.Random) -> Drawing:
    width, height = CARD_SIZE
    tint = chance.choice(((186, 216, 236), (176, 208, 228), (198, 222, 238)))
    sheet = Sheet(_patterned(CARD_SIZE, tint, (150, 190, 215), chance))
    for line, title in enumerate(content.titles):
        sheet.write((width * 0.48, height * (0.035 + 0.065 * line)), title, 44, BOLD, anchor="centre")
    (_, nik), *fields = content.fields
    sheet.write((width * 0.035, height * 0.185), "NIK", 54, BOLD)
    sheet.write((width * 0.2, height * 0.185), f": {nik}", 58, chance.choice((BOLD, Cut(bold=True, cell=0.62))))
    cut = chance.choice((REGULAR, BOLD, Cut(width=0.92), Cut(bold=True, width=0.9)))
    size = chance.choice((36, 38, 40))
    for line, (label, value) in enumerate(fields):
        y = height * (0.285 + 0.0575 * line)
        sheet.write((width * 0.035, y), label.replace("   ", "      "), size, cut)
        sheet.write((width * 0.27, y), ":", size, cut)
        sheet.write((width * 0.285, y), value, size, cut, most=width * 0.45)
    portrait = draw_portrait((290, 370), chance)
    sheet.image.paste(portrait, (round(width * 0.755), round(height * 0.2)))
    for line, text in enumerate(content.closing):
        at = (width * 0.86, height * (0.66 + 0.055 * line))
        sheet.write(at, text, 30, cut, anchor="centre", most=width * 0.25)
    _sign(sheet, (width * 0.86, height * 0.86), width * 0.08, chance)
    return Drawing(sheet.image, size * CAP_HEIGHT)


def _draw_data_page(content: Content, chance: random.Random) -> Drawing:
    width, height = DATA_PAGE_SIZE
    tint = chance.choice(((226, 232, 222), (220, 230, 238), (236, 228, 218)))
    sheet = Sheet(_patterned(DATA_PAGE_SIZE, tint, (190, 210, 200), chance))
    for line, title in enumerate(content.titles[:2]):
        sheet.write((width * (0.34 + 0.33 * line), height * 0.03), title, 40, BOLD)
    for line, title in enumerate(content.titles[2:]):
        sheet.write((width * 0.04, height * (0.03 + 0.05 * line)), title, 42, BOLD if line == 0 else REGULAR)
    sheet.image.paste(draw_portrait((430, 560), chance), (round(width * 0.04), round(height * 0.19)))
    by_label = iter(content.fields)
    cut = chance.choice((REGULAR, BOLD))
    columns = (0.31, 0.49, 0.72)
    for row, count in enumerate((3, 1, 1, 3, 2, 2)):
        places = columns[:count] if count != 2 else (0.31, 0.66)
        for x in places:
            label, value = next(by_label)
            y = height * (0.115 + 0.113 * row)
            sheet.write(
                (width * x, y), label, 25, REGULAR, most=width * (0.23 if count > 1 else 0.6), ink=(60, 80, 110)
            )
            sheet.write((width * x, y + 32), value, 44, cut, most=width * (0.24 if count > 1 else 0.66))
    sheet.draw.rectangle((0, height * 0.815, width, height), fill=(246, 246, 240))
    for line, text in enumerate(content.machine_lines):
        sheet.write((width * 0.025, height * (0.84 + 0.07 * line)), text, 52, ZONE, most=width * 0.95)
    return Drawing(sheet.image, 44 * CAP_HEIGHT)


def _draw_family_card(content: Content, chance: random.Random) -> Drawing:
    width, height = WIDE_SHEET_SIZE
    sheet = Sheet(
        _patterned(WIDE_SHEET_SIZE, chance.choice(((240, 246, 250), (250, 250, 246))), (226, 236, 244), chance)
    )
    size = chance.choice((30, 32, 34))
    cut = chance.choice((REGULAR, REGULAR, Cut(width=0.93)))
    _draw_crest(sheet, (width * 0.08, height * 0.075), 90, chance)
    sheet.write((width * 0.5, height * 0.03), content.titles[0], 92, BOLD, anchor="centre")
    sheet.write((width * 0.5, height * 0.085), content.titles[1], 56, BOLD, anchor="centre")
    for number, (label, value) in enumerate(content.fields):
        column, line = divmod(number, 4)
        x, y = width * (0.04 + 0.55 * column), height * (0.135 + 0.024 * line)
        sheet.write((x, y), label, size, cut)
        sheet.write((x + width * 0.12, y), f": {value}", size, cut, most=width * 0.28)
    below = _draw_table(sheet, content.tables[0], height * 0.25, (3, 20, 15, 9, 11, 9, 8, 13, 14), size, cut)
    below = _draw_table(sheet, content.tables[1], below + 40, (3, 13, 11, 15, 11, 7, 7, 17, 17), size, cut)
    for line, text in enumerate(content.closing):
        at = (width * (0.04 if line == 0 else 0.8), below + 60 + 140 * (line // 2))
        sheet.write(at, text, size, cut, anchor="left" if line == 0 else "centre", most=width * 0.35)
    if chance.random() < 0.5:
        _stamp(sheet, (width * 0.74, below + 190), 120)
        _sign(sheet, (width * 0.82, below + 150), 160, chance)
    else:
        _draw_code(sheet, (width * 0.68, below + 110), 170, chance)
    return Drawing(sheet.image, size * CAP_HEIGHT)


def _draw_table(sheet: Sheet, table: Table, top: float, weights: Sequence[int], size: int, cut: Cut) -> float:
    """Draw a ruled table and return the y below it."""
    left, across, row_height = sheet.image.width * 0.03, sheet.image.width * 0.94, size * 1.7
    edges = [left + across * sum(weights[:place]) / sum(weights) for place in range(len(weights) + 1)]
    numbers = ("", *(f"({place})" for place in range(1, len(weights))))
    lines = (table.heads, numbers, *table.rows)
    for line, cells in enumerate(lines):
        y = top + line * row_height
        sheet.draw.line((left, y, left + across, y), (70, 80, 90), 2)
        for place, text in enumerate(cells):
            most = edges[place + 1] - edges[place] - 14
            if line < 2:
                middle = (edges[place] + edges[place + 1]) / 2
                sheet.write((middle, y + 8), text, size - 4, BOLD if line == 0 else cut, anchor="centre", most=most)
            else:
                sheet.write((edges[place] + 7, y + 8), text, size, cut, most=most)
    below = top + len(lines) * row_height
    sheet.draw.line((left, below, left + across, below), (70, 80, 90), 2)
    for x in edges:
        sheet.draw.line((x, top, x, below), (70, 80, 90), 2)
    return below


def _draw_sheet(content: Content, chance: random.Random) -> Drawing:
    is_book = content.kind is PaperKind.MARRIAGE_CERTIFICATE
    size_of_page = BOOK_PAGE_SIZE if is_book else SHEET_SIZE
    width, height = size_of_page
    sheet = Sheet(_ground(content.kind, size_of_page, chance))
    size = chance.choice((28, 30)) if is_book else chance.choice((34, 36, 38))
    cut = chance.choice((REGULAR, REGULAR, TYPEWRITTEN if content.kind is not PaperKind.PARENTS_STATEMENT else BOLD))
    y = height * 0.07
    if content.kind is not PaperKind.PARENTS_STATEMENT:
        _draw_crest(sheet, (width * 0.5, y), 80, chance)
        y += 110
    for title in content.titles:
        large = round(size * (1.9 if title in ("IJAZAH", "PENETAPAN", "KUTIPAN AKTA KELAHIRAN") else HEADED_BY))
        sheet.write((width * 0.5, y), title, large, BOLD, anchor="centre", most=width * 0.82)
        y += large * 1.45
    y += size
    for paragraph in content.lead:
        y = sheet.write_wrapped((width * 0.1, y), paragraph, size, REGULAR, most=width * 0.8) + size * 0.5
    y = _draw_fields(sheet, content, y, size, cut)
    for sentence in content.sentences:
        centred = sentence.isupper() and len(sentence) < 60
        at, anchor = (width * (0.5 if centred else 0.1), y), "centre" if centred else "left"
        y = sheet.write_wrapped(at, sentence, size, BOLD if centred else cut, most=width * 0.8, anchor=anchor)
        y += size * 0.4
    _close_sheet(sheet, content, min(y + size, height * 0.84), size, chance)
    return Drawing(sheet.image, size * CAP_HEIGHT)


def _draw_fields(sheet: Sheet, content: Content, top: float, size: int, cut: Cut) -> float:
    width, y = sheet.image.width, top
    step = size * (1.55 if len(content.fields) > 12 else 2.0)
    for label, value in content.fields:
        if not value:
            sheet.write((width * 0.1, y), label, size, BOLD)
        else:
            sheet.write((width * 0.1, y), label, size, REGULAR, most=width * 0.31)
            sheet.write((width * 0.42, y), ":", size)
            hand = HANDWRITTEN if content.by_hand else cut
            sheet.write((width * 0.44, y), value, size, hand, ink=PEN if content.by_hand else None, most=width * 0.47)
        y += step
    return y + size * 0.4 if content.fields else y


def _close_sheet(sheet: Sheet, content: Content, y: float, size: int, chance: random.Random) -> None:
    width = sheet.image.width
    if content.kind is PaperKind.PARENTS_STATEMENT:
        for x, text in zip((0.28, 0.72), content.closing, strict=True):
            sheet.write((width * x, y + 60), text, size, anchor="centre")
            _sign(sheet, (width * x, y + 200), 130, chance)
        return
    step = size * 1.5
    for line, text in enumerate(content.closing):
        below_signature = 130 if line == len(content.closing) - 1 else 0
        at = (width * 0.68, y + line * step + below_signature)
        sheet.write(at, text, size, anchor="centre", most=width * 0.5)
    middle = y + (len(content.closing) - 1) * step + 70
    _sign(sheet, (width * 0.68, middle), 130, chance)
    _stamp(sheet, (width * 0.55, middle), 105)


def _ground(kind: PaperKind, size: tuple[int, int], chance: random.Random) -> Image.Image:
    """White paper for letters; a tinted pattern with a frame for certificates."""
    if kind in (PaperKind.PARENTS_STATEMENT, PaperKind.NAME_CHANGE_DECISION):
        return Image.new("RGB", size, chance.choice(((252, 252, 250), (246, 246, 240), (255, 255, 255))))
    tints = {
        PaperKind.BIRTH_CERTIFICATE: ((240, 240, 214), (232, 240, 226)),
        PaperKind.MARRIAGE_CERTIFICATE: ((236, 242, 232), (244, 236, 226)),
        PaperKind.DIPLOMA: ((246, 242, 226), (232, 240, 244)),
    }[kind]
    tint = chance.choice(tints)
    image = _patterned(size, tint, tuple(tone - 16 for tone in tint), chance)
    draw, inset = ImageDraw.Draw(image), 50
    for gap in (0, 14):
        frame = (inset + gap, inset + gap, size[0] - inset - gap, size[1] - inset - gap)
        draw.rectangle(frame, outline=(110, 120, 90), width=6 - gap // 4)
    return image


def _patterned(size: tuple[int, int], tint: Ink, line: tuple[int, ...], chance: random.Random) -> Image.Image:
    """Paper with fine waves over it."""
    image = Image.new("RGB", size, tint)
    draw = ImageDraw.Draw(image)
    waves, swing = chance.uniform(3, 7), size[1] * chance.uniform(0.02, 0.05)
    steps = [size[0] * place / 60 for place in range(61)]
    for row in range(-2, 44):
        base, phase = size[1] * row / 40, row * 0.35
        points = [(x, base + swing * math.sin(waves * x / size[0] * math.tau + phase)) for x in steps]
        draw.line(points, line, 2)
    return image


def _draw_crest(sheet: Sheet, centre: tuple[float, float], half: float, chance: random.Random) -> None:
    """A plain shield with a star in it, in place of a crest."""
    x, y = centre
    fill = chance.choice(((150, 120, 40), (90, 90, 90), (40, 90, 60)))
    outline = ((x - half, y - half), (x + half, y - half), (x + half * 0.9, y + half * 0.3), (x, y + half))
    sheet.draw.polygon((*outline, (x - half * 0.9, y + half * 0.3)), outline=fill, width=8)
    star = [
        (x + half * reach * math.sin(turn * math.pi / 5), y - half * reach * math.cos(turn * math.pi / 5))
        for turn in range(10)
        for reach in ((0.55,) if turn % 2 == 0 else (0.24,))
    ]
    sheet.draw.polygon(star, fill)


def _sign(sheet: Sheet, centre: tuple[float, float], half: float, chance: random.Random) -> None:
    """A scribble."""
    points = [
        (centre[0] - half + half * 2 * step / 14, centre[1] + half * 0.5 * chance.uniform(-1, 1)) for step in range(15)
    ]
    sheet.draw.line(points, (25, 30, 90), 5, joint="curve")


def _stamp(sheet: Sheet, centre: tuple[float, float], half: float) -> None:
    """Two rings in violet."""
    for inner in (0, 26):
        radius = half - inner
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        sheet.draw.ellipse(box, outline=(110, 90, 170), width=5)


def _draw_code(sheet: Sheet, corner: tuple[float, float], side: int, chance: random.Random) -> None:
    """Squares that look like a QR code and say nothing."""
    cells = Image.frombytes("L", (25, 25), bytes(chance.choice((0, 255)) for _ in range(625)))
    code = cells.resize((side, side), Image.Resampling.NEAREST).convert("RGB")
    sheet.image.paste(code, (round(corner[0]), round(corner[1])))


_LAYOUTS: Final[dict[PaperKind, Callable[[Content, random.Random], Drawing]]] = {
    PaperKind.KTP: _draw_card,
    PaperKind.OLD_PASSPORT: _draw_data_page,
    PaperKind.FAMILY_CARD: _draw_family_card,
}
