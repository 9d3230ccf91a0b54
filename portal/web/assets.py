"""Style, script and pictures: served by the portal itself under names that change with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

STATIC: Final = Path(__file__).parent.parent / "static"
ASSETS_PATH: Final = "/assets/"
FOR_EVER: Final = "public, max-age=31536000, immutable"
_SQUEEZED: Final = frozenset({".css", ".js", ".svg", ".json", ".webmanifest"})


@dataclass(frozen=True)
class Asset:
    """One file, as it is served."""

    media_type: str
    content: bytes
    squeezed: bytes | None
    """The same by gzip, where that is smaller."""


class Assets:
    """All files of a folder, read once. They are few and small; pictures of papers are the largest."""

    def __init__(self, folder: Path = STATIC) -> None:
        """Read the folder."""
        self._urls: dict[str, str] = {}
        self._files: dict[str, Asset] = {}
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = file.read_bytes()
            name = file.relative_to(folder).as_posix()
            digest = hashlib.sha256(content).hexdigest()[:12]
            served = f"{Path(name).with_suffix('')}.{digest}{file.suffix}"
            media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            squeezed = gzip.compress(content, 9, mtime=0) if file.suffix in _SQUEEZED else None
            self._urls[name] = ASSETS_PATH + served
            self._files[served] = Asset(media_type, content, squeezed)

    def url(self, name: str) -> str:
        """Return the address of a file.

        Raises:
            KeyError: there is none.
        """
        return self._urls[name]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for a file; its name never means another content, so it is kept for ever."""
        asset = self._files.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        headers = {"Content-Type": asset.media_type, "Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if asset.squeezed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=asset.squeezed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=asset.content, headers=headers)
