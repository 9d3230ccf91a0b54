"""Which paper it is, by the words that are printed on every one of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.application.paper_reading.reading.lines import TextLine, has_phrase, squeezed


class PaperKind(StrEnum):
    """Kinds of papers that are told apart: those that are asked for, and others that come in their place."""

    KTP = "ktp"
    FAMILY_CARD = "family_card"
    BIRTH_CERTIFICATE = "birth_certificate"
    MARRIAGE_CERTIFICATE = "marriage_certificate"
    DIPLOMA = "diploma"
    OLD_PASSPORT = "old_passport"
    PARENTS_STATEMENT = "parents_statement"
    NAME_CHANGE_DECISION = "name_change_decision"
    PHOTO = "photo"
    FOREIGN_PASSPORT = "foreign_passport"
    CHILD_IDENTITY_CARD = "child_identity_card"
    DRIVING_LICENCE = "driving_licence"
    VEHICLE_PAPER = "vehicle_paper"
    TAX_CARD = "tax_card"
    HEALTH_CARD = "health_card"
    STUDENT_CARD = "student_card"
    RECEIPT = "receipt"
    SCENE = "scene"
    """No paper at all: a picture with a face, or of things."""


LEAST_CONFIDENCE: Final = 0.55
"""Below it the kind is not known."""

LEAST_LEAD: Final = 0.3
"""So much the best kind is before the second; nearer ones are not told apart."""

UNDECIDED: Final = 0.4
"""The most that a kind without that lead gets."""

Markers = tuple[tuple[str, float], ...]

MARKERS: Final[Mapping[PaperKind, Markers]] = {
    PaperKind.KTP: (
        ("KARTUTANDAPENDUDUK", 0.9),
        ("BERLAKUHINGGA", 0.35),
        ("TEMPATTGLLAHIR", 0.3),
        ("GOLDARAH", 0.3),
        ("KELDESA", 0.2),
        ("STATUSPERKAWINAN", 0.2),
        ("RTRW", 0.15),
        ("KEWARGANEGARAAN", 0.15),
        ("PROVINSI", 0.15),
        ("NIK", 0.1),
        ("JENISKELAMIN", 0.1),
        ("KECAMATAN", 0.1),
        ("PEKERJAAN", 0.1),
        ("KELUARGA", -1.2),
        ("KARTUIDENTITASANAK", -1.5),
        ("LAHIRAN", -0.5),
    ),
    PaperKind.FAMILY_CARD: (
        ("KARTUKELUARGA", 0.9),
        ("NAMAKEPALAKELUARGA", 0.4),
        ("KEPALAKELUARGA", 0.2),
        ("HUBUNGANDALAMKELUARGA", 0.4),
        ("DOKUMENIMIGRASI", 0.3),
        ("NAMALENGKAP", 0.1),
        ("NAMAORANGTUA", 0.15),
        ("KEPALADINASKEPENDUDUKAN", 0.1),
    ),
    PaperKind.BIRTH_CERTIFICATE: (
        ("AKTAKELAHIRAN", 0.9),
        ("BIRTHCERTIFICATE", 0.5),
        ("PENCATATANSIPIL", 0.25),
        ("CATATANSIPIL", 0.15),
        ("TELAHLAHIR", 0.3),
        ("ANAKKE", 0.15),
        ("KARTUKELUARGA", -0.6),
    ),
    PaperKind.MARRIAGE_CERTIFICATE: (
        ("BUKUNIKAH", 1.0),
        ("AKTANIKAH", 0.9),
        ("AKTAPERKAWINAN", 0.9),
        ("MARRIAGECERTIFICATE", 0.6),
        ("KANTORURUSANAGAMA", 0.4),
        ("WALINIKAH", 0.3),
        ("MASKAWIN", 0.3),
        ("NAMASUAMI", 0.3),
        ("NAMAISTRI", 0.3),
    ),
    PaperKind.DIPLOMA: (
        ("IJAZAH", 0.9),
        ("SURATTANDATAMATBELAJAR", 1.0),
        ("DINYATAKANLULUS", 0.4),
        ("NOMORINDUKSISWA", 0.4),
        ("SATUANPENDIDIKAN", 0.4),
        ("KEPALASEKOLAH", 0.3),
        ("SEKOLAHMENENGAH", 0.3),
        ("SEKOLAHDASAR", 0.3),
        ("UNIVERSITAS", 0.2),
        ("LULUS", 0.1),
    ),
    PaperKind.OLD_PASSPORT: (
        ("PIDN", 0.0),
        ("PASPOR", 0.35),
        ("PASSPORT", 0.25),
        ("DATEOFEXPIRY", 0.2),
        ("DATEOFISSUE", 0.15),
        ("ISSUINGOFFICE", 0.2),
        ("KANTORYANGMENGELUARKAN", 0.2),
        ("NATIONALITY", 0.1),
        ("PERNYATAAN", -0.8),
        ("KARTUKELUARGA", -0.8),
    ),
    PaperKind.PARENTS_STATEMENT: (
        ("SURATPERNYATAAN", 0.45),
        ("PERNYATAANKEDUAORANGTUA", 0.6),
        ("KEDUAORANGTUA", 0.3),
        ("ORANGTUA", 0.2),
        ("MENYETUJUI", 0.2),
        ("TIDAKKEBERATAN", 0.2),
        ("PERMOHONANPASPOR", 0.2),
        ("NAMAAYAH", 0.15),
        ("NAMAIBU", 0.15),
        ("ANAKKAMI", 0.15),
        ("KARTUKELUARGA", -0.8),
    ),
    PaperKind.NAME_CHANGE_DECISION: (
        ("PENETAPAN", 0.4),
        ("PENGADILANNEGERI", 0.45),
        ("PERUBAHANNAMA", 0.4),
        ("GANTINAMA", 0.4),
        ("MENGGANTINAMA", 0.2),
        ("DEMIKEADILAN", 0.4),
        ("KETUHANANYANGMAHAESA", 0.2),
        ("PEMOHON", 0.1),
    ),
    PaperKind.CHILD_IDENTITY_CARD: (("KARTUIDENTITASANAK", 1.2),),
    PaperKind.DRIVING_LICENCE: (("SURATIZINMENGEMUDI", 1.0), ("DRIVINGLICENSE", 0.9), ("DRIVINGLICENCE", 0.9)),
    PaperKind.VEHICLE_PAPER: (("TANDANOMORKENDARAAN", 1.0), ("BUKUPEMILIKKENDARAAN", 1.0)),
    PaperKind.TAX_CARD: (("NPWP", 0.6), ("NOMORPOKOKWAJIBPAJAK", 0.9), ("DIREKTORATJENDERALPAJAK", 0.5)),
    PaperKind.HEALTH_CARD: (("KARTUINDONESIASEHAT", 1.0), ("BPJSKESEHATAN", 0.9)),
    PaperKind.STUDENT_CARD: (("KARTUPELAJAR", 1.0), ("KARTUMAHASISWA", 1.0), ("KARTUTANDAMAHASISWA", 1.0)),
    PaperKind.RECEIPT: (
        ("TOTALBAYAR", 0.5),
        ("TOTALBELANJA", 0.5),
        ("KEMBALIAN", 0.4),
        ("KASIR", 0.35),
        ("TUNAI", 0.35),
        ("SUBTOTAL", 0.35),
        ("TERIMAKASIH", 0.2),
        ("STRUK", 0.2),
        ("PPN", 0.1),
    ),
}
"""Phrases, squeezed, and what each counts for its kind; one below zero says that it is another. Sources: the forms of
Permendagri 108/2019 (KTP, family card, certificates), Permenkumham 8/2014 (passport), Perkaba 3/2022 (licence)."""


TITLES: Final[Mapping[PaperKind, tuple[str, ...]]] = {
    PaperKind.KTP: ("PROVINSI",),
    PaperKind.FAMILY_CARD: ("KARTUKELUARGA",),
    PaperKind.BIRTH_CERTIFICATE: ("AKTAKELAHIRAN", "BIRTHCERTIFICATE"),
    PaperKind.MARRIAGE_CERTIFICATE: ("BUKUNIKAH", "AKTANIKAH", "AKTAPERKAWINAN", "MARRIAGECERTIFICATE"),
    PaperKind.DIPLOMA: ("IJAZAH", "SURATTANDATAMATBELAJAR"),
    PaperKind.PARENTS_STATEMENT: ("SURATPERNYATAAN",),
    PaperKind.NAME_CHANGE_DECISION: ("PENETAPAN", "PUTUSAN"),
}
"""Phrases of which one stands at the head of every paper of the kind: without it the head is not in the picture. The
data page of a passport is told by its zone."""


FEET: Final[Mapping[PaperKind, tuple[str, ...]]] = {
    PaperKind.KTP: ("BERLAKUHINGGA", "KEWARGANEGARAAN"),
    PaperKind.FAMILY_CARD: ("DIKELUARKANTANGGAL", "KEPALADINAS"),
}
"""Phrases of which one stands at the foot. Of other kinds signatures do, or what differs from office to office."""

ONE_WORD: Final = 10
"""Letters below which a title is one word."""

LONGEST_TITLE: Final = 48
"""Letters and digits; a longer line is a sentence that names the paper."""


@dataclass(frozen=True)
class KindFound:
    """The kind and how sure it is, from 0 to 1; no kind where it is not known."""

    kind: PaperKind | None = None
    confidence: float = 0.0


def find_kind(lines: Iterable[TextLine]) -> KindFound:
    """Return the kind whose words the lines have."""
    text = "|".join(squeezed(line.text) for line in lines)
    scores = sorted(((_score(text, markers), kind) for kind, markers in MARKERS.items()), reverse=True)
    (best, kind), (second, _) = scores[0], scores[1]
    confidence = min(1.0, best) if best - max(0.0, second) >= LEAST_LEAD else min(UNDECIDED, best)
    if confidence < LEAST_CONFIDENCE:
        return KindFound(None, max(0.0, round(confidence, 2)))
    return KindFound(kind, round(confidence, 2))


def find_title(kind: PaperKind, lines: Iterable[TextLine]) -> TextLine | None:
    """Return the line with the title of a paper of this kind; None where it was not read."""
    return next((line for line in lines if _is_title(squeezed(line.text), TITLES[kind])), None)


def has_title(kind: PaperKind, lines: Iterable[TextLine]) -> bool:
    """Return whether the head of the paper was read; also where papers of this kind have no title."""
    return kind not in TITLES or find_title(kind, lines) is not None


def has_foot(kind: PaperKind, lines: Iterable[TextLine]) -> bool:
    """Return whether the foot of the paper was read; also where papers of this kind have none that is read."""
    return kind not in FEET or any(_has_any(squeezed(line.text), FEET[kind]) for line in lines)


def _is_title(text: str, phrases: Iterable[str]) -> bool:
    """Whether a short line has one of the phrases. One word must be there letter by letter: MENETAPKAN, which stands
    in the middle of a decision, is nearly its title PENETAPAN.
    """
    found = (phrase in text if len(phrase) < ONE_WORD else has_phrase(text, phrase) for phrase in phrases)
    return len(text) <= LONGEST_TITLE and any(found)


def _has_any(text: str, phrases: Iterable[str]) -> bool:
    return any(has_phrase(text, phrase) for phrase in phrases)


def _score(text: str, markers: Markers) -> float:
    return sum(weight for phrase, weight in markers if has_phrase(text, phrase))
