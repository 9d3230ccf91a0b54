"""The pages of an item: those that are there, those that are missing, and those of one file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from services.application.applications.document import (
    FIRST_PAGE,
    PRESENT_STATES,
    Document,
    DocumentState,
    Picture,
    replaced_by_newer,
)

Keep = Callable[[Document, Picture], Document]
"""Returns the document with its picture."""


def present_pages(documents: Collection[Document], requirement: str) -> tuple[Document, ...]:
    """Return the pages of an item that are there, in their order; one that is being read where no other stands."""
    there = [known for known in documents if known.requirement == requirement and known.state in PRESENT_STATES]
    standing_last = sorted(there, key=lambda document: document.state is not DocumentState.CHECKING)
    by_page = {document.page: document for document in standing_last}
    return tuple(by_page[page] for page in sorted(by_page))


def missing_pages(documents: Collection[Document], requirement: str) -> tuple[int, ...]:
    """Return the pages that are not there though later ones are, or though an officer asked for them again.

    An item without any page has no gap: it is missing as a whole.
    """
    there = {document.page for document in present_pages(documents, requirement)}
    if not there:
        return ()
    asked = {known.page for known in documents if known.requirement == requirement and known.asked_again}
    return tuple(page for page in range(FIRST_PAGE, max(there | asked) + 1) if page not in there)


def count_being_read(documents: Iterable[Document]) -> int:
    """Return how many pages a machine is reading, or is to read."""
    return sum(document.state is DocumentState.CHECKING for document in documents)


def telling_page(documents: Collection[Document], requirement: str) -> Document | None:
    """Return the document by which an item's state is told: the first page that is not accepted, else page 1.

    A page that an officer asked for again counts until it is there. Of an item without any page it is the newest
    upload; None where there is none.
    """
    there = present_pages(documents, requirement)
    own = [known for known in documents if known.requirement == requirement]
    if not there:
        left = [known for known in own if known.state not in (DocumentState.REPLACED, DocumentState.REMOVED)]
        return max(left, key=lambda document: document.created_at, default=None)
    gaps = missing_pages(documents, requirement)
    asked = [known for known in own if known.asked_again and known.page in gaps]
    doubtful = [page for page in there if page.state is not DocumentState.ACCEPTED]
    return min([*asked, *doubtful], key=lambda document: document.page, default=there[0])


def with_pages_of_file(
    documents: Collection[Document], document: Document, pictures: Sequence[Picture], ids: Sequence[str], keep: Keep
) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
    """Return all documents after a file was taken, and those that its pages are, in order.

    The announced document is its first page; each further one is a sibling for the next page, under its own id of
    ``ids``. `keep` gives each page its picture; each stands in for the earlier documents of its page.
    """
    siblings = [
        replace(document, document_id=document_id, page=page, size_bytes=picture.stored_bytes)
        for page, (document_id, picture) in enumerate(zip(ids, pictures[1:], strict=True), document.page + 1)
    ]
    pages = tuple(keep(page, picture) for page, picture in zip([document, *siblings], pictures, strict=True))
    known = tuple(pages[0] if other.document_id == document.document_id else other for other in documents)
    after = (*known, *pages[1:])
    for page in pages:
        after = replaced_by_newer(after, page)
    return after, pages


def breaks_item(
    before: Collection[Document], after: Collection[Document], requirement: str, *, compulsory: bool
) -> bool:
    """Return whether a change takes the last page of a compulsory item, or makes a gap that was not there."""
    was_there, is_there = present_pages(before, requirement), present_pages(after, requirement)
    if compulsory and was_there and not is_there:
        return True
    return bool(set(missing_pages(after, requirement)) - set(missing_pages(before, requirement)))
