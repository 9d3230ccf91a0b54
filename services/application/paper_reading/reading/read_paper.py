"""The verdict on one page. No I/O, no network; certain refusals come before any reading."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from services.application.paper_reading.reading import text_lines
from services.application.paper_reading.reading.codes import count_codes
from services.application.paper_reading.reading.faces import face_share, has_plain_background
from services.application.paper_reading.reading.kinds import PaperKind
from services.application.paper_reading.reading.orientation import find_turn
from services.application.paper_reading.reading.page import NotAPicture, Page, decode_page
from services.application.paper_reading.reading.page_reading import read_page
from services.application.paper_reading.reading.policy import (
    LEAST_LINES,
    LEAST_SHARPNESS,
    NOT_READABLE,
    Look,
    certain_refusal,
    expected_kinds,
    judge,
)
from services.application.paper_reading.reading.sharpness import glare_share, sharpness_of
from services.application.paper_reading.reading.tone import tone_deviation
from services.application.paper_reading.verdict import AskedPaper, Verdict

WARM_UP_SIDE: Final = 320


def read_paper(picture: bytes, asked: AskedPaper) -> Verdict:
    """Return the verdict on a kept picture (JPEG, upright by its metadata) of this page.

    It takes half a second for a card and one for a full page on two processors, and up to 800 MB.
    """
    try:
        page = decode_page(picture)
    except NotAPicture:
        return Verdict("flagged", NOT_READABLE, findings=(NOT_READABLE,))
    look = look_at(page)
    is_portrait = PaperKind.PHOTO in expected_kinds(asked)
    if is_portrait or look.sharpness < LEAST_SHARPNESS:
        look = with_face(look, page)
    if is_portrait or certain_refusal(asked, look) is not None:
        return judge(asked, look, None)
    read = read_page(page, asked)
    if read.lines < LEAST_LINES:
        look = replace(with_face(look, page), codes=count_codes(page.grey))
    return judge(asked, look, read)


def look_at(page: Page) -> Look:
    """Return what is measured of every page; a face is looked for where it matters."""
    return Look(
        short_side_pixels=min(page.kept.shape[:2]),
        tone_deviation=tone_deviation(page.grey),
        sharpness=sharpness_of(page.grey),
        glare_share=glare_share(page.grey),
    )


def with_face(look: Look, page: Page) -> Look:
    """Return the look with the largest face, and whether the wall behind it is plain."""
    return replace(look, face_share=face_share(page.grey), plain_background=has_plain_background(page.read))


def warm_up() -> None:
    """Load the models and let them read once: the first page takes no longer than the others."""
    blank = np.full((WARM_UP_SIDE, WARM_UP_SIDE, 3), 255, np.uint8)
    face_share(blank[..., 0])
    find_turn(blank)
    text_lines.warm_up(blank)
