"""What was typed beside what a paper says: agrees, differs, or was not read; never a value."""

from __future__ import annotations

import pytest

from services.application.paper_reading.reading.agreement import Reading, compare
from services.application.paper_reading.reading.kinds import PaperKind
from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.mrz import Mrz
from services.application.paper_reading.reading.names import is_on, same_name, words_of

NIK, OTHER_NIK = "9801014502900001", "9801014502900002"
TYPED = {"nik": NIK, "full_name": "SARI CONTOH LATIHAN", "birth_date": "1990-02-05", "passport_number": "X1234567"}
KTP = ("NIK", f": {NIK}", "Nama : SARI CONTOH LATIHAN", "Tempat/Tgl Lahir : REKAAN, 05-02-1990")


def of(kind: PaperKind, *texts: str, mrz: Mrz | None = None, requirement: str = "ktp", **typed: str) -> dict[str, str]:
    reading = Reading(kind, [TextLine(text, top=row / 9, bottom=row / 9 + 0.05) for row, text in enumerate(texts)], mrz)
    return dict(compare(requirement, {**TYPED, **typed}, reading))


def test_an_identity_card_agrees_in_all_that_it_states() -> None:
    assert of(PaperKind.KTP, *KTP) == {"nik": "agrees", "full_name": "agrees", "birth_date": "agrees"}


@pytest.mark.parametrize("place", range(16))
def test_one_wrong_digit_of_the_nik_is_found(place: int) -> None:
    mistyped = NIK[:place] + str((int(NIK[place]) + 1) % 10) + NIK[place + 1 :]
    assert of(PaperKind.KTP, *KTP, nik=mistyped)["nik"] == "differs"


def test_another_name_or_birth_date_in_its_field_differs() -> None:
    found = of(PaperKind.KTP, *KTP, full_name="SARI CONTOH", birth_date="1990-02-06")
    assert (found["full_name"], found["birth_date"]) == ("differs", "differs")


def test_a_name_beside_its_label_is_in_its_field() -> None:
    label, name = TextLine("Nama", left=0.1, top=0.2, bottom=0.25), TextLine("DEWI", left=0.3, top=0.21, bottom=0.26)
    assert compare("ktp", {"full_name": "SARI CONTOH"}, Reading(PaperKind.KTP, [label, name])) == {
        "full_name": "differs"
    }
    above = TextLine("DEWI", left=0.3, top=0.01, bottom=0.06)
    assert compare("ktp", {"full_name": "SARI CONTOH"}, Reading(PaperKind.KTP, [label, above])) == {
        "full_name": "not_read"
    }


def test_what_is_not_there_was_not_read() -> None:
    assert of(PaperKind.KTP, "Agama") == dict.fromkeys(("nik", "full_name", "birth_date"), "not_read")
    assert of(PaperKind.DIPLOMA, "IJAZAH") == dict.fromkeys(("full_name", "birth_date"), "not_read")
    assert of(PaperKind.OLD_PASSPORT, "PASPOR")["passport_number"] == "not_read"


def test_a_member_of_the_family_is_found_among_all() -> None:
    lines = (f"No. {OTHER_NIK}", "1 BUDI CONTOH", OTHER_NIK, "SARI CONTOH LATIHAN", NIK, "05-02-1990")
    assert set(of(PaperKind.FAMILY_CARD, *lines).values()) == {"agrees"}
    assert of(PaperKind.FAMILY_CARD, *lines[:3])["nik"] == "differs"
    assert of(PaperKind.FAMILY_CARD, f"No. {NIK}")["nik"] == "not_read"


def test_a_passport_is_compared_by_its_zone() -> None:
    mrz = Mrz("IDN", "X1234567", "900205", "female", "SARI CONTOH LATIHAN")
    found = of(PaperKind.OLD_PASSPORT, "PASPOR", mrz=mrz, requirement="old_passport")
    assert found == {"passport_number": "agrees", "full_name": "agrees", "birth_date": "agrees"}
    other = Mrz("IDN", "X1234568", "900206", "female", "DEWI CONTOH")
    found = of(PaperKind.OLD_PASSPORT, "PASPOR", mrz=other, requirement="old_passport")
    assert (found["passport_number"], found["birth_date"], found["full_name"]) == ("differs", "differs", "not_read")
    unread = Mrz("IDN", None, None, None, None)
    assert set(of(PaperKind.OLD_PASSPORT, "PASPOR", mrz=unread).values()) == {"not_read"}


@pytest.mark.parametrize("requirement", ["parent_ktp", "parent_passport", "parents_statement"])
def test_papers_of_others_are_compared_with_nothing(requirement: str) -> None:
    assert of(PaperKind.KTP, *KTP, requirement=requirement) == {}


def test_kinds_that_state_nothing_are_compared_with_nothing() -> None:
    assert of(PaperKind.RECEIPT, *KTP) == {}
    assert compare("ktp", {}, Reading(PaperKind.KTP, [])) == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SARI CONTOH", "Sari Contoh", True),
        ("SARI CONTOH", "CONTOH SARI", True),
        ("SARI CONTOH", "SARICONTOH", True),
        ("SARI CONTOH LATIHAN", "SARI C0NTOH LATIHAM", True),
        ("DR. SARI CONTOH, S.H.", "SARI CONTOH", True),
        ("SARI CONTOH", "SARI", False),
        ("SARI CONTOH", "SARI CONTOH LATIHAN", False),
        ("SARI CONTOH", "SITI CONTOH", False),
        ("SARI", "SARI", True),
        ("RI", "RI", False),
        ("BUDI", "RUDI", False),
        ("", "SARI", False),
    ],
)
def test_names_are_compared_whole(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_a_name_is_found_behind_a_label_over_two_lines_and_in_a_sentence() -> None:
    name = "SARI CONTOH LATIHAN"
    assert is_on(name, [TextLine("1. Nama lengkap : SARI CONTOH LATIHAN")])
    assert is_on(name, [TextLine("SARI CONTOH"), TextLine("LATIHAN")])
    assert is_on(name, [TextLine("mengganti nama dari DEWI CONTOH menjadi SARI CONTOH LATIHAN;")])
    assert not is_on(name, [TextLine("SARI CONTOH LATIHAN PRATAMA"), TextLine("DEWI")])


def test_marks_in_names_count_for_nothing() -> None:
    assert words_of("Ma'ruf  Nur'aini S.E.") == ("MARUF", "NURAINI")
