"""The newest pictures that came, opened, to look at; what came before them is forgotten."""

from __future__ import annotations

from collections import OrderedDict

from simulators.dpri.files import PictureNotWanted

MOST_BYTES = 16 * 1024 * 1024


class KeptPictures:
    """Pictures by file and document, at most `MOST_BYTES` of them together."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def keep(self, number: str, document_id: str, content: bytes) -> None:
        """Keep a picture in place of an earlier one of the document; the oldest ones give way."""
        self._kept.pop((number, document_id), None)
        self._kept[number, document_id] = content
        while sum(map(len, self._kept.values())) > MOST_BYTES:
            self._kept.popitem(last=False)

    def content(self, number: str, document_id: str) -> bytes:
        """Return a picture; refuses one that is not kept."""
        if (number, document_id) not in self._kept:
            raise PictureNotWanted("No such picture is kept.", field="document_id")
        return self._kept[number, document_id]
