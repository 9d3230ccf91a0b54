"""A page behind a link of a message: plain HTML with one button, without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final, Literal

from shared.http.language import Language
from shared.http.page_policy import page_policy
from shared.http.schema import Query

STYLE: Final = (
    "body{font:1.05rem/1.55 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;color:#1a1a1a;"
    "background:#fff}a{color:#0b4ea2}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;background:#0b4ea2;color:#fff;border-radius:.3rem}"
)

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": page_policy(STYLE, form_action="'self'"),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
"""The address of the page is a secret: it is kept nowhere and told to no other site."""

_LANGUAGE_NAMES: Final[Mapping[Language, str]] = {"en": "English", "id": "Bahasa Indonesia"}


class PageLanguage(Query):
    """The language of a page; without it the browser's."""

    language: Literal["id", "en"] | None = None


def page(title: str, inner: str, language: Language) -> bytes:
    """Return the page in that language, UTF-8; ``inner`` is HTML."""
    other: Language = "en" if language == "id" else "id"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<nav><a href="?language={other}" hreflang="{other}" lang="{other}">{_LANGUAGE_NAMES[other]}</a></nav>\n'
        f"<main>\n<h1>{escape(title)}</h1>\n{inner}</main>\n</body>\n</html>\n"
    ).encode()


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{escape(text)}</p>\n"


def button(text: str, language: Language) -> str:
    """Return the button that posts to the page's own address."""
    return f'<form method="post" action="?language={language}">\n<button>{escape(text)}</button>\n</form>\n'
