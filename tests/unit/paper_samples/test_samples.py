"""Samples of papers: the same seed gives the same picture, and what is said of a picture is what it shows."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from paper_samples import contents, words
from paper_samples.deciding_half import deciding_samples
from paper_samples.holder import Holder, Household, invent_holder, invent_household, mistype_nik
from paper_samples.kinds import Fault, PaperKind, Quality, WrongSort
from paper_samples.mrz import check_digit, machine_lines
from paper_samples.pillow_camera import Shot, perspective, photograph
from paper_samples.pillow_papers import draw_page
from paper_samples.sample import Sample
from paper_samples.tuning_half import draw_paper, tuning_samples
from paper_samples.typst_papers import typeset_page

REGIONS = Path(__file__).parents[3] / "services" / "identity" / "data" / "regions.csv"
WRITTEN = [kind for kind in PaperKind if kind is not PaperKind.PHOTO]
TUNING, DECIDING = list(tuning_samples()), list(deciding_samples())


def household(seed: int = 1, born: tuple[int, int] = (1970, 1999)) -> Household:
    chance = random.Random(seed)
    return invent_household(invent_holder(chance, born=born), chance)


def text_of(content: contents.Content) -> str:
    cells = [cell for table in content.tables for row in table.rows for cell in row]
    fields = [value for _, value in content.fields]
    return "\n".join((*content.titles, *content.lead, *fields, *cells, *content.sentences, *content.machine_lines))


@pytest.mark.parametrize("half", [TUNING, DECIDING], ids=["tuning", "deciding"])
def test_a_half_has_good_and_bad_ones_of_each_kind_and_wrong_ones_of_each_sort(half: list[Sample]) -> None:
    assert len(half) >= 400
    assert len({sample.name for sample in half}) == len(half)
    good = Counter(sample.kind for sample in half if sample.quality is Quality.GOOD and not sample.is_wrong)
    assert set(good) == set(PaperKind)
    assert sum(good.values()) >= 200, "one in 200 is half a percent"
    assert {sample.kind for sample in half if sample.quality is Quality.BLURRED} == set(WRITTEN)
    assert {sample.fault for sample in half} == {None, *Fault}
    assert {sample.sort for sample in half} == {None, *WrongSort}
    assert any(sample.is_wrong and sample.sort is None for sample in half), "a paper of another kind"


def test_the_halves_share_no_seed_and_no_person() -> None:
    assert {sample.seed for sample in TUNING}.isdisjoint(sample.seed for sample in DECIDING)
    assert {sample.holder.nik for sample in TUNING}.isdisjoint(sample.holder.nik for sample in DECIDING)


def test_a_half_can_be_shrunk_and_keeps_its_groups() -> None:
    few = list(deciding_samples(0.05))
    assert len(few) < 70
    assert {sample.kind for sample in few} >= set(PaperKind)
    assert {sample.sort for sample in few} == {None, *WrongSort}


@pytest.mark.parametrize("samples", [tuning_samples, deciding_samples])
@pytest.mark.parametrize("name", ["ktp/good-0", "chat/0"])
def test_the_same_sample_is_the_same_picture_at_every_call(samples: object, name: str) -> None:
    assert callable(samples)
    first, second = (next(sample for sample in samples() if sample.name.endswith(name)) for _ in range(2))
    picture = first.picture()
    assert second.picture() == picture
    shown = Image.open(io.BytesIO(picture))
    assert shown.format == "JPEG"
    assert min(shown.size) >= 1000


def test_samples_differ_from_each_other() -> None:
    first, second = [sample for sample in TUNING if sample.kind is PaperKind.PHOTO][:2]
    assert first.picture() != second.picture()


@pytest.mark.parametrize("half", [TUNING, DECIDING], ids=["tuning", "deciding"])
def test_a_nik_says_birth_date_and_sex_and_is_of_no_province(half: list[Sample]) -> None:
    rows = csv.reader(line for line in REGIONS.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    provinces = {row[0][:2] for row in rows if row[0].isdigit()}
    assert "31" in provinces
    for holder in (sample.holder for sample in half):
        day = holder.birth_date.day + (40 if holder.sex == "female" else 0)
        assert holder.nik[6:12] == f"{day:02d}{holder.birth_date:%m%y}"
        assert len(holder.nik) == 16
        assert holder.nik[:2] not in provinces
        assert holder.family_card_number[:2] not in provinces


def test_a_mistyped_nik_differs_in_a_digit_or_in_two_neighbours() -> None:
    holder = invent_holder(random.Random(4))
    for seed in range(60):
        typed = mistype_nik(holder, random.Random(seed)).nik
        places = [place for place, (one, other) in enumerate(zip(typed, holder.nik, strict=True)) if one != other]
        assert 1 <= len(places) <= 2
        assert places[-1] - places[0] <= 1


def test_check_digits_are_those_of_the_standard() -> None:
    """The specimen of ICAO 9303 part 4, appendix B."""
    assert check_digit("L898902C3") == "6"
    assert check_digit("740812") == "2"
    assert check_digit("120415") == "9"
    assert check_digit("ZE184226B<<<<<") == "1"
    assert check_digit("L898902C3674081221204159ZE184226B<<<<<1") == "0"


def test_the_zone_of_a_passport_is_right() -> None:
    first, second = machine_lines(
        "Sari Dewi Contoh",
        "C1234567",
        birth_date=date(1985, 8, 17),
        expiry_date=date(2031, 2, 3),
        sex="female",
        personal_number="12345678901",
    )
    assert first == "P<IDNCONTOH<<SARI<DEWI<<<<<<<<<<<<<<<<<<<<<<"
    assert (second[:9], second[10:13], second[13:19], second[20], second[21:27]) == (
        "C1234567<",
        "IDN",
        "850817",
        "F",
        "310203",
    )
    assert second[9] == check_digit(second[:9])
    assert second[42] == check_digit(second[28:42])
    assert second[43] == check_digit(second[:10] + second[13:20] + second[21:43])
    assert [len(line) for line in (first, second)] == [44, 44]


def test_a_single_name_and_a_very_long_one_fill_the_line() -> None:
    facts = {"birth_date": date(1990, 1, 1), "expiry_date": date(2030, 1, 1), "sex": "male"}
    first, second = machine_lines("Contoh", "C1234567", **facts)  # type: ignore[arg-type]
    assert first == "P<IDNCONTOH".ljust(44, "<")
    assert second[42] == "<", "nothing to check"
    assert len(machine_lines(" ".join(["Percobaan"] * 9), "C1234567", **facts)[0]) == 44  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_paper_shows_its_holder(kind: PaperKind) -> None:
    home = household()
    text = text_of(contents.compose(kind, home, random.Random(2)))
    assert home.holder.full_name in text
    if kind in (PaperKind.KTP, PaperKind.FAMILY_CARD, PaperKind.BIRTH_CERTIFICATE):
        assert home.holder.nik in text
    if kind is PaperKind.OLD_PASSPORT:
        assert home.holder.passport_number in text
        assert f"{home.holder.birth_date:%y%m%d}" in text


def test_a_child_is_a_child_on_the_family_card() -> None:
    home = household(born=(2012, 2018))
    members = contents.compose(PaperKind.FAMILY_CARD, home, random.Random(2)).tables[0].rows
    assert [row[1] for row in members[:3]] == [home.father.full_name, home.mother.full_name, home.holder.full_name]


def test_a_portrait_has_no_text() -> None:
    with pytest.raises(KeyError):
        contents.compose(PaperKind.PHOTO, household(), random.Random(1))


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "NOL"),
        (11, "SEBELAS"),
        (17, "TUJUH BELAS"),
        (30, "TIGA PULUH"),
        (110, "SERATUS SEPULUH"),
        (1985, "SERIBU SEMBILAN RATUS DELAPAN PULUH LIMA"),
        (2012, "DUA RIBU DUA BELAS"),
    ],
)
def test_numbers_are_written_in_words(number: int, written: str) -> None:
    assert words.number_words(number) == written


def test_dates_are_written_as_papers_write_them() -> None:
    assert words.passport_date(date(1985, 8, 7)) == "07 AUG 1985"
    assert words.long_date(date(1985, 8, 7)) == "7 AGUSTUS 1985"
    assert words.date_words(date(2001, 5, 2)) == "DUA MEI tahun DUA RIBU SATU"


@pytest.mark.parametrize("kind", WRITTEN)
def test_both_renderers_draw_every_kind_in_the_shape_of_the_paper(kind: PaperKind) -> None:
    content = contents.compose(kind, household(), random.Random(3))
    drawing = draw_page(content, random.Random(3))
    page, text_height = typeset_page(content, random.Random(3))
    is_wide = kind in (PaperKind.KTP, PaperKind.FAMILY_CARD, PaperKind.OLD_PASSPORT)
    assert (drawing.image.width > drawing.image.height) is is_wide
    assert (page.shape[1] > page.shape[0]) is is_wide
    assert 15 < drawing.text_height < 60
    assert 15 < text_height < 60


def test_a_blurred_picture_has_lost_its_strokes_and_a_good_one_has_not() -> None:
    drawing = draw_page(contents.compose(PaperKind.KTP, household(), random.Random(3)), random.Random(3))

    def spread(shot: Shot) -> float:
        """How far the tones lie apart in the row of the NIK."""
        shown = Image.open(io.BytesIO(photograph(drawing, shot, random.Random(1)))).convert("L")
        steps = shown.crop((300, 480, 1100, 540)).resize((800, 60)).tobytes()
        return sum(abs(one - other) for one, other in pairwise(steps)) / len(steps)

    good, blurred = spread(Shot(megapixels=3.0, noise=0)), spread(Shot(megapixels=3.0, noise=0, blur=0.75))
    assert good > 4 * blurred


def test_the_camera_puts_corners_where_they_belong() -> None:
    corners = [(10.0, 20.0), (210.0, 30.0), (220.0, 140.0), (5.0, 130.0)]
    a, b, c, d, e, f, g, h = perspective(corners, (400, 300))
    seen = [((a * x + b * y + c) / (g * x + h * y + 1), (d * x + e * y + f) / (g * x + h * y + 1)) for x, y in corners]
    assert [pytest.approx(point, abs=1e-6) for point in seen] == [(0, 0), (400, 0), (400, 300), (0, 300)]


def test_a_paper_is_drawn_for_a_given_person() -> None:
    holder = Holder("SARI CONTOH", "9801014508850001", "REKAAN", date(1985, 8, 5), "female", "9801011507150001")
    pictures = [
        draw_paper(kind, holder, seed) for kind, seed in ((PaperKind.KTP, 1), (PaperKind.KTP, 1), (PaperKind.PHOTO, 1))
    ]
    assert pictures[0] == pictures[1]
    shown = Image.open(io.BytesIO(pictures[0]))
    assert shown.format == "JPEG"
    assert shown.width * shown.height == pytest.approx(3_000_000, rel=0.01)
