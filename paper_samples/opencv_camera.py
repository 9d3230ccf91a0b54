"""Another telephone, by numpy and OpenCV: a pinhole camera above a tilted plane, lens, defocus, shot noise, sharpening.

The samples that decide are taken with it. It shares nothing with the camera of the other half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from paper_samples.kinds import Fault, Quality
from paper_samples.typst_papers import Picture

Chance = np.random.Generator
FOCAL_LENGTH: Final = 1.3
"""In long sides of the frame: a telephone's main lens."""

DEFOCUS_BEYOND_READING: Final = (0.85, 1.2)
"""Radius of the disk of a point in heights of a capital letter; from half a height on letters close up."""

MOTION_BEYOND_READING: Final = (2.4, 3.2)
"""Length of the way in heights of a capital letter."""

SOFT_DEFOCUS: Final = (0.2, 0.27)
NOISE_TILE: Final = 1024
FEW_PIXELS: Final = 0.75
"""A page that is scaled by less is scaled down by areas first."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera is and what goes wrong; angles in degrees."""

    megapixels: float
    fill: float
    roll: float
    pitch: float
    yaw: float
    defocus: float = 0.0
    motion: float = 0.0
    exposure: float = 1.0
    jpeg_quality: int = 84
    fault: Fault | None = None


def choose_view(chance: Chance, megapixels: float, quality: Quality, fault: Fault | None) -> View:
    """Return a view of this quality; a slightly bad one has that fault and no other."""
    defocus = motion = 0.0
    if quality is Quality.BLURRED:
        if chance.random() < 0.6:
            defocus = chance.uniform(*DEFOCUS_BEYOND_READING)
        else:
            defocus, motion = 0.35, chance.uniform(*MOTION_BEYOND_READING)
    return View(
        megapixels=megapixels,
        fill=chance.uniform(0.3, 0.38) if fault is Fault.SMALL else chance.uniform(0.76, 0.95),
        roll=chance.choice((-1, 1)) * chance.uniform(9, 15) if fault is Fault.TILTED else chance.uniform(-3, 3),
        pitch=chance.uniform(-9, 9),
        yaw=chance.uniform(-7, 7),
        defocus=chance.uniform(*SOFT_DEFOCUS) if fault is Fault.SOFT else defocus,
        motion=motion,
        exposure=chance.uniform(0.28, 0.38) if fault is Fault.DARK else chance.uniform(0.9, 1.08),
        jpeg_quality=int(chance.integers(15, 23) if fault is Fault.COARSE else chance.integers(72, 94)),
        fault=fault,
    )


def take_picture(page: Picture, text_height: float, view: View, chance: Chance) -> bytes:
    """Return the picture of a page on a floor or a desk as JPEG."""
    width, height = _frame(page, view.megapixels)
    home = _homography(page, (width, height), view, chance)
    scale = math.sqrt(abs(np.linalg.det(home[:2, :2] / home[2, 2])))
    picture = _floor(width, height, chance)
    picture = _lay(picture, page, home, scale)
    picture = _lens(_light(picture, view, chance), chance)
    radius = view.defocus * text_height * scale
    if radius > 0.6:
        picture = cv2.filter2D(picture, -1, _disk(radius))
    if view.motion:
        picture = cv2.filter2D(picture, -1, _way(view.motion * text_height * scale, chance.uniform(0, math.pi)))
    picture = _sense(picture, chance)
    if view.fault is Fault.TURNED:
        turn = int(chance.choice((cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE)))
        picture = cv2.rotate(picture, turn)
    return encode(picture, view.jpeg_quality)


