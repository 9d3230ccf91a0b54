"""The page behind the link that disowns a sign-in on a new device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.identity.page import button, page, paragraph
from services.identity.tokens.disowning import DisownStep
from shared.http.language import Language


@dataclass(frozen=True)
class DisownWords:
    """The sentences of the page."""

    title: str
    ask: str
    consequence: str
    button: str
    done: str
    over: str


WORDS: Final[Mapping[Language, DisownWords]] = {
    "en": DisownWords(
        title="This was not me",
        ask="Somebody signed in to your passport account on a new device, or asked to. Was that not you?",
        consequence="Every device is signed out, and each one has to prove the addresses of the account again.",
        button="It was not me: sign out every device",
        done="Every device is signed out. Sign in again with both addresses of your account, then change the address "
        "that is not yours any more.",
        over="This link does not work any more. If somebody else is in your account, go to an immigration office with "
        "your identity card.",
    ),
    "id": DisownWords(
        title="Itu bukan saya",
        ask="Seseorang masuk ke akun paspor Anda dari perangkat baru, atau memintanya. Bukan Anda?",
        consequence="Semua perangkat akan dikeluarkan, dan masing-masing harus membuktikan alamat akun lagi.",
        button="Bukan saya: keluarkan semua perangkat",
        done="Semua perangkat sudah dikeluarkan. Masuklah lagi dengan kedua alamat akun Anda, lalu ganti alamat yang "
        "bukan milik Anda lagi.",
        over="Tautan ini tidak berlaku lagi. Bila orang lain ada di akun Anda, datanglah ke kantor imigrasi dengan "
        "membawa KTP.",
    ),
}


STAFF_WORDS: Final[Mapping[Language, DisownWords]] = {
    "en": DisownWords(
        title="This was not me",
        ask="Somebody signed in to your staff account on a new device. Was that not you?",
        consequence="Every device is signed out, and each one is a new one for your account.",
        button="It was not me: sign out every device",
        done="Every device is signed out. Set a new password now, look at your second factors after signing in, and "
        "tell the head of your office or an operator.",
        over="This link does not work any more. Tell the head of your office or an operator.",
    ),
    "id": DisownWords(
        title="Itu bukan saya",
        ask="Seseorang masuk ke akun petugas Anda dari perangkat baru. Bukan Anda?",
        consequence="Semua perangkat akan dikeluarkan, dan masing-masing dianggap baru bagi akun Anda.",
        button="Bukan saya: keluarkan semua perangkat",
        done="Semua perangkat sudah dikeluarkan. Buat kata sandi baru sekarang, periksa faktor kedua Anda setelah "
        "masuk, dan beri tahu kepala kantor atau operator.",
        over="Tautan ini tidak berlaku lagi. Beri tahu kepala kantor Anda atau operator.",
    ),
}
"""The same for members of staff, whose password and second factor were known to somebody else."""


def disown_page(step: DisownStep, language: Language, *, is_for_staff: bool = False) -> bytes:
    """Return the page in that language, UTF-8."""
    words = (STAFF_WORDS if is_for_staff else WORDS)[language]
    match step:
        case DisownStep.ASK:
            inner = paragraph(words.ask) + paragraph(words.consequence) + button(words.button, language)
        case DisownStep.DONE:
            inner = paragraph(words.done)
        case DisownStep.OVER:
            inner = paragraph(words.over)
    return page(words.title, inner, language)
