"""Colours as they are meant: clear paper on white, 16 bits and 1 bit as shades of grey, profiles turned to sRGB."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms

from services.application.documents.picture_memory import reduction

STRIP_PIXELS: Final = 1_000_000
"""A picture is laid on white in strips of about this size, so that little memory lies beside it."""

WHITE: Final = 255
_GREY_MODES: Final = ("1", "L", "I;16", "I;16B", "I", "LA", "La")
_DEEP_MODES: Final = ("I;16", "I;16B")
_FLAT_MODES: Final = ("L", "RGB", "CMYK", "LAB", "YCbCr")
_SRGB_EDGE: Final = 0.0031308


@dataclass(frozen=True)
class Values:
    """How the values of a picture are to be read, where its mode does not say it."""

    depth: int = 8
    """Bits of a grey value in the file, by which its clear value is meant."""

    white_is_zero: bool = False
    """Of 16 bits, which Pillow does not turn round."""

    gamma: float | None = None
    """Exponent of the values where it is another than a screen's."""


PLAIN: Final = Values()


def flatten(picture: Image.Image, values: Values) -> Image.Image:
    """The picture on white paper as L, RGB, CMYK or LAB, divided so that `WHOLE_PIXELS` are left; the very same picture
    where nothing is to do."""
    by = reduction(picture.width, picture.height)
    clear = picture.info.get("transparency")
    if picture.mode in _FLAT_MODES and clear is None:
        plain = picture if by == 1 else picture.reduce(by)
        return plain.convert("RGB") if plain.mode == "YCbCr" else plain
    target_mode = "L" if picture.mode in _GREY_MODES else "RGB"
    target = Image.new(target_mode, (-(-picture.width // by), -(-picture.height // by)))
    deep = _shades_of_16_bits(clear, values) if picture.mode in _DEEP_MODES else None
    rows = max(1, STRIP_PIXELS // (picture.width * by)) * by
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        flat = strip.convert("I").point(deep, "L") if deep else _laid_on_white(strip, target_mode, clear, values)
        target.paste(flat if by == 1 else flat.reduce(by), (0, top // by))
    return target


def _laid_on_white(strip: Image.Image, target_mode: str, clear: object, values: Values) -> Image.Image:
    if target_mode == "L":
        return _grey_on_white(strip, clear, values)
    if clear is None and strip.mode not in ("RGBA", "RGBa", "PA"):
        return strip.convert("RGB")
    paper = Image.new("RGB", strip.size, "white")
    inked = strip.convert("RGBA")
    paper.paste(inked, mask=inked)
    return paper


def _grey_on_white(strip: Image.Image, clear: object, values: Values) -> Image.Image:
    if strip.mode in ("LA", "La"):
        parts = strip.convert("LA") if strip.mode == "La" else strip
        paper = Image.new("L", strip.size, WHITE)
        paper.paste(parts.getchannel("L"), mask=parts.getchannel("A"))
        return paper
    grey = strip.convert("L")
    if not isinstance(clear, int):
        return grey
    # Pillow scales values of 2 and 4 bits to 8, but not the clear one; of 1 bit it scales both
    step = {2: 85, 4: 17}.get(values.depth, 1)
    return grey.point([WHITE if shade == clear * step else shade for shade in range(256)])


def _shades_of_16_bits(clear: object, values: Values) -> list[int]:
    shades = [(value * WHITE + 32_767) // 65_535 for value in range(65_536)]
    if values.white_is_zero:
        shades.reverse()
    if isinstance(clear, int):
        shades[clear] = WHITE
    return shades


def to_srgb(picture: Image.Image, profile: bytes | None, values: Values) -> Image.Image:
    """The flat picture in RGB, its colours turned to sRGB by its profile; a profile that cannot be used is ignored."""
    if values.gamma is not None:
        return picture.convert("RGB").point(_screen_values(values.gamma) * 3)
    if picture.mode == "LAB":
        return _turned(picture, ImageCms.createProfile("LAB"))
    if profile:
        try:
            return _turned_by(picture, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _turned_by(picture: Image.Image, profile: bytes) -> Image.Image:
    meant = ImageCms.getOpenProfile(io.BytesIO(profile))
    is_for_colours = meant.profile.xcolor_space.strip() == "RGB"
    return _turned(picture.convert("RGB") if picture.mode == "L" and is_for_colours else picture, meant)


def _turned(picture: Image.Image, meant: ImageCms.ImageCmsProfile | ImageCms.core.CmsProfile) -> Image.Image:
    turned = ImageCms.profileToProfile(picture, meant, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert turned is not None  # noqa: S101 - only in place it returns nothing
    return turned


def _screen_values(gamma: float) -> list[int]:
    """For each value of the file the value of sRGB (IEC 61966-2-1) that looks the same."""
    lights = ((value / 255) ** (1 / gamma) for value in range(256))
    return [
        round(255 * (12.92 * light if light <= _SRGB_EDGE else 1.055 * light ** (1 / 2.4) - 0.055)) for light in lights
    ]
