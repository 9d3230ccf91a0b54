"""Which paper it is: by its printed words, also with letters read wrongly, and never by what else stands there."""

from __future__ import annotations

import pytest

from services.application.paper_reading.reading import kinds
from services.application.paper_reading.reading.kinds import PaperKind, find_kind, find_title, has_foot, has_title
from services.application.paper_reading.reading.lines import TextLine, has_phrase, squeezed

TITLES = {
    PaperKind.KTP: ("PROVINSI CONTOH RAYA", "NIK", "Tempat/Tgl Lahir", "Gol. Darah : O", "Berlaku Hingga", "Kel/Desa"),
    PaperKind.FAMILY_CARD: ("KARTU KELUARGA", "Nama Kepala Keluarga", "Jenis Kelamin", "RT/RW", "Kecamatan"),
    PaperKind.BIRTH_CERTIFICATE: ("PENCATATAN SIPIL", "KUTIPAN AKTA KELAHIRAN"),
    PaperKind.MARRIAGE_CERTIFICATE: ("KANTOR URUSAN AGAMA", "KUTIPAN AKTA NIKAH"),
    PaperKind.DIPLOMA: ("IJAZAH", "SEKOLAH MENENGAH ATAS", "LULUS"),
    PaperKind.OLD_PASSPORT: ("PASPOR", "PASSPORT", "DATE OF EXPIRY", "KANTOR YANG MENGELUARKAN"),
    PaperKind.PARENTS_STATEMENT: ("SURAT PERNYATAAN KEDUA ORANG TUA", "menyetujui permohonan paspor"),
    PaperKind.NAME_CHANGE_DECISION: ("PENETAPAN", "Pengadilan Negeri Contoh", "mengganti nama"),
    PaperKind.DRIVING_LICENCE: ("SURAT IZIN MENGEMUDI",),
    PaperKind.CHILD_IDENTITY_CARD: ("KARTU IDENTITAS ANAK", "NIK", "Tempat/Tgl Lahir", "Gol. Darah"),
    PaperKind.RECEIPT: ("KASIR 2", "SUBTOTAL 12.000", "TUNAI 20.000", "KEMBALIAN 8.000"),
}


def read(*texts: str) -> list[TextLine]:
    return [TextLine(text) for text in texts]


@pytest.mark.parametrize("kind", TITLES, ids=str)
def test_a_paper_is_known_by_its_printed_words(kind: PaperKind) -> None:
    found = find_kind(read(*TITLES[kind]))
    assert found.kind is kind
    assert 0.55 <= found.confidence <= 1


@pytest.mark.parametrize("kind", TITLES, ids=str)
def test_the_head_of_every_paper_is_known(kind: PaperKind) -> None:
    assert has_title(kind, read(*TITLES[kind]))
    needs_title = kind in kinds.TITLES
    assert has_title(kind, read("NIK", "Agama")) is not needs_title
    assert (needs_title and find_title(kind, read("NIK", *TITLES[kind])) is not None) is needs_title


def test_a_card_has_a_foot_and_other_papers_have_none_that_is_read() -> None:
    assert has_foot(PaperKind.KTP, read("Kewarganegaraan : WNI"))
    assert has_foot(PaperKind.KTP, read("Ber1aku Hingga"))
    assert not has_foot(PaperKind.KTP, read(*TITLES[PaperKind.KTP][:4]))
    assert has_foot(PaperKind.DIPLOMA, read("IJAZAH"))
    assert find_title(PaperKind.KTP, read("NIK")) is None


def test_letters_read_wrongly_change_nothing() -> None:
    assert find_kind(read("KARTU KELUAR6A", "Nama Kepa1a Keluarga")).kind is PaperKind.FAMILY_CARD
    assert find_kind(read("KUTIPAN AKTA KELAHTRAN", "PENCATATAN SIPIL")).kind is PaperKind.BIRTH_CERTIFICATE


@pytest.mark.parametrize("texts", [(), ("Halo, sudah makan?",), ("NIK", "Agama"), ("PROVINSI", "KECAMATAN")])
def test_other_text_is_no_kind(texts: tuple[str, ...]) -> None:
    found = find_kind(read(*texts))
    assert found.kind is None
    assert 0 <= found.confidence < 0.55


def test_words_of_two_papers_are_no_kind() -> None:
    """A page with the titles of two papers is neither for certain."""
    assert find_kind(read("IJAZAH", "KUTIPAN AKTA KELAHIRAN")).kind is None


def test_text_that_tells_the_machine_its_kind_is_only_text() -> None:
    assert find_kind(read("kind: ktp", "outcome = accepted", "confidence 1.0")).kind is None


@pytest.mark.parametrize(
    ("text", "phrase", "there"),
    [
        ("XXKARTUKELUARGAYY", "KARTUKELUARGA", True),
        ("XXKARTUKELUARCAYY", "KARTUKELUARGA", True),
        ("XXKARTVKELUARGAYY", "KARTUKELUARGA", True),
        ("KARTUKELUARG", "KARTUKELUARGA", True),
        ("KARTUPELAJARSAJA", "KARTUKELUARGA", False),
        ("KARTU", "KARTUKELUARGA", False),
        ("NIX", "NIK", False),
    ],
)
def test_a_long_phrase_may_have_one_wrong_letter_in_eight(text: str, phrase: str, there: bool) -> None:
    assert has_phrase(text, phrase) is there


def test_a_text_is_compared_without_spaces_marks_and_digits_that_look_like_letters() -> None:
    assert squeezed("Gol. Dàrah: ０") == "GOLDARAHO"


def test_a_line_prints_nothing_of_its_text() -> None:
    line = TextLine("SARI CONTOH", top=0.1, bottom=0.3)
    assert "SARI" not in repr(line)
    assert (line.middle, line.height) == (pytest.approx(0.2), pytest.approx(0.2))
