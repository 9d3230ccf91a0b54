"""A telephone that photographs a drawing, by Pillow alone: table, perspective, light, blur, noise, JPEG.

The samples that the reader is tuned on are taken with it. All chance comes from the seed.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from paper_samples.drawing import Drawing
from paper_samples.kinds import Fault, Quality

Point = tuple[float, float]
LIGHT_MAP: Final = (96, 72)
"""Lights and shadows are drawn so small and then enlarged."""

INNER_SQUARE: Final = (38, 38, 218, 218)
"""Of Pillow's gradient of 256 pixels: filled however it is turned."""

NOISE_TILE: Final = 512
SHARP_PIXELS: Final = 0.3
"""A blur below it is not seen."""

BLUR_BEYOND_READING: Final = (0.75, 1.1)
"""Deviation of the blur in heights of a capital letter: strokes run into each other from half a height on."""

SOFT_BLUR: Final = (0.16, 0.22)


@dataclass(frozen=True, slots=True)
class Shot:
    """How one picture is taken. ``fill`` is the paper's part of the frame, ``tilt`` in degrees."""

    megapixels: float
    fill: float = 0.88
    tilt: float = 0.0
    perspective: float = 0.03
    blur: float = 0.0
    """In heights of a capital letter of the key field."""

    haze: float = 0.4
    """Blur of the lens in pixels, in every picture."""

    noise: int = 6
    light: float = 1.0
    jpeg_quality: int = 85
    faults: frozenset[Fault] = field(default=frozenset())


def choose_shot(chance: random.Random, megapixels: float, quality: Quality, fault: Fault | None) -> Shot:
    """Return a shot of this quality; a slightly bad one has that fault and no other."""
    blur = chance.uniform(*BLUR_BEYOND_READING) if quality is Quality.BLURRED else 0.0
    return Shot(
        megapixels=megapixels,
        fill=chance.uniform(0.3, 0.38) if fault is Fault.SMALL else chance.uniform(0.78, 0.96),
        tilt=chance.choice((-1, 1)) * chance.uniform(9, 16) if fault is Fault.TILTED else chance.uniform(-3.5, 3.5),
        perspective=chance.uniform(0.0, 0.04),
        blur=chance.uniform(*SOFT_BLUR) if fault is Fault.SOFT else blur,
        haze=chance.uniform(0.3, 0.8),
        noise=chance.randint(3, 9),
        light=chance.uniform(0.3, 0.4) if fault is Fault.DARK else chance.uniform(0.86, 1.0),
        jpeg_quality=chance.randint(14, 22) if fault is Fault.COARSE else chance.randint(74, 93),
        faults=frozenset() if fault is None else frozenset((fault,)),
    )


def photograph(drawing: Drawing, shot: Shot, chance: random.Random) -> bytes:
    """Return the picture as JPEG."""
    paper = drawing.image
    size = _frame_size(paper.size, shot.megapixels)
    corners = _place(paper.size, size, shot, chance)
    scale = math.dist(corners[0], corners[1]) / paper.width
    image = _table(size, chance)
    _lay_down(image, paper, corners, scale)
    image = _lit(image, shot, chance)
    radius = math.hypot(shot.haze, shot.blur * drawing.text_height * scale)
    if radius > SHARP_PIXELS:
        image = image.filter(ImageFilter.GaussianBlur(radius))
    image = _noisy(image, shot.noise, chance)
    if Fault.TURNED in shot.faults:
        image = image.transpose(chance.choice((Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)))
    return as_jpeg(image, shot.jpeg_quality)


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """Return the picture as JPEG without metadata."""
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality)
    return written.getvalue()


def _frame_size(paper: tuple[int, int], megapixels: float) -> tuple[int, int]:
    short = round(math.sqrt(megapixels * 1_000_000 * 3 / 4))
    long = short * 4 // 3
    return (long, short) if paper[0] > paper[1] else (short, long)


