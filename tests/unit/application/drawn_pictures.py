"""Pictures whose right look is known because they are drawn from it: every form is written from one drawing, by writers
of our own where a form is rare, and the reference is the drawing itself, never something decoded.

A drawing is a field of numbers: 0 is paper, 1 is ink (lines of one pixel and bars), the others are fields of their own
shade or colour. What a form cannot show (colours in grey, shades in one bit) it is not given.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

Shades = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Values = NDArray[np.float64]

A6_AT_300_DPI: Final = (1240, 1748)
SMALL: Final = (400, 564)
EVERY: Final = 40
"""A line of one pixel stands in each so many columns of the left half, and in each so many rows of the right half."""

BAR: Final = 8
ORIENTATION: Final = 0x0112
SRGB_TO_XYZ: Final = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Linear sRGB to the connection space of profiles (D50)."""

P3_TO_XYZ: Final = np.array(
    [[0.5151187, 0.2919778, 0.1571035], [0.2411892, 0.6922441, 0.0665668], [-0.0010505, 0.0418791, 0.7840713]]
)
P3_GAMMA: Final = 563 / 256
GREY_GAMMA: Final = 461 / 256
WHITE_POINT: Final = np.array([0.9642, 1.0, 0.8249])


def draw(size: tuple[int, int], count: int) -> Numbers:
    """The drawing with so many numbers: lines above, fields and bars below."""
    width, height = size
    numbers = np.zeros((height, width), np.int64)
    half, middle = height // 2, width // 2
    numbers[:half, EVERY // 2 : middle : EVERY] = 1
    numbers[EVERY // 2 : half : EVERY, middle:] = 1
    numbers[half : half + 3 * BAR : 2 * BAR, :] = 1
    for bar in range(0, width, 4 * BAR):
        numbers[half + 4 * BAR : half + 8 * BAR, bar : bar + BAR] = 1
    fields = max(count - 2, 1)
    top = half + 10 * BAR
    across = min(fields, 8)
    down = -(-fields // across)
    for field in range(count - 2):
        row, column = divmod(field, across)
        rows = slice(top + row * (height - top) // down, top + (row + 1) * (height - top) // down)
        numbers[rows, column * width // across : (column + 1) * width // across] = field + 2
    return numbers


def line_columns(width: int) -> range:
    return range(EVERY // 2, width // 2, EVERY)


def line_rows(height: int) -> range:
    return range(EVERY // 2, height // 2, EVERY)


def lost_lines(shown: Shades) -> int:
    """How many lines of one pixel of a drawing of this size do not stand out by half of black on white."""
    grey = shown.astype(float).mean(axis=2)
    height, width = grey.shape
    left, right = slice(0, height // 2 - 2), slice(width // 2 + 2, width)
    contrast = [grey[left, x - 4].mean() - grey[left, x - 1 : x + 2].min(axis=1).mean() for x in line_columns(width)]
    contrast += [grey[y - 4, right].mean() - grey[y - 1 : y + 2, right].min(axis=0).mean() for y in line_rows(height)]
    return sum(found < 100 for found in contrast)


# -- shades and colours -----------------------------------------------------------------------------------------------


def greys(count: int) -> Shades:
    """White paper, black ink, and shades between."""
    rest = np.linspace(30, 220, max(count - 2, 0)).round()
    return np.array([255, 0, *rest], np.uint8)[:, None].repeat(3, axis=1)


def colours(count: int) -> Shades:
    """White paper, black ink, and colours that are not far from grey nor near the edge."""
    chance = np.random.default_rng(7)
    rest = chance.integers(40, 216, (max(count - 2, 0), 3))
    return np.concatenate([np.array([[255, 255, 255], [0, 0, 0]]), rest]).astype(np.uint8)[:count]


def to_light(values: Values) -> Values:
    """sRGB values of 0 to 1 to light (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_values(light: Values) -> Values:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def in_p3(table: Shades) -> Shades:
    """The values in Display P3 (with one exponent) that look as these in sRGB."""
    light = to_light(table / 255) @ SRGB_TO_XYZ.T @ np.linalg.inv(P3_TO_XYZ).T
    return (255 * light.clip(0, 1) ** (1 / P3_GAMMA)).round().astype(np.uint8)


def in_grey_gamma(table: Shades) -> Shades:
    """The values of a grey with another exponent that look as these in sRGB."""
    return (255 * to_light(table / 255) ** (1 / GREY_GAMMA)).round().astype(np.uint8)


CORNERS: Final = np.array([[corner >> bit & 1 for bit in range(4)] for corner in range(16)])
"""Cyan, magenta, yellow, black: each none or full."""


def corner_labs() -> Values:
    """How each corner looks (L, a, b): papers' inks, much weaker than what the plain formula makes of them."""
    labs = np.zeros((16, 3))
    for number, (cyan, magenta, yellow, black) in enumerate(CORNERS):
        light = 96 - 25 * cyan - 28 * magenta - 6 * yellow
        labs[number] = [light * (1 - 0.85 * black), -20 * cyan + 30 * magenta, -25 * cyan + 35 * yellow]
        labs[number, 1:] *= 1 - 0.9 * black
    labs[0] = [100, 0, 0]
    return labs.round()


def look_of_labs(labs: Values) -> Shades:
    """CIE L*a*b* (D50) as sRGB."""
    y = (labs[:, 0] + 16) / 116
    bent = np.stack([y + labs[:, 1] / 500, y, y - labs[:, 2] / 200], axis=1)
    xyz = np.where(bent > 6 / 29, bent**3, 3 * (6 / 29) ** 2 * (bent - 4 / 29)) * WHITE_POINT
    return (255 * to_values(xyz @ np.linalg.inv(SRGB_TO_XYZ).T)).round().astype(np.uint8)


# -- profiles (ICC.1:2001-04) -----------------------------------------------------------------------------------------


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(4 + 4 + 2 + 1 + 67)
    every = {
        b"desc": description,
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*WHITE_POINT),
        **tags,
    }
    at, table, body = 128 + 4 + 12 * len(every), b"", b""
    for name, data in every.items():
        padded = data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += padded
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(24) + bytes(4) + _fixed(*WHITE_POINT)
    return head.ljust(128, b"\0") + struct.pack(">I", len(every)) + table + body


def _curve(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def p3_profile() -> bytes:
    """Display P3 with one exponent."""
    columns = zip((b"rXYZ", b"gXYZ", b"bXYZ"), P3_TO_XYZ.T, strict=True)
    tags = {name: b"XYZ \0\0\0\0" + _fixed(*column) for name, column in columns}
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(P3_GAMMA))})


def grey_profile() -> bytes:
    """A grey with another exponent than a screen's."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(GREY_GAMMA)})


def cmyk_profile() -> bytes:
    """Four inks by a table of their corners."""
    labs = corner_labs()
    # the first ink changes slowest
    order = [sum(bit << place for place, bit in enumerate(reversed([n >> b & 1 for b in range(4)]))) for n in range(16)]
    table = bytes(
        int(value)
        for number in order
        for value in (round(labs[number, 0] * 255 / 100), labs[number, 1] + 128, labs[number, 2] + 128)
    )
    same = bytes(range(256))
    matrix = _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    tables = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + same * 4 + table + same * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": tables})


# -- PNG, in all its forms --------------------------------------------------------------------------------------------

GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of Adam7: first column and row, steps."""


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write_png(
    values: NDArray[Any],
    depth: int,
    kind: int,
    *,
    interlaced: bool = False,
    chunks: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """A PNG of these values (rows, columns, samples)."""
    height, width, _ = values.shape
    parts = [values[y::down, x::across] for x, y, across, down in PASSES] if interlaced else [values]
    data = b"".join(_packed(part, depth) for part in parts if part.size)
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    between = b"".join(png_chunk(name, body) for name, body in (chunks or {}).items())
    body = png_chunk(b"IDAT", zlib.compress(data, 1))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + between + body + png_chunk(b"IEND", b"")


def _packed(values: NDArray[Any], depth: int) -> bytes:
    rows, columns, samples = values.shape
    flat = values.reshape(rows, columns * samples)
    if depth == 16:
        packed = flat.astype(">u2").view(np.uint8)
    elif depth == 8:
        packed = flat.astype(np.uint8)
    elif depth == 1:
        packed = np.packbits(flat.astype(bool), axis=1)
    else:
        bits = (flat[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(rows, -1).astype(np.uint8), axis=1)
    return np.concatenate([np.zeros((rows, 1), np.uint8), packed], axis=1).tobytes()


@dataclass(frozen=True)
class Drawn:
    """A file, and how it looks."""

    content: bytes
    look: Shades


def _look(numbers: Numbers, table: Shades) -> Shades:
    return table[numbers]


def png_form(
    kind: int, depth: int, clear: str, *, interlaced: bool = False, size: tuple[int, int] = SMALL, **words: Any
) -> Drawn:
    """A PNG of one form; with clear paper the paper is black below."""
    count = min(2**depth, 34) if kind in (GREY, PALETTE) else 34
    numbers = draw(size, count)
    make: Callable[..., Drawn] = {
        GREY: _png_grey,
        COLOUR: _png_colour,
        PALETTE: _png_palette,
        GREY_ALPHA: _png_alpha,
        COLOUR_ALPHA: _png_alpha,
    }[kind]
    return make(numbers, count, depth, kind, clear, interlaced=interlaced, **words)


def _png_grey(
    numbers: Numbers, count: int, depth: int, kind: int, clear: str, *, interlaced: bool, chunks: Any = None
) -> Drawn:
    most = 2**depth - 1
    levels = np.linspace(0, most, count).round().astype(np.int64)
    raw = np.concatenate([[most, 0], levels[1:-1]])  # paper is white, ink is black
    if clear == "key" and depth > 1:
        raw = np.concatenate([[1, 0], levels[2:]])  # paper is nearly black but clear, ink is black
    key = {b"tRNS": struct.pack(">H", raw[0])} if clear == "key" else {}
    shades = (255 * raw / most).round()
    shades[0] = 255
    table = shades.astype(np.uint8)[:, None].repeat(3, axis=1)
    content = write_png(raw[numbers][:, :, None], depth, kind, interlaced=interlaced, chunks={**(chunks or {}), **key})
    return Drawn(content, _look(numbers, table))


def _png_colour(
    numbers: Numbers, count: int, depth: int, kind: int, clear: str, *, interlaced: bool, chunks: Any = None
) -> Drawn:
    table = colours(count)
    raw = table.astype(np.int64) * (257 if depth == 16 else 1)
    if clear == "key":
        raw[0], raw[1] = 0, 1  # as near as two values can be
    key = {b"tRNS": struct.pack(">HHH", *raw[0])} if clear == "key" else {}
    content = write_png(raw[numbers], depth, kind, interlaced=interlaced, chunks={**(chunks or {}), **key})
    return Drawn(content, _look(numbers, table))


def _png_palette(
    numbers: Numbers, count: int, depth: int, kind: int, clear: str, *, interlaced: bool, chunks: Any = None
) -> Drawn:
    table = colours(count)
    look, below = table.copy(), table.copy()
    more: dict[bytes, bytes] = dict(chunks or {})
    opacity = np.full(count, 255)
    if clear:
        below[0], opacity[0] = (0, 0, 0), 0
    if clear == "shades" and count > 2:
        opacity[2] = 128
        look[2] = (below[2] * (128 / 255) + 255 * (127 / 255)).round()
    more[b"PLTE"] = below.tobytes()
    if clear:
        more[b"tRNS"] = bytes(opacity.astype(np.uint8))
    content = write_png(numbers[:, :, None], depth, kind, interlaced=interlaced, chunks=more)
    return Drawn(content, _look(numbers, look))


def _png_alpha(
    numbers: Numbers, count: int, depth: int, kind: int, clear: str, *, interlaced: bool, chunks: Any = None
) -> Drawn:
    table = greys(count) if kind == GREY_ALPHA else colours(count)
    raw, opacity = table.astype(np.int64), np.full(count, 255)
    raw[0], opacity[0], opacity[2] = 0, 0, 128
    look = (raw * opacity[:, None] + 255 * (255 - opacity[:, None])) // 255
    samples = raw[:, :1] if kind == GREY_ALPHA else raw
    values = np.concatenate([samples, opacity[:, None]], axis=1) * (257 if depth == 16 else 1)
    content = write_png(values[numbers], depth, kind, interlaced=interlaced, chunks=chunks)
    return Drawn(content, _look(numbers, look.astype(np.uint8)))


PNG_FORMS: Final = (
    *((GREY, depth, clear) for depth in (1, 2, 4, 8, 16) for clear in ("", "key")),
    *((COLOUR, depth, clear) for depth in (8, 16) for clear in ("", "key")),
    *((PALETTE, depth, clear) for depth in (1, 2, 4, 8) for clear in ("", "paper", "shades")),
    *((kind, depth, "alpha") for kind in (GREY_ALPHA, COLOUR_ALPHA) for depth in (8, 16)),
)


# -- the other formats ------------------------------------------------------------------------------------------------

TURNED_BACK: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is laid so that the orientation lays it upright again."""


def saved(picture: Image.Image, image_format: str, **words: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, image_format, **words)
    return written.getvalue()


def laid(picture: Image.Image, orientation: int) -> Image.Image:
    turn = TURNED_BACK.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _exif(orientation: int) -> bytes:
    entries = Image.Exif()
    entries[ORIENTATION] = orientation
    return entries.tobytes()


def _profiled(mode: str, profile: str, count: int) -> tuple[Shades, NDArray[Any], bytes | None]:
    """How each number looks, its values in the file, and the profile by which they look so."""
    if mode == "CMYK":
        if profile:
            order = np.array([0, 8, *(n for n in range(16) if n not in (0, 8))])
            return look_of_labs(corner_labs())[order], (CORNERS[order] * 255).astype(np.uint8), cmyk_profile()
        inks = np.concatenate([[[0, 0, 0, 0], [0, 0, 0, 255]], np.random.default_rng(3).integers(0, 120, (14, 4))])
        plain = (255 - inks[:, :3]) * (255 - inks[:, 3:]) / 255
        return plain.round().astype(np.uint8), inks.astype(np.uint8), None
    if mode == "L":
        table = greys(count)
        return table, (in_grey_gamma(table) if profile else table)[:, 0], grey_profile() if profile else None
    table = colours(count)
    return table, in_p3(table) if profile else table, p3_profile() if profile else None


PLAIN_MODES: Final = {"1": "L", "I;16": "L", "RGBA": "RGB", "LA": "L"}


@dataclass(frozen=True)
class Form:
    """A way to write a drawing."""

    image_format: str
    mode: str = "RGB"
    profile: str = ""
    orientation: int = 1
    words: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        words = [f"{name}={value}" for name, value in self.words]
        return " ".join([self.image_format, self.mode, self.profile or "-", str(self.orientation), *words])

    def drawn(self, size: tuple[int, int] = SMALL) -> Drawn:
        """The drawing in this form."""
        count = {"1": 2, "CMYK": 16}.get(self.mode, 18)
        numbers = draw(size, count)
        table, raw, profile = _profiled(PLAIN_MODES.get(self.mode, self.mode), self.profile, count)
        look = _look(numbers, table)
        picture = self._picture(raw[numbers])
        words: dict[str, Any] = dict(self.words)
        if profile is not None:
            words["icc_profile"] = profile
        if self.image_format == "TIFF" and self.orientation != 1:
            words["tiffinfo"] = {ORIENTATION: self.orientation}
        elif self.orientation != 1:
            words["exif"] = _exif(self.orientation)
        picture = laid(picture, self.orientation)
        if self.image_format == "HEIF":
            return Drawn(self._heif(picture, words), look)
        return Drawn(saved(picture, self.image_format, **words), look)

    def _picture(self, values: NDArray[Any]) -> Image.Image:
        if self.mode == "1":
            return Image.fromarray(values).convert("1")
        if self.mode == "I;16":
            return Image.fromarray(values.astype(np.uint16) * 257)
        if self.mode in ("RGBA", "LA"):
            paper = values.min(axis=2) == 255 if values.ndim == 3 else values == 255
            opacity = np.where(paper, 0, 255).astype(np.uint8)
            inked = values.copy()
            inked[paper] = 0
            picture = Image.fromarray(inked)
            picture.putalpha(Image.fromarray(opacity))
            return picture
        return Image.fromarray(values, self.mode) if self.mode == "CMYK" else Image.fromarray(values)

    def _heif(self, picture: Image.Image, words: dict[str, Any]) -> bytes:
        depth = words.pop("depth", 8)
        exif = words.pop("exif", None)
        if depth > 8:
            values = np.asarray(picture).astype(np.uint16) * 257
            heif = pillow_heif.from_bytes("RGB;16", picture.size, values.tobytes())
        else:
            heif = pillow_heif.from_pillow(picture)
        if words.get("icc_profile"):
            heif[0].info["icc_profile"], heif[0].info["icc_profile_type"] = words.pop("icc_profile"), "prof"
        written = io.BytesIO()
        heif.save(written, quality=92, chroma=444, **({"exif": exif} if exif else {}), **words)
        return written.getvalue()


def _forms(names: Sequence[str], modes: Sequence[str], **words: Any) -> list[Form]:
    return [Form(name, mode, words=tuple(words.items())) for name in names for mode in modes]


PLAIN_FORMS: Final = (
    *_forms(["JPEG"], ["L", "RGB", "CMYK"], quality=92),
    *_forms(["JPEG"], ["RGB"], quality=92, progressive=True),
    *_forms(["JPEG"], ["RGB"], quality=92, subsampling=0),
    *_forms(["WEBP"], ["L", "RGB", "RGBA"], quality=92, method=0),
    *_forms(["WEBP"], ["RGB", "RGBA"], lossless=True, method=0),
    *_forms(["AVIF"], ["L", "RGB", "RGBA"], quality=92, speed=10, subsampling="4:4:4"),
    *_forms(["HEIF"], ["L", "RGB", "RGBA"]),
    *_forms(["HEIF"], ["RGB"], depth=10),
    *_forms(["HEIF"], ["RGB"], tile_size=256),
    *_forms(["TIFF"], ["1", "L", "I;16", "RGB", "RGBA", "LA", "CMYK"]),
    *_forms(["TIFF"], ["1", "L", "I;16", "RGB", "RGBA", "CMYK"], compression="tiff_lzw"),
    *_forms(["TIFF"], ["1"], compression="group4"),
    *_forms(["TIFF"], ["RGB"], compression="jpeg", quality=92),
    *_forms(["PDF"], ["1", "L", "RGB"], resolution=300),
)
PROFILED_FORMS: Final = (
    *(
        Form(name, "RGB", "p3", words=words)
        for name, words in (
            ("JPEG", (("quality", 92),)),
            ("PNG", ()),
            ("WEBP", (("lossless", True), ("method", 0))),
            ("AVIF", (("quality", 92), ("speed", 10), ("subsampling", "4:4:4"))),
            ("HEIF", ()),
            ("TIFF", ()),
        )
    ),
    *(Form(name, "L", "grey") for name in ("JPEG", "PNG", "TIFF")),
    *(Form(name, "CMYK", "inks") for name in ("JPEG", "TIFF")),
    Form("PNG", "RGBA", "p3"),
)
TURNED_FORMS: Final = tuple(
    Form(name, orientation=orientation, words=words)
    for name, words in (
        ("JPEG", (("quality", 92),)),
        ("PNG", ()),
        ("WEBP", (("lossless", True), ("method", 0))),
        ("AVIF", (("quality", 92), ("speed", 10), ("subsampling", "4:4:4"))),
        ("HEIF", ()),
        ("TIFF", ()),
    )
    for orientation in range(2, 9)
)
