"""Texts about a check of an identity: a sentence and a remedy for each cause and warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.identity.applicants.nik import NikWarning
from services.identity.applicants.registry_match import Cause, RegistryWarning


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in English and in Indonesian; ``field`` names what to look at."""

    en: str
    id: str
    field: str | None = None


_AT_THE_REGISTRY: Final = Sentence(
    "Go to the civil registry office (Dukcapil) of your regency with your identity card and family card.",
    "Datang ke kantor Dukcapil kabupaten/kota Anda dengan membawa KTP dan kartu keluarga.",
)


def _compare(field: str, en: str, indonesian: str) -> Sentence:
    return Sentence(
        f"Compare {en} with your identity card and correct it here; if they are equal, let the civil registry office "
        f"correct its record. Never change your data to fit.",
        f"Cocokkan {indonesian} dengan KTP dan perbaiki di sini; bila sudah sama, perbaiki datanya di kantor Dukcapil. "
        f"Jangan mengubah data agar cocok.",
        field,
    )


REMEDIES: Final[Mapping[str, Sentence]] = {
    Cause.DECEASED: Sentence(
        "The registry has this NIK as of somebody who died. If that is wrong, go to the civil registry office.",
        "NIK ini tercatat meninggal dunia. Bila keliru, datanglah ke kantor Dukcapil.",
        "nik",
    ),
    Cause.DUPLICATE: Sentence(
        "The registry has this NIK twice. The civil registry office settles which record is yours.",
        "NIK ini tercatat ganda. Kantor Dukcapil akan menetapkan data yang benar.",
        "nik",
    ),
    Cause.NOT_FOUND: Sentence(
        "The registry does not know this NIK. Compare its digits; if they are right, go to the civil registry office.",
        "NIK tidak ditemukan. Cocokkan angkanya; bila benar, datanglah ke kantor Dukcapil.",
        "nik",
    ),
    Cause.INACTIVE: Sentence(
        "This NIK is not active. The civil registry office can activate it.",
        "NIK ini tidak aktif. Kantor Dukcapil dapat mengaktifkannya.",
        "nik",
    ),
    Cause.MALFORMED: Sentence(
        "The registry does not take this number as a NIK. Copy the 16 digits from the identity card again.",
        "Nomor ini tidak sesuai format Dukcapil. Salin kembali 16 angka dari KTP.",
        "nik",
    ),
    Cause.NAME_DIFFERS: _compare("full_name", "the full name", "nama lengkap"),
    Cause.BIRTH_DATE_DIFFERS: _compare("birth_date", "the date of birth", "tanggal lahir"),
    Cause.SEX_DIFFERS: _compare("sex", "the sex", "jenis kelamin"),
}
"""The remedy for each cause of a failed check."""

WARNINGS: Final[Mapping[str, Sentence]] = {
    NikWarning.REGION_UNKNOWN: Sentence(
        "The NIK begins with a region code that is not on our list; it may still be right.",
        "Kode wilayah pada NIK tidak ada dalam daftar kami; nomornya mungkin tetap benar.",
        "nik",
    ),
    NikWarning.MISSING: Sentence(
        "This child has no NIK yet and was not looked up at the registry: bring the birth certificate from abroad, the "
        "report of birth and the family card.",
        "Anak ini belum memiliki NIK dan tidak diperiksa ke Dukcapil: bawalah akta kelahiran luar negeri, surat "
        "pelaporan kelahiran, dan kartu keluarga.",
        "nik",
    ),
    NikWarning.BIRTH_DATE_DIFFERS: Sentence(
        "The date inside the NIK is not the date of birth given; that is so where a record was corrected later.",
        "Tanggal pada NIK berbeda dengan tanggal lahir; ini wajar bila data pernah diperbaiki.",
        "birth_date",
    ),
    NikWarning.SEX_DIFFERS: Sentence(
        "The NIK tells another sex than the one given.",
        "Jenis kelamin pada NIK berbeda dengan yang diisi.",
        "sex",
    ),
    RegistryWarning.NAME_WRITTEN_DIFFERENTLY: Sentence(
        "The registry writes the full name differently; compare it letter by letter with the identity card.",
        "Nama lengkap ditulis berbeda di Dukcapil; cocokkan huruf demi huruf dengan KTP.",
        "full_name",
    ),
    RegistryWarning.BIRTH_PLACE_DIFFERS: Sentence(
        "The registry writes the place of birth differently; bring the document that shows it.",
        "Tempat lahir ditulis berbeda di Dukcapil; bawalah dokumen yang menunjukkannya.",
        "birth_place",
    ),
    RegistryWarning.FAMILY_CARD_DIFFERS: Sentence(
        "The registry has another family card number; bring your newest family card.",
        "Nomor kartu keluarga berbeda di Dukcapil; bawalah kartu keluarga terbaru.",
        "family_card_number",
    ),
}
"""The sentence of each warning: unusual, yet no reason to refuse."""

UNKNOWN: Final = _AT_THE_REGISTRY
"""For a cause that an older version wrote."""
