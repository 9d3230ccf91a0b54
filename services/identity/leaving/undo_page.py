"""The page behind the link that undoes a leaving: plain HTML with one button, without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.identity.leaving.leaving import LeavingKind
from services.identity.page import button, page, paragraph
from shared.http.language import Language


class LeavingPageStep(StrEnum):
    """The states of the page."""

    ASK = "ask"
    DONE = "done"
    OVER = "over"


@dataclass(frozen=True)
class LeavingWords:
    """The sentences of the page."""

    title: str
    ask: Mapping[LeavingKind, str]
    consequence: str
    button: str
    done: str
    over: str


WORDS: Final[Mapping[Language, LeavingWords]] = {
    "en": LeavingWords(
        title="Keep everything as it is",
        ask={
            LeavingKind.ACCOUNT: "Your passport account is going to be closed and its data erased.",
            LeavingKind.APPLICANT: "People are going to be removed from your passport account and their data erased.",
            LeavingKind.ADDRESS: "An address is going to be removed from your passport account.",
        },
        consequence="Undoing it keeps everything. Every device is signed out; then sign in again yourself.",
        button="Undo it",
        done="It is undone, and nothing was removed. Every device is signed out: sign in again.",
        over="This link does not work any more: its time is over. If you did not ask for this yourself, go to an "
        "immigration office with your identity card.",
    ),
    "id": LeavingWords(
        title="Biarkan semuanya seperti semula",
        ask={
            LeavingKind.ACCOUNT: "Akun paspor Anda akan ditutup dan datanya dihapus.",
            LeavingKind.APPLICANT: "Ada orang yang akan dihapus dari akun paspor Anda beserta datanya.",
            LeavingKind.ADDRESS: "Ada alamat yang akan dihapus dari akun paspor Anda.",
        },
        consequence="Bila dibatalkan, semuanya tetap ada. Semua perangkat dikeluarkan; setelah itu masuklah kembali.",
        button="Batalkan",
        done="Sudah dibatalkan, tidak ada yang dihapus. Semua perangkat sudah dikeluarkan: masuklah kembali.",
        over="Tautan ini tidak berlaku lagi: waktunya habis. Bila bukan Anda yang memintanya, datanglah ke kantor "
        "imigrasi dengan membawa KTP.",
    ),
}


def leaving_page(step: LeavingPageStep, what: LeavingKind, language: Language) -> bytes:
    """Return the page in that language, UTF-8."""
    words = WORDS[language]
    match step:
        case LeavingPageStep.ASK:
            inner = paragraph(words.ask[what]) + paragraph(words.consequence) + button(words.button, language)
        case LeavingPageStep.DONE:
            inner = paragraph(words.done)
        case LeavingPageStep.OVER:
            inner = paragraph(words.over)
    return page(words.title, inner, language)
