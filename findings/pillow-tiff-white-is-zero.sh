#!/usr/bin/env bash
# Pillow 13.0.0, TIFF of a scanner in which 0 is white (PhotometricInterpretation 0): turned round or not, by the depth.
#
# TIFF 6.0 lets grey pictures of any depth say that 0 is white, as fax machines and document scanners write them. Of 1
# and 8 bits Pillow turns the values round, so that 0 is white in the picture too. Of 16 bits it takes them as they are:
# a page comes out as its negative, black with white letters, without an error.
#
# What we do: the tag is read, and 16 bits with white as 0 are turned round before they are scaled to 8.
# Exit status: 0 as long as it is so, 1 when another behaviour is seen.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import io
import struct
import sys
from importlib.metadata import version

from PIL import Image

print("Pillow", version("pillow"))
SHORT, LONG = 3, 4


def tiff(depth: int, white: bytes) -> Image.Image:
    """One pixel that is white, of a picture in which 0 is white."""
    tags = [
        (256, SHORT, 1),  # width
        (257, SHORT, 1),  # height
        (258, SHORT, depth),
        (259, SHORT, 1),  # not compressed
        (262, SHORT, 0),  # 0 is white
        (273, LONG, 8),  # where the pixel lies
        (277, SHORT, 1),  # values in a pixel
        (278, SHORT, 1),  # rows in a strip
        (279, LONG, len(white)),
    ]
    body = white.ljust(8, b"\0")
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = b"II*\0" + struct.pack("<I", 8 + len(body))
    return Image.open(io.BytesIO(head + body + struct.pack("<H", len(tags)) + entries + bytes(4)))


wrong = []
for depth, white, known in ((1, b"\0", 255), (8, b"\0", 255), (16, b"\0\0", 0)):
    picture = tiff(depth, white)
    seen = picture.getpixel((0, 0))
    print(f"{depth} bits, mode {picture.mode}: the white pixel is read as {seen}")
    if seen != known:
        wrong.append(depth)
print("changed" if wrong else "as described")
sys.exit(1 if wrong else 0)
PYTHON
