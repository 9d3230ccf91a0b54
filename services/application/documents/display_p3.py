"""Display P3, in which many telephones take pictures, as a profile for files that name it by a number alone."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

P3_PRIMARIES: Final = 12
"""ITU-T H.273, table 2: the primaries of SMPTE EG 432-1 with the white of daylight."""

SCREEN_CURVES: Final = frozenset({1, 2, 6, 13})
"""ITU-T H.273, table 3: the curve of sRGB, those that are watched on the same screens, and none that is named."""

COLOURANTS: Final = {
    b"rXYZ": (0.51512, 0.2412, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.1571, 0.06657, 0.78407),
}
"""Its primaries under the white of profiles (D50), as in the profile of the ICC's registry."""

WHITE_POINT: Final = (0.9642, 1.0, 0.8249)
CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""Of sRGB (IEC 61966-2-1): exponent, slope, offset, slope near black and where that ends."""

_PARAMETRIC: Final = 3
_HEAD_BYTES: Final = 128
_VERSION_4: Final = 0x04000000
_ENTRY: Final = struct.Struct(">4sII")


def named_profile(coding: object) -> bytes | None:
    """Return the profile for the colours that a HEIC names in its `nclx` box; None where they are read as sRGB."""
    if not isinstance(coding, Mapping) or coding.get("color_primaries") != P3_PRIMARIES:
        return None
    return display_p3() if coding.get("transfer_characteristics") in SCREEN_CURVES else None


def display_p3() -> bytes:
    """Return an ICC profile (ISO 15076-1) of Display P3."""
    curve = b"para\0\0\0\0" + struct.pack(">HH", _PARAMETRIC, 0) + _fixed(*CURVE)
    tags = {name: b"XYZ \0\0\0\0" + _fixed(*values) for name, values in {b"wtpt": WHITE_POINT, **COLOURANTS}.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    start, table, body = _HEAD_BYTES + 4 + _ENTRY.size * len(tags), b"", b""
    for name, content in tags.items():
        table += _ENTRY.pack(name, start + len(body), len(content))
        body += content
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(body), _VERSION_4, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head = head.ljust(_HEAD_BYTES - 60, b"\0") + _fixed(*WHITE_POINT)
    return head.ljust(_HEAD_BYTES, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))
