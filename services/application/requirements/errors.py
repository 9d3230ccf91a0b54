"""Refusals about the questionnaire's answers."""

from __future__ import annotations

from services.application.requirements.answers import Contradiction
from services.application.texts import Text
from shared.errors import Refusal, fact_types

_CONTRADICTIONS: dict[Contradiction, tuple[str, Text]] = {
    Contradiction.NEW_BUT_HELD: (
        "/reason",
        Text(
            "You have held a passport, so this is a replacement. The fee of a wrong kind is lost.",
            "Anda pernah memiliki paspor, jadi ini penggantian, bukan paspor pertama. Biaya jenis yang salah hangus.",
        ),
    ),
    Contradiction.REPLACEMENT_BUT_NEVER_HELD: (
        "/reason",
        Text(
            "You have never held a passport, so nothing can be replaced: the reason is a first passport.",
            "Anda belum pernah memiliki paspor, jadi tidak ada yang diganti: alasannya paspor pertama.",
        ),
    ),
    Contradiction.NEW_BUT_RECORDED: (
        "/has_held_passport",
        Text(
            "Our records show a passport of this person, so this is a replacement.",
            "Data kami mencatat paspor atas nama orang ini, jadi ini penggantian.",
        ),
    ),
    Contradiction.LONG_VALIDITY_FOR_MINOR: (
        "/validity_years",
        Text(
            "Ten years are for adults (17 or married); a child's passport is valid for five.",
            "Sepuluh tahun hanya untuk dewasa (17 tahun atau sudah menikah); paspor anak berlaku lima tahun.",
        ),
    ),
}


class AnswersContradict(Refusal):
    """The answers cannot stand together, or not with our records."""

    status = 422
    code = "answers_contradict"
    facts_told = fact_types(contradiction=str)
    title = "Two answers do not go together."
    title_id = "Ada jawaban yang bertentangan."
    next_action = "Correct the named answer."
    next_action_id = "Perbaiki jawaban yang disebutkan."

    def __init__(self, contradiction: Contradiction) -> None:
        field, words = _CONTRADICTIONS[contradiction]
        super().__init__(words.en, detail_id=words.id, field=field, contradiction=contradiction.value)


class DocumentNotAsked(Refusal):
    """No item of this application's list has this name."""

    status = 422
    code = "document_not_asked"
    facts_told = fact_types(unknown=list[str])
    title = "This document is not asked for."
    title_id = "Dokumen ini tidak diminta."
    next_action = "Use one of the codes in the application's list of requirements."
    next_action_id = "Gunakan salah satu kode dalam daftar persyaratan permohonan."