def encode(picture: Picture, quality: int) -> bytes:
    """Return a picture as JPEG."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _frame(page: Picture, megapixels: float) -> tuple[int, int]:
    short = round(math.sqrt(megapixels * 1e6 * 3 / 4))
    long = round(short * 4 / 3)
    return (long, short) if page.shape[1] > page.shape[0] else (short, long)


def _homography(page: Picture, frame: tuple[int, int], view: View, chance: Chance) -> npt.NDArray[np.float64]:
    """Return the map from the page to the frame: the page turned in space and seen through the pinhole."""
    tall, wide = page.shape[:2]
    roll, pitch, yaw = (math.radians(angle) for angle in (view.roll, view.pitch, view.yaw))
    turn = _rotation(roll, 2) @ _rotation(pitch, 0) @ _rotation(yaw, 1)
    corners = np.array([(-wide, -tall, 0), (wide, -tall, 0), (wide, tall, 0), (-wide, tall, 0)], np.float64) / 2
    turned = corners @ turn.T / max(wide, tall)
    seen = turned[:, :2] / (FOCAL_LENGTH + turned[:, 2:3]) * FOCAL_LENGTH
    low, high = seen.min(axis=0), seen.max(axis=0)
    size = np.array(frame, np.float64)
    grow = view.fill * (size / (high - low)).min()
    spare = (size - (high - low) * grow) / 2
    middle = size / 2 + spare * chance.uniform(-0.75, 0.75, 2)
    if view.fault is Fault.CROPPED:
        middle[1 if frame[1] > frame[0] else 0] += (
            chance.choice((-1, 1)) * size.max() * chance.uniform(0.36, 0.48) * view.fill
        )
    seen = (seen - (low + high) / 2) * grow + middle
    flat = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(flat, seen.astype(np.float32)), np.float64)


def _rotation(angle: float, axis: int) -> npt.NDArray[np.float64]:
    first, second = (place for place in range(3) if place != axis)
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = math.cos(angle)
    turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
    return turn


def _lay(floor: Picture, page: Picture, home: npt.NDArray[np.float64], scale: float) -> Picture:
    if scale < FEW_PIXELS:
        smaller = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        home = home @ np.diag((page.shape[1] / smaller.shape[1], page.shape[0] / smaller.shape[0], 1.0))
        page = smaller
    seen = cv2.warpPerspective(page, home, (floor.shape[1], floor.shape[0]), flags=cv2.INTER_CUBIC)
    cover = seen[:, :, 3]
    shade = cv2.GaussianBlur(cv2.resize(cover, None, fx=0.1, fy=0.1), (0, 0), 4)
    shade = 255 - (cv2.resize(shade, (floor.shape[1], floor.shape[0])) * 0.45).astype(np.uint8)
    floor = cv2.multiply(floor, cv2.merge([shade] * 3), scale=1 / 255)
    cv2.copyTo(seen[:, :, :3], cover, floor)
    return floor


def _floor(width: int, height: int, chance: Chance) -> Picture:
    """A floor: stone in several octaves, tiles with joints, or woven cloth."""
    low = np.array(chance.uniform(40, 120, 3))
    high = low + np.array(chance.uniform(20, 90, 3))
    small = (max(8, width // 8), max(8, height // 8))
    stone = np.zeros((small[1], small[0]), np.float32)
    for octave in range(2, 7):
        grid = chance.random((2**octave, 2**octave), np.float32)
        stone += cv2.resize(grid, small, interpolation=cv2.INTER_CUBIC) / 2 ** (octave - 1)
    stone = (stone - stone.min()) / (stone.max() - stone.min())
    kind = chance.integers(3)
    if kind == 1:
        step = int(chance.integers(40, 90))
        stone[::step, :] = stone[:, ::step] = 0
    if kind == 2:
        rows, columns = np.indices(stone.shape)
        stone = (0.6 + 0.4 * np.sin(rows * 1.3) * np.sin(columns * 1.3)).astype(np.float32)
    coloured = low + stone[:, :, None] * (high - low)
    floor = coloured.clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(floor, (width, height), interpolation=cv2.INTER_CUBIC))


def _light(picture: Picture, view: View, chance: Chance) -> Picture:
    """Fall-off towards the corners, warm or cold light, and the fault of shadow or glare."""
    rows, columns = np.mgrid[-0.75:0.75:72j, -1:1:96j]
    lamp = chance.uniform(-0.8, 0.8, 2)
    light = (1 - 0.1 * (rows**2 + columns**2)) * (1.02 - 0.1 * np.hypot(rows - lamp[0], columns - lamp[1]))
    light *= view.exposure
    if view.fault is Fault.SHADOW:
        angle, edge = chance.uniform(-0.6, 0.6), chance.uniform(-0.3, 0.3)
        light *= 1 - 0.58 / (1 + np.exp(-(columns * math.cos(angle) + rows * math.sin(angle) - edge) * 18))
    warmth = chance.uniform(0.92, 1.08)
    frame = (picture.shape[1], picture.shape[0])
    gains = np.stack([light * (2 - warmth), light, light * warmth], axis=2).astype(np.float32)
    lit: Picture = cv2.multiply(picture, cv2.resize(gains, frame), dtype=cv2.CV_8U)
    if view.fault is Fault.GLARE:
        across, down, at = chance.uniform(0.1, 0.16), chance.uniform(0.07, 0.12), chance.uniform(-0.35, 0.35, 2)
        glare = np.exp(-(((columns - at[1]) / across) ** 2 + ((rows - at[0]) / down) ** 2)) * 330
        spot = cv2.resize(glare.clip(0, 255).astype(np.uint8), frame)
        lit = cv2.add(lit, cv2.merge([spot] * 3))
    return lit


def _lens(picture: Picture, chance: Chance) -> Picture:
    """Bend straight lines a little, as a wide lens does."""
    height, width = picture.shape[:2]
    camera = np.array([(width, 0, width / 2), (0, width, height / 2), (0, 0, 1)], np.float64)
    bend = np.array([chance.uniform(-0.04, 0.02), 0, 0, 0])
    maps = cv2.initUndistortRectifyMap(camera, bend, None, camera, (width, height), cv2.CV_16SC2)
    return cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _disk(radius: float) -> npt.NDArray[np.float32]:
    reach = math.ceil(radius)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1)
    return np.asarray(disk / disk.sum(), np.float32)


def _way(length: float, angle: float) -> npt.NDArray[np.float32]:
    reach = math.ceil(length / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    step = (math.cos(angle) * length / 2, math.sin(angle) * length / 2)
    ends = [(round(reach + sign * step[0]), round(reach + sign * step[1])) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _sense(picture: Picture, chance: Chance) -> Picture:
    """Noise that grows with the light, then the sharpening that telephones do."""
    tile = chance.standard_normal((NOISE_TILE, NOISE_TILE), np.float32) * chance.uniform(1.5, 4.0)
    height, width = picture.shape[:2]
    times = (-(-height // NOISE_TILE), -(-width // NOISE_TILE))
    noise = np.tile(tile, times)[:height, :width]
    noisy = cv2.add(picture, cv2.merge([noise] * 3), dtype=cv2.CV_8U)
    soft = cv2.GaussianBlur(noisy, (0, 0), 1.4)
    return cv2.addWeighted(noisy, 1.4, soft, -0.4, 0)
