"""The accepted pictures on their way to the issuance system: streamed, sealed to it, each acknowledged for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.application.applications.application import Application
from services.application.applications.hand_over import (
    Handed,
    picture_acknowledged,
    picture_missing,
    picture_waits,
)
from services.application.context import UseCaseContext
from services.application.issuance.ports import Dpri, DpriPicture, DpriRefuses
from services.application.issuance.problems import ACKNOWLEDGED, MOMENTARY, UPSTREAM_DOWN
from shared.crypto.errors import CannotDecrypt
from shared.errors import UpstreamDown
from shared.files.port import FileDamaged, FileNotFinished, FileUnknown

PICTURE_UNREADABLE: Final = "picture_unreadable"
"""Our own copy does not open: a person has it uploaded again."""

PICTURES_FOR: Final = timedelta(seconds=10)
"""No further picture is begun later in one try, which is leased for thirty seconds; the rest follows at once."""

OURS_BROKEN: Final = (FileUnknown, FileNotFinished, FileDamaged, CannotDecrypt)


class PictureHandOver:
    """Gives the pictures of a file that the issuance system has taken."""

    def __init__(self, context: UseCaseContext, dpri: Dpri) -> None:
        self._context = context
        self._dpri = dpri
        self._places = asyncio.Semaphore(context.settings.dpri_pictures_at_once)

    async def give(
        self, application: Application, delivery_id: str, documents: tuple[Handed, ...], there: Mapping[str, str]
    ) -> tuple[tuple[Handed, ...], bool]:
        """Give each picture that is not acknowledged ``there`` (hash by document) and not refused for good.

        Returns the documents with what became known, and whether the time of one try was over before the last. Once
        the issuance system does not answer, the rest waits.
        """
        begun_at, seen, is_down, has_more = self._context.now(), list[Handed](), False, False
        for document in documents:
            if there.get(document.document_id) == document.sha256:
                seen.append(picture_acknowledged(document, begun_at))
                continue
            lacking = picture_missing(document)
            if not lacking.refused and not is_down:
                is_over = self._context.now() - begun_at > PICTURES_FOR
                has_more = has_more or is_over
                lacking = lacking if is_over else await self._give_one(application, delivery_id, lacking)
                is_down = lacking.problem == UPSTREAM_DOWN
            seen.append(lacking)
        return tuple(seen), has_more

    async def _give_one(self, application: Application, delivery_id: str, document: Handed) -> Handed:
        known = application.document(document.document_id)
        if known is None or known.file_id is None:
            return picture_waits(document, PICTURE_UNREADABLE, is_refused=True)
        picture = DpriPicture(delivery_id, document.document_id, document.sha256)
        try:
            async with self._places:
                pieces = self._context.files.read(known.file_id)
                state = await self._dpri.hand_over_picture(application.number, picture, pieces)
        except UpstreamDown:
            return picture_waits(document, UPSTREAM_DOWN)
        except DpriRefuses as refuses:
            return picture_waits(document, refuses.code, is_refused=refuses.code not in MOMENTARY)
        except OURS_BROKEN:
            return picture_waits(document, PICTURE_UNREADABLE, is_refused=True)
        if state not in ACKNOWLEDGED:
            return picture_waits(document, state)
        return picture_acknowledged(document, self._context.now())
