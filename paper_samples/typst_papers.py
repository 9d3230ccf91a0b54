"""Papers typeset by typst, in other faces, colours and proportions than those that Pillow draws."""

from __future__ import annotations

import json
import random
from functools import cache
from importlib.resources import files
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from paper_samples.contents import Content
from paper_samples.kinds import PaperKind

Picture = npt.NDArray[Any]
"""Rows, columns and channels: blue, green, red and, of a typeset page, what covers."""

POINTS_PER_INCH: Final = 72
COLOURS: Final = 3
CAP_HEIGHT: Final = 0.66
FONTS: Final = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
"""Those that typst carries."""

WIDE_FONT: Final = "DejaVu Sans Mono"
WIDE_FONT_SHRINKS: Final = 0.84
LARGE_TITLES: Final = ("IJAZAH", "PENETAPAN", "KUTIPAN AKTA KELAHIRAN", "KUTIPAN AKTA NIKAH")
LAYOUTS: Final[dict[PaperKind, tuple[str, float, float, float, int]]] = {
    PaperKind.KTP: ("card", 85.6, 54, 6.5, 400),
    PaperKind.OLD_PASSPORT: ("data_page", 125, 88, 8.8, 350),
    PaperKind.FAMILY_CARD: ("family_card", 297, 210, 8.2, 250),
    PaperKind.MARRIAGE_CERTIFICATE: ("sheet", 125, 178, 7.6, 300),
    PaperKind.BIRTH_CERTIFICATE: ("sheet", 210, 297, 13, 190),
    PaperKind.DIPLOMA: ("sheet", 210, 297, 12.6, 190),
    PaperKind.PARENTS_STATEMENT: ("sheet", 210, 297, 12, 190),
    PaperKind.NAME_CHANGE_DECISION: ("sheet", 210, 297, 12, 190),
}
"""Layout, width and height in mm, size of the letters in points, pixels per inch."""

TINTS: Final[dict[PaperKind, tuple[str, ...]]] = {
    PaperKind.KTP: ("#b9d9ea", "#c6dfe4", "#aed0ea"),
    PaperKind.OLD_PASSPORT: ("#e6ddd2", "#dbe6e2", "#e2e0ee"),
    PaperKind.FAMILY_CARD: ("#ffffff", "#eaf2f7", "#f3f3ea"),
    PaperKind.MARRIAGE_CERTIFICATE: ("#e4eede", "#f0e4dc", "#f4efe0"),
    PaperKind.BIRTH_CERTIFICATE: ("#eceacb", "#e4eee4", "#f2ecd9"),
    PaperKind.DIPLOMA: ("#f5efda", "#e9eef3", "#f7f4ee"),
    PaperKind.PARENTS_STATEMENT: ("#ffffff", "#faf9f4"),
    PaperKind.NAME_CHANGE_DECISION: ("#ffffff", "#f6f5ee"),
}
ACCENTS: Final = ("#8aa67c", "#7c92b0", "#a58b66", "#9a86ac")
INKS: Final = ("#16161a", "#1d1f2b", "#2a2622")
SKINS: Final = ("#d9b08c", "#c59a72", "#a97c56", "#e4c2a2", "#8f6645")
HAIRS: Final = ("#14110f", "#241b17", "#33261f")
CLOTHES: Final = ("#f2f2f0", "#23375e", "#5e1f2a", "#2d5a48", "#3a3a40")
BACKDROPS: Final = ("#c01f2b", "#1f56a8", "#f6f6f7")


def typeset_page(content: Content, chance: random.Random) -> tuple[Picture, float]:
    """Return the page of this content and the height in pixels of its fields' capitals."""
    layout, width, height, size, pixels_per_inch = LAYOUTS[content.kind]
    font = chance.choice(FONTS)
    size *= WIDE_FONT_SHRINKS if font == WIDE_FONT else 1
    data = {
        "layout": layout,
        "width": width,
        "height": height,
        "size": size,
        "font": font,
        "weight": chance.choice(("regular", "regular", "bold")),
        "tint": chance.choice(TINTS[content.kind]),
        "accent": chance.choice(ACCENTS),
        "ink": chance.choice(INKS),
        "nik_tracking": 0 if font == WIDE_FONT else chance.choice((0.4, 0.9)),
        "face": choose_face(chance),
        "framed": content.kind in (PaperKind.BIRTH_CERTIFICATE, PaperKind.DIPLOMA, PaperKind.MARRIAGE_CERTIFICATE),
        "crested": content.kind is not PaperKind.PARENTS_STATEMENT,
        "signed_by_both": content.kind is PaperKind.PARENTS_STATEMENT,
        "large": LARGE_TITLES,
        "titles": content.titles,
        "lead": content.lead,
        "fields": content.fields,
        "tables": [{"heads": table.heads, "rows": table.rows} for table in content.tables],
        "sentences": content.sentences,
        "closing": content.closing,
        "machine_lines": content.machine_lines,
        "by_hand": content.by_hand,
    }
    page = typeset("papers.typ", data, pixels_per_inch)
    return page, size * CAP_HEIGHT / POINTS_PER_INCH * pixels_per_inch


def typeset_portrait(chance: random.Random, backdrop: str | None = "") -> Picture:
    """Return a portrait of 3 by 4; without a backdrop (None) it stands on nothing."""
    face = choose_face(chance, chance.choice(BACKDROPS) if backdrop == "" else backdrop)
    plain = {
        "tint": "#00000000",
        "accent": "#000000",
        "ink": "#000000",
        "weight": "regular",
        "font": FONTS[0],
        "size": 8,
    }
    return typeset("papers.typ", {"layout": "portrait", "width": 90, "height": 120, "face": face, **plain}, 280)


def choose_face(chance: random.Random, backdrop: str | None = "") -> dict[str, Any]:
    """Return the colours and proportions of a face; by default before one of the usual backdrops."""
    return {
        "backdrop": chance.choice(BACKDROPS) if backdrop == "" else backdrop,
        "skin": chance.choice(SKINS),
        "hair": chance.choice(HAIRS),
        "cloth": chance.choice(CLOTHES),
        "long_hair": chance.random() < 0.4,
        "half_width": chance.uniform(0.23, 0.27),
    }


def typeset(template: str, data: dict[str, Any], pixels_per_inch: int) -> Picture:
    """Return the one page of a template as a picture with four channels."""
    import typst

    png = typst.compile(
        _template(template),
        format="png",
        ppi=float(pixels_per_inch),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        ignore_system_fonts=True,
    )
    if not isinstance(png, bytes):
        raise TypeError(f"{template} makes one page")
    picture = decode_picture(png)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA) if picture.shape[2] == COLOURS else picture


def decode_picture(content: bytes) -> Picture:
    """Return the pixels of a PNG or JPEG with the channels that it has.

    Raises:
        ValueError: it is neither.
    """
    picture: Picture | None = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("not a picture")
    return picture


@cache
def _template(name: str) -> bytes:
    return files("paper_samples").joinpath(name).read_bytes()
