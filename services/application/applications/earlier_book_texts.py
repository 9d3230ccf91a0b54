"""The meaning of an answer about earlier books and the next step, in words, for applicants and for officers. Pure."""

from __future__ import annotations

from typing import Final

from services.application.texts import Text
from shared.events.codes import EarlierBookFinding

APPLICANT_TEXTS: Final[dict[EarlierBookFinding, Text]] = {
    EarlierBookFinding.NEW_BUT_HELD: Text(
        "The issuance system knows an earlier passport of this person, so this is a replacement and no first passport. "
        "The fee of a wrong kind is lost: change the answers.",
        "Sistem penerbitan mencatat paspor sebelumnya atas nama orang ini, jadi ini penggantian, bukan paspor pertama. "
        "Biaya jenis yang salah hangus: ubah jawabannya.",
    ),
    EarlierBookFinding.REPLACEMENT_BUT_NONE: Text(
        "The issuance system knows no earlier passport of this person, so nothing is replaced: change the answers to a "
        "first passport. If there is an earlier book, keep them and bring it.",
        "Sistem penerbitan tidak mencatat paspor sebelumnya atas nama orang ini, jadi tidak ada yang diganti: ubah "
        "jawaban menjadi paspor pertama. Jika paspor lama ada, pertahankan jawaban dan bawa paspornya.",
    ),
    EarlierBookFinding.LOST_BUT_VALID: Text(
        "The issuance system has no report that the passport is lost. If you have it, change the reason: a lost "
        "passport costs a penalty. If it is lost, keep the answers and bring the police report.",
        "Sistem penerbitan tidak memiliki laporan kehilangan paspor ini. Jika paspornya ada, ubah alasannya: paspor "
        "hilang dikenai biaya beban. Jika hilang, pertahankan jawaban dan bawa surat lapor dari kepolisian.",
    ),
    EarlierBookFinding.REPORTED_LOST: Text(
        "The earlier passport was reported lost, so the reason is a lost passport; its penalty is part of the fee. "
        "Change the answers; if the book was found again, keep them and bring it.",
        "Paspor sebelumnya dilaporkan hilang, jadi alasannya paspor hilang; biaya bebannya termasuk dalam biaya. Ubah "
        "jawaban; jika paspor sudah ditemukan, pertahankan jawaban dan bawa paspornya.",
    ),
    EarlierBookFinding.NOTED_DAMAGED: Text(
        "The earlier passport is noted as damaged, so the reason is a damaged passport; its penalty is part of the "
        "fee. Change the answers; if it is not damaged, keep them and bring it.",
        "Paspor sebelumnya tercatat rusak, jadi alasannya paspor rusak; biaya bebannya termasuk dalam biaya. Ubah "
        "jawaban; jika tidak rusak, pertahankan jawaban dan bawa paspornya.",
    ),
    EarlierBookFinding.UNCLEAR: Text(
        "The issuance system's records of earlier passports contradict each other. If this person ever held a "
        "passport, check the answers before you pay, and bring it.",
        "Catatan sistem penerbitan tentang paspor sebelumnya saling bertentangan. Jika orang ini pernah memiliki "
        "paspor, periksa jawaban sebelum membayar, dan bawa paspornya.",
    ),
}
OFFICER_TEXTS: Final[dict[EarlierBookFinding, Text]] = {
    EarlierBookFinding.NEW_BUT_HELD: Text(
        "A first passport was applied for, and there is an earlier book: ask for it and correct the kind.",
        "Permohonan paspor pertama, tetapi paspor sebelumnya ada: minta paspornya dan perbaiki jenisnya.",
    ),
    EarlierBookFinding.REPLACEMENT_BUT_NONE: Text(
        "A replacement was applied for, and no earlier book is known: look at the old book, else correct the kind.",
        "Permohonan penggantian, tetapi paspor sebelumnya tidak tercatat: periksa paspor lama, atau perbaiki jenisnya.",
    ),
    EarlierBookFinding.LOST_BUT_VALID: Text(
        "The book is said to be lost, and no loss was reported: ask for the police report, or correct the reason.",
        "Paspor disebut hilang, tetapi tidak ada laporan: minta surat lapor kepolisian, atau perbaiki alasannya.",
    ),
    EarlierBookFinding.REPORTED_LOST: Text(
        "The earlier book was reported lost: see the book, or correct the reason and find the penalty.",
        "Paspor sebelumnya dilaporkan hilang: periksa paspornya, atau perbaiki alasan dan catat biaya beban.",
    ),
    EarlierBookFinding.NOTED_DAMAGED: Text(
        "The earlier book is noted as damaged: see the book, or correct the reason and find the penalty.",
        "Paspor sebelumnya tercatat rusak: periksa paspornya, atau perbaiki alasan dan catat biaya beban.",
    ),
    EarlierBookFinding.UNCLEAR: Text(
        "The records of earlier books contradict each other: ask the applicant and look them up by hand.",
        "Catatan paspor sebelumnya saling bertentangan: tanyakan kepada pemohon dan periksa secara manual.",
    ),
}
ASKED: Final = Text(
    "The issuance system is being asked about earlier passports; nothing waits for it.",
    "Sistem penerbitan sedang ditanya tentang paspor sebelumnya; tidak ada yang menunggu jawabannya.",
)
NOT_ASKED: Final = Text(
    "The issuance system could not be asked about earlier passports yet. If this person ever held one, check the "
    "answers before you pay.",
    "Sistem penerbitan belum dapat ditanya tentang paspor sebelumnya. Jika orang ini pernah memilikinya, periksa "
    "jawaban sebelum membayar.",
)
FITS: Final = Text(
    "The records of earlier passports fit the answers.", "Catatan paspor sebelumnya sesuai dengan jawaban."
)
AT_THE_VISIT: Final = Text(
    "An officer corrects it at the visit without a new application: at an equal fee nothing more is to pay, else the "
    "difference is billed or goes back to you.",
    "Petugas memperbaikinya saat kunjungan tanpa permohonan baru: jika biayanya sama tidak ada tambahan, jika berbeda "
    "selisihnya ditagih atau dikembalikan.",
)
