"""Needed papers as the pages show them, out of the view of an application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.http.language import Language

Json = Mapping[str, Any]

THERE: Final = frozenset({"accepted", "flagged", "checking"})
"""States of a page that counts as handed in: a machine that reads it and an officer who looks at it hold nothing up."""

TAKES_PAPERS: Final = frozenset({"draft", "identity_pending", "submitted", "incomplete"})
"""States of an application in which papers may still be sent; on the day of the visit the service says no by itself."""

MOST_PAGES: Final = 10
"""Of one paper, as the service takes them."""

COLOURS: Final = {
    "accepted": "govuk-tag--green",
    "flagged": "govuk-tag--yellow",
    "checking": "govuk-tag--light-blue",
    "uploading": "govuk-tag--light-blue",
    "refused": "govuk-tag--red",
    "missing": "govuk-tag--orange",
}
FACTS: Final = ("nik", "full_name", "birth_place", "birth_date", "sex", "passport_number")
"""Typed facts that a machine compares, in the order in which they are told."""


@dataclass(frozen=True)
class PageSeen:
    """One page of a paper, from one upload."""

    document_id: str
    page: int
    state: str
    text: str
    """Why it was refused, or what an officer looks at; empty where there is nothing to say."""
    agrees: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether it counts as handed in, and has a picture to look at."""
        return self.state in THERE


@dataclass(frozen=True)
class Paper:
    """One item of the list."""

    code: str
    title: str
    help: str
    condition: str
    legal_basis: str
    is_needed: bool
    state: str
    reason: str
    pages: tuple[PageSeen, ...]
    """Those that are there, in their order."""
    refused: tuple[PageSeen, ...]
    """The newest upload of a page, where it did not stand."""
    missing_pages: tuple[int, ...]
    accepts: tuple[str, ...]
    form: str
    """The code of the form to fill in; empty where there is none."""
    example: str
    """The name of the drawing of how it should look; empty where there is none."""
    is_looked_at_by_officer: bool
    shared_under: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is awaited."""
        return self.state in THERE and not self.missing_pages

    @property
    def is_under_way(self) -> bool:
        """Whether something happens to it by itself within seconds."""
        return any(page.state == "checking" for page in self.pages)

    @property
    def colour(self) -> str:
        """The class of its state's tag."""
        return COLOURS.get(self.state, "govuk-tag--grey")

    @property
    def next_page(self) -> int:
        """The page to send next: the first that is missing or did not stand, else one more."""
        awaited = sorted({*self.missing_pages, *(page.page for page in self.refused)})
        if awaited:
            return awaited[0]
        return min(MOST_PAGES, max((page.page for page in self.pages), default=0) + 1)


def said(item: Json, name: str, language: Language) -> str:
    """Return a text that the API gives in both languages."""
    return str(item.get(f"{name}_in_indonesian" if language == "id" else name) or "")


def read_papers(view: Json, language: Language) -> list[Paper]:
    """Return the papers of an application, those that are needed first."""
    papers = [_paper(item, view["documents"], language) for item in view["requirements"]]
    return sorted(papers, key=lambda paper: not paper.is_needed)


def find_paper(papers: Iterable[Paper], code: str) -> Paper | None:
    """Return the paper of this code."""
    return next((paper for paper in papers if paper.code == code), None)


def count_done(papers: Iterable[Paper]) -> tuple[int, int]:
    """Return how many of the needed papers are there, and how many are needed."""
    needed = [paper for paper in papers if paper.is_needed]
    return sum(paper.is_done for paper in needed), len(needed)


def read_page(document: Json, language: Language) -> PageSeen:
    """Return one upload as it is shown."""
    words: dict[str, list[str]] = {"agrees": [], "differs": [], "not_read": []}
    for fact in FACTS:
        word = document["agreements"].get(fact)
        if word in words:
            words[word].append(fact)
    return PageSeen(
        document["document_id"],
        document["page"],
        document["state"],
        said(document, "reason_text", language) or said(document, "note", language),
        *(tuple(found) for found in words.values()),
    )


def _state(item: Json) -> str:
    """Return the state of an item; one whose pages were taken away is as one that never had any."""
    if item["state"] in COLOURS:
        return str(item["state"])
    return "missing" if item["compulsory"] else "not_needed"


def _paper(item: Json, documents: Sequence[Json], language: Language) -> Paper:
    uploads = [read_page(known, language) for known in documents if known["requirement"] == item["code"]]
    pages = sorted((upload for upload in uploads if upload.is_there), key=lambda upload: upload.page)
    newest = {upload.page: upload for upload in uploads if upload.state not in ("replaced", "removed", "uploading")}
    refused = [upload for upload in newest.values() if upload.state == "refused"]
    return Paper(
        code=item["code"],
        title=said(item, "title", language),
        help=said(item, "help", language),
        condition=said(item, "condition", language),
        legal_basis=item["legal_basis"],
        is_needed=item["compulsory"],
        state=_state(item),
        reason=said(item, "reason_text", language),
        pages=tuple(pages),
        refused=tuple(sorted(refused, key=lambda upload: upload.page)),
        missing_pages=tuple(item["missing_pages"]),
        accepts=tuple(item["accepts"]),
        form=item["code"] if item["form_url"] else "",
        example=(item["example_url"] or "").rpartition("/")[2],
        is_looked_at_by_officer=item["code"] in item["seen_by_officer"],
        shared_under=tuple(item["shared_in_family"]),
    )
