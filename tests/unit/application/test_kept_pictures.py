"""What is kept is what came: pictures of every format, mode, depth, transparency, orientation and profile against the
drawing they were made from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from services.application.documents.display_p3 import named_profile
from services.application.documents.picture_decoding import Decoded, decode_pages
from tests.scale import A6_FORMS, PNG_INTERLACED
from tests.unit.application.drawn_pictures import (
    A6_AT_300_DPI,
    CORNERS,
    P3_TO_XYZ,
    PLAIN_FORMS,
    PNG_FORMS,
    PROFILED_FORMS,
    SMALL,
    SRGB_TO_XYZ,
    TURNED_FORMS,
    Drawn,
    Form,
    Shades,
    cmyk_profile,
    corner_labs,
    look_of_labs,
    lost_lines,
    png_form,
    to_light,
    to_values,
)
from tests.unit.application.odd_files import pdf, stream

MOST_DIFFERENCE = 3.0
"""Of 255, the mean over all pixels and colours."""


def shown(page: Decoded) -> Shades:
    picture = Image.open(io.BytesIO(page.content))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (page.width, page.height))
    assert not picture.info.get("icc_profile") and not picture.getexif()
    return np.asarray(picture)


def assert_kept(drawn: Drawn) -> None:
    [page] = decode_pages(drawn.content)
    seen = shown(page)
    assert seen.shape == drawn.look.shape
    difference = np.abs(seen.astype(float) - drawn.look).mean()
    assert difference <= MOST_DIFFERENCE, f"{difference:.1f} of 255"
    assert lost_lines(seen) == lost_lines(drawn.look) == 0
    assert page.flags == ()


def names(forms: Sequence[Any]) -> list[str]:
    return [str(form) for form in forms]


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize("interlaced", PNG_INTERLACED, ids=["by rows", "interlaced"][: len(PNG_INTERLACED)])
@pytest.mark.parametrize(("kind", "depth", "clear"), PNG_FORMS)
def test_every_form_of_png_is_kept_as_it_looks(kind: int, depth: int, clear: str, interlaced: bool) -> None:
    assert_kept(png_form(kind, depth, clear, interlaced=interlaced))


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize("form", PLAIN_FORMS, ids=names(PLAIN_FORMS))
def test_every_format_and_mode_is_kept_as_it_looks(form: Form) -> None:
    assert_kept(form.drawn())


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize("form", PROFILED_FORMS, ids=names(PROFILED_FORMS))
def test_colours_are_what_the_profile_means(form: Form) -> None:
    assert_kept(form.drawn())


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize("form", TURNED_FORMS, ids=names(TURNED_FORMS))
def test_a_turned_picture_is_kept_upright(form: Form) -> None:
    assert_kept(form.drawn())


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize("form", A6_FORMS)
def test_no_line_of_a_card_scanned_at_300_dpi_is_lost(form: str) -> None:
    by_name = {str(form): form for form in (*PLAIN_FORMS, *PROFILED_FORMS)}
    assert_kept(by_name[form].drawn(A6_AT_300_DPI))


def test_the_reference_sees_what_the_machine_did_before() -> None:
    """The comparison fails on clear paper that is dropped and on a line that is lost."""
    drawn = png_form(0, 8, "key")
    black = drawn.look.copy()
    black[drawn.look == 255] = 0
    assert np.abs(black.astype(float) - drawn.look).mean() > MOST_DIFFERENCE
    one_gone = drawn.look.copy()
    one_gone[: SMALL[1] // 2 - 4, 15:26] = 255
    assert lost_lines(one_gone) == 1


def in_columns(table: Shades) -> Shades:
    """A picture of 400 pixels with a column for each colour."""
    return np.tile(np.repeat(table, 400 // len(table), axis=0), (400, 1, 1))


@pytest.mark.acceptance("Y26.kept_as_it_looks")
def test_a_heic_that_names_display_p3_by_a_number_is_turned_to_srgb() -> None:
    look = np.array([(215, 60, 40), (60, 190, 90), (50, 80, 200), (128, 128, 128), (230, 200, 60)], np.uint8)
    light = to_light(look / 255) @ SRGB_TO_XYZ.T @ np.linalg.inv(P3_TO_XYZ).T
    in_file = (255 * to_values(light)).round().astype(np.uint8)
    assert np.abs(in_file.astype(float) - look).mean() > 2 * MOST_DIFFERENCE, "as sRGB it looks otherwise"
    written = io.BytesIO()
    picture = pillow_heif.from_pillow(Image.fromarray(in_columns(in_file)))
    picture.save(written, quality=95, chroma=444, color_primaries=12, transfer_characteristics=13)
    [page] = decode_pages(written.getvalue())
    assert np.abs(shown(page).astype(float) - in_columns(look)).mean() <= MOST_DIFFERENCE


@pytest.mark.parametrize(
    ("coding", "is_turned"),
    [
        ({"color_primaries": 12, "transfer_characteristics": 13}, True),
        ({"color_primaries": 12, "transfer_characteristics": 1}, True),
        ({"color_primaries": 12, "transfer_characteristics": 16}, False),
        ({"color_primaries": 1, "transfer_characteristics": 13}, False),
        ({}, False),
        (None, False),
    ],
)
def test_other_colours_that_are_named_are_read_as_srgb(coding: object, is_turned: bool) -> None:
    assert (named_profile(coding) is not None) is is_turned


@pytest.mark.acceptance("Y26.kept_as_it_looks")
def test_a_pdf_in_printing_inks_is_turned_to_srgb_by_its_profile() -> None:
    without_black = CORNERS[:, 3] == 0
    look, inks = look_of_labs(corner_labs())[without_black], (CORNERS[without_black] * 255).astype(np.uint8)
    head = b"/Type /XObject /Subtype /Image /Width 400 /Height 400 /BitsPerComponent 8 /ColorSpace [/ICCBased 6 0 R] "
    page = b"/MediaBox [0 0 400 400] /Resources << /XObject << /P 5 0 R >> >> /Contents 4 0 R"
    objects = [
        stream(b"400 0 0 400 0 0 cm /P Do"),
        stream(in_columns(inks).tobytes(), head),
        stream(cmyk_profile(), b"/N 4 /Alternate /DeviceCMYK"),
    ]
    [kept] = decode_pages(pdf(page, objects=objects))
    assert np.abs(shown(kept).astype(float) - in_columns(look)).mean() <= MOST_DIFFERENCE
