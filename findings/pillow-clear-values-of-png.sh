#!/usr/bin/env bash
# Pillow 13.0.0, PNG with a clear value (tRNS): another shade is made clear, or none.
#
# A PNG in grey or in colours may name one value that is clear. Of 2 and 4 bits Pillow scales the values to 8 bits, but
# not the clear one: convert("RGBA") clears another shade, or nothing. Of 1 bit it scales both. Of colours in 16 bits it
# keeps the high bytes of the values and compares them with the low bytes of the clear one, so that it is not clear and
# another colour may be; by high bytes alone it would share them with many colours.
#
# What we do: the depth is read from the file's head, and the clear value of grey is scaled by 85 or 17. Of 16-bit colours
# the low bytes are decoded too, by another raw mode ("RGB;16L") of the same file.
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
import zlib
from importlib.metadata import version

from PIL import Image

print("Pillow", version("pillow"))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(depth: int, kind: int, row: bytes, clear: bytes) -> Image.Image:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, depth, kind, 0, 0, 0))
    body = chunk(b"tRNS", clear) + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")
    return Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + head + body))


cases = {
    # name: (picture of two pixels of which the first is clear, whether Pillow sees it as clear)
    "grey of 1 bit": (png(1, 0, b"\x80", struct.pack(">H", 1)), True),
    "grey of 2 bits": (png(2, 0, b"\x40", struct.pack(">H", 1)), False),
    "grey of 4 bits": (png(4, 0, b"\x50", struct.pack(">H", 5)), False),
    "grey of 8 bits": (png(8, 0, b"\x05\x00", struct.pack(">H", 5)), True),
    "colours of 8 bits": (png(8, 2, b"\1\2\3\0\0\0", struct.pack(">HHH", 1, 2, 3)), True),
    "colours of 16 bits": (png(16, 2, b"\1\7\2\7\3\7" + bytes(6), struct.pack(">HHH", 0x107, 0x207, 0x307)), False),
}
wrong = []
for name, (picture, known) in cases.items():
    try:
        clear = picture.convert("RGBA").getpixel((0, 0))[3] == 0
    except ValueError as error:
        clear = False
        print(name, "ValueError:", error)
    print(f"{name}: the clear pixel is {'clear' if clear else 'not clear'}")
    if clear is not known:
        wrong.append(name)
print("changed" if wrong else "as described")
sys.exit(1 if wrong else 0)
PYTHON