def _place(paper: tuple[int, int], frame: tuple[int, int], shot: Shot, chance: random.Random) -> list[Point]:
    """Return where the paper's corners come to lie: top left, top right, bottom right, bottom left."""
    turn = math.radians(shot.tilt)
    wide = abs(paper[0] * math.cos(turn)) + abs(paper[1] * math.sin(turn))
    tall = abs(paper[0] * math.sin(turn)) + abs(paper[1] * math.cos(turn))
    scale = shot.fill * min(frame[0] / wide, frame[1] / tall)
    half_wide, half_tall = paper[0] * scale / 2, paper[1] * scale / 2
    spare = ((frame[0] - wide * scale) / 2, (frame[1] - tall * scale) / 2)
    x, y = (frame[place] / 2 + spare[place] * chance.uniform(-0.7, 0.7) for place in (0, 1))
    if Fault.CROPPED in shot.faults:
        x, y = (
            x + chance.choice((-1, 1)) * half_wide * chance.uniform(0.75, 1.0),
            y + half_tall * chance.uniform(-0.3, 0.3),
        )
    inward = shot.perspective * min(half_wide, half_tall)
    return [
        (
            x
            + (side_x * half_wide - chance.random() * side_x * inward) * math.cos(turn)
            - (side_y * half_tall - chance.random() * side_y * inward) * math.sin(turn),
            y + side_x * half_wide * math.sin(turn) + side_y * half_tall * math.cos(turn),
        )
        for side_x, side_y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _lay_down(image: Image.Image, paper: Image.Image, corners: Sequence[Point], scale: float) -> None:
    """Put the paper on the table, with its shadow."""
    if scale < 0.7:
        paper = paper.resize((round(paper.width * scale), round(paper.height * scale)), Image.Resampling.LANCZOS)
    left, top = (max(0, math.floor(min(corner[axis] for corner in corners))) for axis in (0, 1))
    right, bottom = (min(image.size[axis], math.ceil(max(corner[axis] for corner in corners))) for axis in (0, 1))
    box = (left, top, right, bottom)
    outline = [(x - left, y - top) for x, y in corners]
    size = (right - left, bottom - top)
    back = perspective(outline, paper.size)
    warped = paper.transform(size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BILINEAR)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(outline, 255)
    shadow = mask.resize((size[0] // 8, size[1] // 8)).filter(ImageFilter.GaussianBlur(3)).resize(size)
    offset = round(size[1] * 0.012)
    image.paste((20, 20, 20), (left + offset, top + offset), shadow.point(lambda tone: round(tone * 0.5)))
    image.paste(warped, box, mask)


def perspective(corners: Sequence[Point], size: tuple[int, int]) -> tuple[float, ...]:
    """Return the eight numbers with which Pillow finds, for each point of the frame, the point of the paper.

    The map of the unit square onto four corners in closed form (Heckbert 1989), inverted.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    denominator = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / denominator, (dx1 * sy - sx * dy1) / denominator
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    inverse = (
        *(e - f * h, c * h - b, b * f - c * e),
        *(f * g - d, a - c * g, c * d - a * f),
        *(d * h - e * g, b * g - a * h, a * e - b * d),
    )
    along, down = (value / inverse[8] for value in size)
    return (
        *(number * along for number in inverse[0:3]),
        *(number * down for number in inverse[3:6]),
        *(number / inverse[8] for number in inverse[6:8]),
    )


def _table(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """A table top: boards, cloth or a plain one."""
    colour = chance.choice(((122, 84, 52), (92, 66, 44), (70, 74, 80), (150, 148, 142), (52, 70, 96), (168, 132, 92)))
    image = Image.new("RGB", size, colour)
    kind = chance.choice(("boards", "cloth", "plain"))
    if kind == "plain":
        return image
    cells = (3, 160) if kind == "boards" else (90, 90)
    grain = Image.frombytes("L", cells, chance.randbytes(cells[0] * cells[1])).resize(size, Image.Resampling.BILINEAR)
    strength = 0.3 if kind == "boards" else 0.22
    grain = grain.point(lambda tone: 255 - round(tone * strength))
    return ImageChops.multiply(image, Image.merge("RGB", (grain, grain, grain)))


def _lit(image: Image.Image, shot: Shot, chance: random.Random) -> Image.Image:
    """Uneven light over all; a cast shadow or the glare of a lamp where that is the fault."""
    light = Image.linear_gradient("L").rotate(chance.uniform(0, 360)).crop(INNER_SQUARE).resize(LIGHT_MAP)
    depth = chance.uniform(0.05, 0.2)
    light = light.point(lambda tone: round(255 * shot.light * (1 - depth * tone / 255)))
    wide, tall = LIGHT_MAP
    if Fault.SHADOW in shot.faults:
        edge = chance.uniform(0.3, 0.6) * wide
        cast = Image.new("L", LIGHT_MAP, 255)
        ImageDraw.Draw(cast).polygon(((0, 0), (edge, 0), (edge + wide * 0.2, tall), (0, tall)), fill=105)
        light = ImageChops.multiply(light, cast.filter(ImageFilter.GaussianBlur(1.2)))
    light = light.resize(image.size, Image.Resampling.BICUBIC)
    image = ImageChops.multiply(image, Image.merge("RGB", (light, light, light)))
    if Fault.GLARE in shot.faults:
        lamp = Image.new("L", LIGHT_MAP)
        x, y, reach = (
            wide * chance.uniform(0.35, 0.65),
            tall * chance.uniform(0.35, 0.65),
            wide * chance.uniform(0.06, 0.09),
        )
        ImageDraw.Draw(lamp).ellipse((x - reach * 1.5, y - reach, x + reach * 1.5, y + reach), fill=255)
        lamp = lamp.filter(ImageFilter.GaussianBlur(2.5)).resize(image.size, Image.Resampling.BICUBIC)
        image = ImageChops.screen(image, Image.merge("RGB", (lamp, lamp, lamp)))
    return image


def _noisy(image: Image.Image, strength: int, chance: random.Random) -> Image.Image:
    """Add the sensor's noise; ``strength`` in tones of 255."""
    tile = Image.frombytes("L", (NOISE_TILE, NOISE_TILE), chance.randbytes(NOISE_TILE * NOISE_TILE))
    tile = tile.point(lambda tone: 128 + round((tone - 128) * strength / 128))
    grain = Image.new("L", image.size)
    for left in range(0, image.width, NOISE_TILE):
        for top in range(0, image.height, NOISE_TILE):
            grain.paste(tile, (left, top))
    return ImageChops.add(image, Image.merge("RGB", (grain, grain, grain)), 1, -128)
