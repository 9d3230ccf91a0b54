"""NIKs, dates and the machine readable zone: what is read, and what is left unread."""

from __future__ import annotations

from datetime import date

import pytest

from services.application.applications.check_digits import check_digit
from services.application.paper_reading.reading.dates import dates_in, find_dates
from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.mrz import find_mrz
from services.application.paper_reading.reading.nik_reading import find_numbers, numbers_in, numbers_of_members
from services.application.paper_reading.reading.number_words import number_of

NIK = "9801014502900001"
ICAO_FIRST = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
ICAO_SECOND = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""The specimen of ICAO 9303 part 4, appendix B."""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NIK, (NIK,)),
        (f"NIK : {NIK}", (NIK,)),
        (f"NIK{NIK}SEUMUR", (NIK,)),
        (f"SARI {NIK} 05-02-1990", (NIK,)),
        (f"NO {NIK} BUDI", (NIK,)),
        ("NIK 9801 0145 0290 0001", (NIK,)),
        ("98O1O145O29OOOO1", ()),
        ("980101450290000I", (NIK,)),
        ("9B01014502900001", ("9801014502900001",)),
        ("980101450290000", ()),
        ("98010145029000012", ()),
        ("9801019902900001", ()),
        ("9801014513900001", ()),
        ("9801010002900001", ()),
        ("SOLIDSOLIDSOLIDS", ()),
        ("", ()),
    ],
)
def test_a_number_is_sixteen_digits_with_a_day_and_a_month(text: str, found: tuple[str, ...]) -> None:
    assert numbers_in(text) == found


def test_a_family_cards_own_number_is_no_members() -> None:
    lines = [TextLine(f"No. {NIK}"), TextLine("9801010502900002"), TextLine(f"KARTU KELUARGA No: {NIK}")]
    assert numbers_of_members(lines) == ("9801010502900002",)
    assert len(find_numbers(lines)) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CONTOH, 05-02-1990", (date(1990, 2, 5),)),
        ("O5-02-199O", (date(1990, 2, 5),)),
        ("5/2/1990", (date(1990, 2, 5),)),
        ("05.02.1990", (date(1990, 2, 5),)),
        ("5 Februari 1990", (date(1990, 2, 5),)),
        ("05 FEB 1990", (date(1990, 2, 5),)),
        ("05 FOO 1990", ()),
        ("31-02-1990", ()),
        ("05-02-90", ()),
        ("1005-02-1990", ()),
    ],
)
def test_dates_are_read_in_figures_and_with_months_in_words(text: str, found: tuple[date, ...]) -> None:
    assert dates_in(text) == found
    assert find_dates([TextLine(text), TextLine("")]) == found


@pytest.mark.parametrize(
    ("name", "month"),
    [
        *zip(("Januari", "Februari", "Maret", "April", "Mei", "Juni"), range(1, 7), strict=True),
        *zip(("Juli", "Agustus", "September", "Oktober", "November", "Desember"), range(7, 13), strict=True),
        *zip(
            ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agt", "Sep", "Okt", "Nov", "Des"),
            range(1, 13),
            strict=True,
        ),
        *(("Pebruari", 2), ("Peb", 2), ("Ags", 8), ("Sept", 9), ("Nopember", 11), ("Nop", 11)),
    ],
)
def test_every_indonesian_month_is_known(name: str, month: int) -> None:
    assert dates_in(f"Rekaan, 5 {name} 1990") == (date(1990, month, 5),)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("LIMA", 5),
        ("SEPULUH", 10),
        ("SEBELAS", 11),
        ("DUA BELAS", 12),
        ("DUA PULUH", 20),
        ("DUAPULUH TIGA", 23),
        ("SERIBU SEMBILAN RATUS SEMBILAN PULUH", 1990),
        ("SERIBU SEMBILAN RATUS SEMBILAN PULUH SEMBILAN", 1999),
        ("DUA RIBU", 2000),
        ("DUA RIBU SERATUS SEBELAS", 2111),
        ("DUARIBUTUJUHBELAS", 2017),
        ("", 0),
    ],
)
def test_numbers_in_words_are_read(words: str, number: int) -> None:
    assert number_of(words) == number


@pytest.mark.parametrize(
    "texts",
    [
        ("pada tanggal LIMA FEBRUARI tahun SERIBU SEMBILAN RATUS SEMBILAN PULUH telah lahir",),
        ("bahwa di REKAAN pada tanggal LIMA FEBRUARI", "tahun SERIBU SEMBILAN RATUS SEMBILAN PULUH telah lahir"),
        ("pada tanggal lima", "bulan Pebruari tahun seribu sembilan ratus sembilanpuluh"),
        ("anak ke DUA", "LIMA FEBRUARI SERIBU SEMBILAN RATUS SEMBILAN PULUH"),
    ],
)
def test_a_date_in_words_is_read_also_over_two_lines(texts: tuple[str, ...]) -> None:
    assert find_dates([TextLine(text) for text in texts]) == (date(1990, 2, 5),)


@pytest.mark.parametrize(
    "text",
    [
        "TIGA PULUH FEBRUARI DUA RIBU",
        "LIMA FEBRUARI SERIBU SEMBILAN",
        "LIMA BUNGA DUA RIBU",
        "FEBRUARI DUA RIBU",
    ],
)
def test_words_that_are_no_whole_date_are_none(text: str) -> None:
    assert find_dates([TextLine(text)]) == ()


def test_the_specimen_of_icao_is_read() -> None:
    found = find_mrz([TextLine("PASSPORT"), TextLine(ICAO_FIRST), TextLine(ICAO_SECOND)])
    assert found is not None
    assert (found.issuer, found.number, found.birth_digits, found.sex) == ("UTO", "L898902C3", "740812", "female")
    assert found.name == "ANNA MARIA ERIKSSON"
    assert "ANNA" not in repr(found) and "L898" not in repr(found)


@pytest.mark.parametrize("digit", ["AB2134<<<5", "7408122", "1204159"])
def test_check_digits_are_those_of_the_paper(digit: str) -> None:
    assert check_digit(digit[:-1]) == digit[-1]


@pytest.mark.parametrize(
    "second",
    [
        ICAO_SECOND[:-3],
        ICAO_SECOND.replace("7408122", "74O8I22"),
        ICAO_SECOND.replace("<<<<<", "«<<«"),
        "L8989O2C36UTO7408122F1204159ZE184226B<<<<<10",
    ],
    ids=["fillers lost", "letters for digits", "other marks", "a letter in the number"],
)
def test_what_a_reader_mistakes_is_put_right_by_check_digits(second: str) -> None:
    found = find_mrz([TextLine(second)])
    assert found is not None
    assert found.birth_digits == "740812"
    assert found.name is None
    assert found.issuer == "UTO"


def test_a_number_of_a_letter_and_digits_is_put_right() -> None:
    digits = "X1234567<"
    second = f"{digits}{check_digit(digits)}IDN7408122M1204159".replace("X1234567", "X123456T")
    found = find_mrz([TextLine(second.replace("T", "7"))])
    assert found is not None and found.number == "X1234567" and found.sex == "male"
    as_digits = f"012345678{check_digit('012345678')}IDN7408122<1204159".replace("0123", "O123")
    found = find_mrz([TextLine(as_digits)])
    assert found is not None and found.number is not None and found.sex is None


def test_zero_in_the_names_line_is_o() -> None:
    found = find_mrz([TextLine("P<IDNC0NT0H<<SAR1<<<<<<<<<<<<<<<KK"), TextLine(ICAO_SECOND)])
    assert found is not None and found.name == "SARI CONTOH" and found.issuer == "IDN"


@pytest.mark.parametrize(
    "second",
    [
        "L898902C37UTO7408121F1204159ZE184226B<<<<<10",
        "X" * 44,
        ICAO_SECOND + "0000",
        "P<IDNCONTOH<<SARI<<<<<<<<<<<",
    ],
    ids=["wrong digits", "no digits", "too long", "a first line"],
)
def test_a_zone_whose_digits_are_wrong_is_not_read(second: str) -> None:
    assert find_mrz([TextLine(second)]) is None


def test_a_wrong_digit_leaves_its_own_field_unread() -> None:
    found = find_mrz([TextLine(ICAO_SECOND.replace("L898902C36", "L898902C37"))])
    assert found is not None and found.number is None and found.birth_digits == "740812"
