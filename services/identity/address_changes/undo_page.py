"""The page behind the link that undoes a change of address: plain HTML with one button, without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final

from services.identity.address_changes.service import UndoSeen
from shared.http.language import Language

STYLE: Final = (
    "body{font:1.05rem/1.55 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;color:#1a1a1a;"
    "background:#fff}a{color:#0b4ea2}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;background:#0b4ea2;color:#fff;border-radius:.3rem}"
)

_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
"""The address of the page is a secret: it is kept nowhere and told to no other site."""


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
    other_language: str


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
        other_language="Bahasa Indonesia",
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
        other_language="English",
    ),
}


def undo_page(step: UndoStep, seen: UndoSeen | None, language: Language) -> bytes:
    """Return the page in that language, UTF-8. Addresses are shown masked."""
    words = WORDS[language]
    other: Language = "en" if language == "id" else "id"
    shown = ", ".join(seen.addresses) if seen is not None else ""
    inner: tuple[str, ...]
    match step:
        case UndoStep.ASK:
            inner = (
                _paragraph(words.ask),
                _paragraph(words.back_to.format(addresses=shown)),
                _paragraph(words.consequence),
                f'<form method="post" action="?language={language}">\n'
                f"<button>{escape(words.button)}</button>\n</form>\n",
            )
        case UndoStep.DONE:
            inner = (
                _paragraph(words.done),
                _paragraph(words.sign_in.format(addresses=shown)) if shown else "",
            )
        case UndoStep.OVER:
            inner = (_paragraph(words.over),)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(words.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<nav><a href="?language={other}" hreflang="{other}" lang="{other}">{words.other_language}</a></nav>\n'
        f"<main>\n<h1>{escape(words.title)}</h1>\n{''.join(inner)}</main>\n</body>\n</html>\n"
    ).encode()


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>\n"
