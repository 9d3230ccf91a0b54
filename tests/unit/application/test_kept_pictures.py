"""What is kept is what came: pictures of every format, mode, depth, transparency, orientation and profile against the
drawing they were made from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.application.documents.picture_decoding import Decoded, decode_pages
from tests.scale import A6_FORMS, PNG_INTERLACED
from tests.unit.application.drawn_pictures import (
    A6_AT_300_DPI,
    PLAIN_FORMS,
    PNG_FORMS,
    PROFILED_FORMS,
    SMALL,
    TURNED_FORMS,
    Drawn,
    Form,
    Shades,
    lost_lines,
    png_form,
)

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
