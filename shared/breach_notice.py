"""The notice of a breach of personal data in words: which data, when and how, and what is done (UU 27/2022 art. 46).

One text for all: notification sends to the person what identity showed to the operator who agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from shared.calendar.working_days import JAKARTA
from shared.events.codes import BreachCause, BreachMeasure, PersonalData

KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        PersonalData.APPLICATION: "passport application",
        PersonalData.PICTURE: "uploaded pictures",
        PersonalData.PASSPORT: "passport",
        PersonalData.LETTER: "cover letter",
        PersonalData.NIK: "NIK and particulars",
        PersonalData.CONTACT: "address and telephone number",
        PersonalData.EVIDENCE: "evidence in a request",
        PersonalData.BANK_ACCOUNT: "refund and bank account",
        PersonalData.STAFF_NAME: "name of staff",
    },
    "id": {
        PersonalData.APPLICATION: "permohonan paspor",
        PersonalData.PICTURE: "gambar yang diunggah",
        PersonalData.PASSPORT: "paspor",
        PersonalData.LETTER: "surat pengantar",
        PersonalData.NIK: "NIK dan data diri",
        PersonalData.CONTACT: "alamat dan nomor telepon",
        PersonalData.EVIDENCE: "bukti dalam permintaan",
        PersonalData.BANK_ACCOUNT: "pengembalian dan rekening bank",
        PersonalData.STAFF_NAME: "nama petugas",
    },
}
CAUSES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        BreachCause.STOLEN_ACCESS: "Somebody used the access of a member of staff that was not theirs.",
        BreachCause.MISUSE_BY_STAFF: "A member of staff read data without need.",
        BreachCause.SOFTWARE_FAULT: "A fault in our software showed data to the wrong people.",
        BreachCause.WRONG_RECIPIENT: "Data were sent to the wrong recipient.",
        BreachCause.LOST_MEDIUM: "A device or medium with data was lost.",
        BreachCause.INTRUSION: "Somebody broke into our systems.",
        BreachCause.OTHER: "The way it happened is still being examined.",
    },
    "id": {
        BreachCause.STOLEN_ACCESS: "Akses seorang petugas digunakan oleh orang lain.",
        BreachCause.MISUSE_BY_STAFF: "Seorang petugas membaca data tanpa keperluan.",
        BreachCause.SOFTWARE_FAULT: "Kesalahan perangkat lunak kami memperlihatkan data kepada orang yang salah.",
        BreachCause.WRONG_RECIPIENT: "Data terkirim kepada penerima yang salah.",
        BreachCause.LOST_MEDIUM: "Perangkat atau media yang berisi data hilang.",
        BreachCause.INTRUSION: "Sistem kami dibobol.",
        BreachCause.OTHER: "Cara terjadinya masih diperiksa.",
    },
}
MEASURES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        BreachMeasure.ACCESS_WITHDRAWN: "that access was ended",
        BreachMeasure.KEYS_CHANGED: "passwords and keys were changed",
        BreachMeasure.FAULT_REPAIRED: "the fault was repaired",
        BreachMeasure.DATA_RECOVERED: "the data were recovered",
        BreachMeasure.STAFF_EXAMINED: "the conduct of staff is examined",
        BreachMeasure.POLICE_TOLD: "the police were told",
        BreachMeasure.UNDER_EXAMINATION: "the matter is being examined",
    },
    "id": {
        BreachMeasure.ACCESS_WITHDRAWN: "akses tersebut sudah dihentikan",
        BreachMeasure.KEYS_CHANGED: "kata sandi dan kunci sudah diganti",
        BreachMeasure.FAULT_REPAIRED: "kesalahannya sudah diperbaiki",
        BreachMeasure.DATA_RECOVERED: "datanya sudah diperoleh kembali",
        BreachMeasure.STAFF_EXAMINED: "tindakan petugas sedang diperiksa",
        BreachMeasure.POLICE_TOLD: "kepolisian sudah diberi tahu",
        BreachMeasure.UNDER_EXAMINATION: "peristiwanya sedang diperiksa",
    },
}
_OTHER: Final = {"en": "other data", "id": "data lain"}
_UNKNOWN: Final = {"en": "a time that is not known", "id": "waktu yang belum diketahui"}
_FORMS: Final = {
    "en": (
        "Which data: {kinds}.",
        "When: from {begun} to {ended}; we found it at {found}.",
        "How: {cause}",
        "What is done: {measures}.",
    ),
    "id": (
        "Data yang terdampak: {kinds}.",
        "Waktu: dari {begun} sampai {ended}; kami temukan pada {found}.",
        "Cara terjadinya: {cause}",
        "Yang kami lakukan: {measures}.",
    ),
}


def write_breach_notice(
    language: str,
    *,
    cause: str,
    kinds: Iterable[str],
    measures: Iterable[str],
    found_at: datetime,
    begun_at: datetime | None,
    ended_at: datetime | None,
) -> tuple[str, ...]:
    """Return the lines that the law asks for, in ``en`` or ``id``. A code of a later version is told in general words;
    times are those of Jakarta.
    """
    words, causes, done = KINDS[language], CAUSES[language], MEASURES[language]
    facts = {
        "kinds": ", ".join(words.get(kind, _OTHER[language]) for kind in kinds),
        "begun": _moment(begun_at, language),
        "ended": _moment(ended_at, language),
        "found": _moment(found_at, language),
        "cause": causes.get(cause, causes[BreachCause.OTHER]),
        "measures": "; ".join(done.get(measure, done[BreachMeasure.UNDER_EXAMINATION]) for measure in measures),
    }
    return tuple(form.format(**facts) for form in _FORMS[language])


def _moment(at: datetime | None, language: str) -> str:
    return f"{at.astimezone(JAKARTA):%d-%m-%Y %H.%M} WIB" if at is not None else _UNKNOWN[language]
