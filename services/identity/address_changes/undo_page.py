"""The page behind the link that undoes a change of address: plain HTML with one button, without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.identity.address_changes.service import UndoSeen
from services.identity.page import button, page, paragraph
from shared.http.language import Language


class UndoStep(StrEnum):
    """The states of the page."""

    ASK = "ask"
    DONE = "done"
    OVER = "over"


@dataclass(frozen=True)
class Words:
    """The sentences of the page."""

    title: str
    ask: str
    back_to: str
    consequence: str
    button: str
    done: str
    sign_in: str
    over: str


WORDS: Final[Mapping[Language, Words]] = {
    "en": Words(
        title="Undo the change of address",
        ask="The email address or phone number of your passport account was changed. Was that not you?",
        back_to="Undoing it brings back: {addresses}.",
        consequence="Every device is signed out. Then sign in again yourself.",
        button="Undo the change",
        done="The change is undone. The addresses of before are back, and every device is signed out.",
        sign_in="Sign in again with: {addresses}.",
        over="This link does not work any more: its time is over, or the change was undone by another link. "
        "If you did not make the change yourself, go to an immigration office with your identity card.",
    ),
    "id": Words(
        title="Batalkan perubahan alamat",
        ask="Alamat email atau nomor telepon akun paspor Anda diganti. Bukan Anda yang menggantinya?",
        back_to="Pembatalan akan mengembalikan: {addresses}.",
        consequence="Semua perangkat akan dikeluarkan. Setelah itu, masuklah kembali.",
        button="Batalkan perubahan",
        done="Perubahan sudah dibatalkan. Alamat sebelumnya berlaku lagi, dan semua perangkat sudah dikeluarkan.",
        sign_in="Masuk kembali dengan: {addresses}.",
        over="Tautan ini tidak berlaku lagi: waktunya habis, atau perubahan sudah dibatalkan melalui tautan lain. "
        "Bila bukan Anda yang mengganti alamat, datanglah ke kantor imigrasi dengan membawa KTP.",
    ),
}


def undo_page(step: UndoStep, seen: UndoSeen | None, language: Language) -> bytes:
    """Return the page in that language, UTF-8. Addresses are shown masked."""
    words = WORDS[language]
    shown = ", ".join(seen.addresses) if seen is not None else ""
    inner: tuple[str, ...]
    match step:
        case UndoStep.ASK:
            inner = (
                paragraph(words.ask),
                paragraph(words.back_to.format(addresses=shown)),
                paragraph(words.consequence),
                button(words.button, language),
            )
        case UndoStep.DONE:
            inner = (
                paragraph(words.done),
                paragraph(words.sign_in.format(addresses=shown)) if shown else "",
            )
        case UndoStep.OVER:
            inner = (paragraph(words.over),)
    return page(words.title, "".join(inner), language)
