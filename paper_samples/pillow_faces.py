"""Portraits and selfies of invented people, drawn by Pillow: a shaded head with eyes, brows, nose and mouth."""

from __future__ import annotations

import random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
SKINS: Final[tuple[Colour, ...]] = ((224, 182, 148), (205, 160, 124), (186, 138, 102), (160, 114, 82), (236, 200, 170))
HAIRS: Final[tuple[Colour, ...]] = ((24, 20, 20), (38, 28, 24), (16, 16, 22), (60, 48, 44))
CLOTHES: Final[tuple[Colour, ...]] = ((240, 240, 240), (40, 60, 120), (120, 30, 40), (30, 90, 70), (70, 70, 76))
BACKDROPS: Final[tuple[Colour, ...]] = ((196, 28, 36), (30, 78, 170), (244, 244, 246))
"""Red, blue and white, as offices ask for them."""


def draw_person(image: Image.Image, centre: tuple[float, float], height: float, chance: random.Random) -> None:
    """Draw head and shoulders; ``height`` is that of the face, ``centre`` its middle."""
    x, y, half = centre[0], centre[1], height / 2
    wide = half * chance.uniform(0.72, 0.8)
    skin, hair, cloth = chance.choice(SKINS), chance.choice(HAIRS), chance.choice(CLOTHES)
    draw = ImageDraw.Draw(image)
    veiled = chance.random() < 0.25
    scarf = chance.choice(CLOTHES[1:]) if veiled else hair
    top = half * (1.28 if veiled else 1.14)
    draw.ellipse((x - wide * 1.22, y - top, x + wide * 1.22, y + half * (1.25 if veiled else 0.35)), fill=scarf)
    draw.rounded_rectangle(
        (x - wide * 0.5, y + half * 0.5, x + wide * 0.5, y + half * 1.5), wide * 0.3, _dark(skin, 0.82)
    )
    draw.ellipse((x - wide * 2.5, y + half * 1.2, x + wide * 2.5, y + half * 4.4), fill=cloth)
    draw.polygon(
        ((x - wide * 0.5, y + half * 1.24), (x + wide * 0.5, y + half * 1.24), (x, y + half * 1.75)), _dark(skin, 0.9)
    )
    _paste_face(image, (x, y), (wide, half), skin)
    _draw_features(image, (x, y), (wide, half), skin, chance)
    draw.chord((x - wide * 1.05, y - half * 1.08, x + wide * 1.05, y - half * 0.1), 190, 350, fill=scarf)


def _paste_face(image: Image.Image, centre: tuple[float, float], half: tuple[float, float], skin: Colour) -> None:
    """An oval of skin that darkens towards its edge and to one side."""
    size = (round(half[0] * 2), round(half[1] * 2))
    shade = Image.radial_gradient("L").resize(size).point(lambda tone: 255 - round(tone * 0.42))
    side = Image.linear_gradient("L").rotate(90).resize(size).point(lambda tone: 255 - round(tone * 0.14))
    face = ImageChops.multiply(
        Image.new("RGB", size, skin), Image.merge("RGB", (ImageChops.multiply(shade, side),) * 3)
    )
    oval = Image.new("L", size)
    ImageDraw.Draw(oval).ellipse((0, 0, *size), fill=255)
    image.paste(
        face, (round(centre[0] - half[0]), round(centre[1] - half[1])), oval.filter(ImageFilter.GaussianBlur(1))
    )


def _draw_features(
    image: Image.Image, centre: tuple[float, float], half: tuple[float, float], skin: Colour, chance: random.Random
) -> None:
    (x, y), (wide, tall) = centre, half
    box = (round(x - wide), round(y - tall), round(x + wide), round(y + tall))
    part = image.crop(box)
    draw = ImageDraw.Draw(part)
    middle, eyes = wide, tall * 0.86
    for side in (-1, 1):
        eye = middle + side * wide * 0.42
        draw.ellipse(_around(eye, eyes, wide * 0.3, tall * 0.15), _dark(skin, 0.66))
        draw.ellipse(_around(eye, eyes + tall * 0.02, wide * 0.19, tall * 0.07), (235, 232, 228))
        draw.ellipse(_around(eye, eyes + tall * 0.02, wide * 0.09, tall * 0.075), (30, 22, 20))
        draw.arc(_around(eye, eyes - tall * 0.05, wide * 0.29, tall * 0.17), 200, 340, (28, 22, 20), round(tall * 0.06))
        draw.ellipse(_around(middle + side * wide * 0.13, tall * 1.3, wide * 0.07, tall * 0.035), _dark(skin, 0.5))
    draw.polygon(
        ((middle, eyes - tall * 0.1), (middle + wide * 0.13, tall * 1.26), (middle - wide * 0.13, tall * 1.26)),
        _dark(skin, 0.97),
    )
    lips = _around(middle, tall * 1.52, wide * chance.uniform(0.3, 0.38), tall * 0.075)
    draw.ellipse(lips, (150, 70, 66))
    draw.line((lips[0], tall * 1.52, lips[2], tall * 1.52), (96, 40, 40), max(1, round(tall * 0.025)))
    image.paste(part.filter(ImageFilter.GaussianBlur(max(0.6, tall * 0.012))), box[:2], _oval(part.size))


def _oval(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse((2, 2, size[0] - 2, size[1] - 2), fill=255)
    return mask


def _around(x: float, y: float, wide: float, tall: float) -> tuple[float, float, float, float]:
    return x - wide, y - tall, x + wide, y + tall


def _dark(colour: Colour, part: float) -> Colour:
    red, green, blue = (min(255, round(tone * part)) for tone in colour)
    return red, green, blue


def draw_portrait(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Return a portrait before a plain backdrop, the face filling half of its height."""
    image = Image.new("RGB", size, chance.choice(BACKDROPS))
    height = size[1] * chance.uniform(0.44, 0.52)
    draw_person(image, (size[0] * chance.uniform(0.48, 0.52), size[1] * 0.43), height, chance)
    return image
