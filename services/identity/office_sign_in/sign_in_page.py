"""The pages of signing in through an office's provider: the list, and what a browser sees that comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from services.identity.office_sign_in.link import OfficeLinkState
from services.identity.office_sign_in.service import ShownProvider
from services.identity.page import page, paragraph
from shared.errors import Refusal
from shared.http.language import Language

LIST_PATH: Final = "/v1/staff/office-sign-in"


@dataclass(frozen=True)
class OfficeSignInWords:
    """The sentences of the pages."""

    title: str
    choose: str
    none: str
    done_title: str
    done: str
    asked_title: str
    asked: str
    refused_title: str
    list: str


WORDS: Final[Mapping[Language, OfficeSignInWords]] = {
    "en": OfficeSignInWords(
        title="Sign in through your office",
        choose="Choose the sign-in of your office. You prove there who you are; your password there is not told to us.",
        none="No office has a sign-in of its own yet. Sign in with your user name and password.",
        done_title="You are signed in",
        done="Your office has confirmed who you are. Go back to the program at your counter: it goes on by itself.",
        asked_title="The link is asked for",
        asked="Your office has confirmed who you are. "
        "As soon as the head of your office agrees you can sign in this way.",
        refused_title="You are not signed in",
        list="Back to the list of office sign-ins",
    ),
    "id": OfficeSignInWords(
        title="Masuk melalui kantor Anda",
        choose="Pilih layanan masuk kantor Anda. Anda membuktikan diri di sana; kata sandi di sana tidak kami ketahui.",
        none="Belum ada kantor dengan layanan masuk sendiri. Masuklah dengan nama pengguna dan kata sandi.",
        done_title="Anda sudah masuk",
        done="Kantor Anda telah memastikan identitas Anda. Kembalilah ke program di loket: program akan melanjutkan.",
        asked_title="Penghubungan sudah diajukan",
        asked="Kantor Anda telah memastikan identitas Anda. Setelah kepala kantor menyetujui, Anda dapat masuk dengan "
        "cara ini.",
        refused_title="Anda belum masuk",
        list="Kembali ke daftar layanan masuk kantor",
    ),
}


def list_page(providers: Sequence[ShownProvider], language: Language) -> bytes:
    """Return the page that lists the providers, each with a link that begins a sign-in there."""
    words = WORDS[language]
    if not providers:
        return page(words.title, paragraph(words.none), language)
    links = "".join(f"<li>{_link(f'{LIST_PATH}/{shown.provider_id}', shown.name)}</li>\n" for shown in providers)
    return page(words.title, f"{paragraph(words.choose)}<ul>\n{links}</ul>\n", language)


def returned_page(state: OfficeLinkState, language: Language) -> bytes:
    """Return the page of a browser that has come back with a word that counts."""
    words = WORDS[language]
    if state is OfficeLinkState.ASKED:
        return page(words.asked_title, paragraph(words.asked), language)
    return page(words.done_title, paragraph(words.done), language)


def refused_page(refused: Refusal, language: Language) -> bytes:
    """Return the page that says why somebody is not signed in, and what to do next."""
    words = WORDS[language]
    said = (refused.title, refused.next_action) if language == "en" else (refused.title_id, refused.next_action_id)
    inner = "".join(paragraph(sentence) for sentence in said)
    return page(words.refused_title, f"{inner}<p>{_link(LIST_PATH, words.list)}</p>\n", language)


def _link(href: str, text: str) -> str:
    return f'<a href="{escape(href)}">{escape(text)}</a>'
