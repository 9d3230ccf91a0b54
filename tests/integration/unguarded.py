"""The application service with one of its guards taken off, as its process: what `PASPOR_TEST_WITHOUT` names."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from services.application import app
from services.application.app import assemble
from services.application.config import Settings
from services.application.documents import uploads
from shared.http import server
from shared.http.body_budget import BodyShare
from shared.http.options import HttpOptions
from shared.process import main

ENDLESS = 10**9


class Forgetful(set[str]):
    """A note of writers that notes nothing."""

    def add(self, _: str) -> None:
        return None


def without_bodies() -> None:
    """Bodies as they were: each request holds its own, however many there are, and waits with it for the decoder."""
    server.READ_AT_ONCE_BYTES = server.BUFFER_BYTES = 256 * 1024  # type: ignore[misc]
    uploads.PIECES_STORED_AT_ONCE = ENDLESS  # type: ignore[misc]

    async def grow(_self: BodyShare, _size: int) -> None:
        return None

    setattr(BodyShare, "try_grow", lambda _self, _size: True)  # noqa: B010
    setattr(BodyShare, "grow", grow)  # noqa: B010
    setattr(BodyShare, "shrink", lambda _self, _size: None)  # noqa: B010
    made = uploads.Uploads.__init__

    def forgetful(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        self._written_to = Forgetful()

    uploads.Uploads.__init__ = forgetful  # type: ignore[method-assign]
    limited = Settings.http_options

    def unlimited(self: Settings) -> HttpOptions:
        return replace(limited(self), max_uploads=ENDLESS, uploads_each=ENDLESS)

    Settings.http_options = unlimited  # type: ignore[method-assign]


def without_processes() -> None:
    """Pictures decoded in the service's own process, whole."""
    from PIL import Image

    from services.application.documents import picture_decoding, picture_memory
    from services.application.documents.file_pages import FilePage
    from services.application.documents.picture_worker import answer_job
    from shared.workers.in_thread import JobsInThread

    setattr(app, "picture_pool", lambda *_given: JobsInThread(answer_job))  # noqa: B010
    setattr(picture_memory, "jpeg_scale", lambda _width, _height: 1)  # noqa: B010
    picture_memory.LARGEST_DECODED_BYTES = ENDLESS  # type: ignore[misc]

    def scaled_whole(page: FilePage) -> Image.Image:
        upright = page.picture.copy()
        upright.thumbnail((3000, 3000))
        return upright.convert("RGB")

    picture_decoding._shrunk = scaled_whole


WITHOUT = {"bodies": without_bodies, "processes": without_processes}

if __name__ == "__main__":
    WITHOUT[os.environ["PASPOR_TEST_WITHOUT"]]()
    main(Settings, assemble)
