"""The segments of a JPEG (ITU-T T.81, annex B), read without decoding a pixel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image

ORIENTATION: Final = 0x0112
"""The entry of EXIF that says how a picture lies."""

END_MARK: Final = b"\xff\xd9"

_FILL: Final = 0xFF
_START_OF_SCAN: Final = 0xDA
_EXIF: Final = b"Exif\x00\x00"
_PROFILE: Final = b"ICC_PROFILE\x00"
_JFIF, _EXIF_SEGMENT, _PROFILE_SEGMENT, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_APPLICATION_SEGMENTS: Final = range(0xE0, 0xF0)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ONE_SCAN_FRAMES: Final = (0xC0, 0xC1)
_PROGRESSIVE: Final = 0xC2
_SCAN_HEAD: Final = re.compile(rb"\xff\xda")
_BLOCK_ENTRIES: Final = 64


@dataclass(frozen=True)
class Segment:
    """One marker with its data, by their places in the file."""

    marker: int
    start: int
    data_start: int
    end: int


def read_segments(content: bytes) -> Iterator[Segment]:
    """Yield the segments up to the head of the first scan, and end early where they are broken."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == _FILL:
            at += 1
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        yield Segment(marker, at, at + 4, end)
        if marker == _START_OF_SCAN:
            return
        at = end


def read_orientation(content: bytes) -> int:
    """How the picture lies by its EXIF, 1 for upright; other entries are never read."""
    for segment in read_segments(content):
        data = content[segment.data_start : segment.end]
        if segment.marker == _EXIF_SEGMENT and data.startswith(_EXIF):
            return orientation_in(data)
    return 1


def orientation_in(exif: bytes) -> int:
    """How a picture lies by these bytes of EXIF; 1 where they do not say it or cannot be read."""
    try:
        entries = Image.Exif()
        entries.load(exif)
        found = entries.get(ORIENTATION, 1)
    except Exception:  # Pillow lets struct.error, TypeError, SyntaxError and others through
        return 1
    return found if isinstance(found, int) else 1


def bare_jpeg(content: bytes) -> bytes:
    """The same picture with its colour profile but without other metadata, and with an end mark behind: libjpeg takes
    what lacks its own."""
    parts, at = [], 0
    for segment in read_segments(content):
        if _is_left_out(segment, content):
            parts.append(content[at : segment.start])
            at = segment.end
    return b"".join((*parts, content[at:], END_MARK))


def _is_left_out(segment: Segment, content: bytes) -> bool:
    if segment.marker == _PROFILE_SEGMENT:
        return not content.startswith(_PROFILE, segment.data_start)
    return segment.marker == _COMMENT or (
        segment.marker in _APPLICATION_SEGMENTS and segment.marker not in (_JFIF, _ADOBE)
    )


def has_end(content: bytes) -> bool:
    """Whether an end mark stands behind the first scan."""
    scans = [segment.end for segment in read_segments(content) if segment.marker == _START_OF_SCAN]
    return bool(scans) and content.find(END_MARK, scans[0]) >= 0


def has_several_scans(content: bytes) -> bool:
    """Whether a JPEG is progressive, or its first scan leaves components to later ones: then the decoder holds the
    coefficients of the whole picture at once."""
    components = 0
    for segment in read_segments(content):
        if segment.marker == _START_OF_SCAN:
            return segment.data_start < len(content) and content[segment.data_start] < components
        if segment.marker in _FRAMES:
            if segment.marker not in _ONE_SCAN_FRAMES:
                return True
            components = content[segment.data_start + 5] if segment.data_start + 5 < len(content) else 0
    return False


def lacks_scans(content: bytes) -> bool:
    """Whether a progressive JPEG ends before its last scan has come: it shows less than was in front of the camera."""
    frame = next((segment for segment in read_segments(content) if segment.marker in _FRAMES), None)
    if frame is None or frame.marker != _PROGRESSIVE:
        return False
    components = content[frame.data_start + 5] if frame.data_start + 5 < len(content) else 0
    missing = dict.fromkeys(range(components), frozenset(range(_BLOCK_ENTRIES)))
    names = [content[frame.data_start + 6 + 3 * number] for number in range(components)]
    for found in _SCAN_HEAD.finditer(content, frame.end):
        head = content[found.end() + 2 : found.end() + 2 + 12]
        count = head[0] if head else 0
        if len(head) < 1 + 2 * count + 3:
            break
        first, last, steps = head[1 + 2 * count : 4 + 2 * count]
        if steps & 0x0F:  # finer steps of these entries come later
            continue
        for at in range(count):
            if head[1 + 2 * at] in names:
                missing[names.index(head[1 + 2 * at])] -= frozenset(range(first, last + 1))
    return any(missing.values())
