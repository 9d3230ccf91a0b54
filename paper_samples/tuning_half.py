"""The half of the samples that the reader is tuned on: drawn and photographed by Pillow."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from paper_samples.contents import compose
from paper_samples.drawing import Drawing
from paper_samples.holder import Holder, invent_household
from paper_samples.kinds import PaperKind
from paper_samples.pillow_camera import Shot, choose_shot, photograph
from paper_samples.pillow_faces import draw_portrait
from paper_samples.pillow_papers import draw_page
from paper_samples.pillow_wrong_pictures import draw_wrong
from paper_samples.sample import Sample, plan_half

FIRST_SEED: Final = 1_000_000
PORTRAIT_SIZE: Final = (900, 1200)
PHONE: Final = Shot(megapixels=3.0, fill=0.9, tilt=1.0, haze=0.0, noise=4)


def tuning_samples(scale: float = 1.0) -> Iterator[Sample]:
    """Yield the samples of this half."""
    return plan_half("tuning", FIRST_SEED, draw_sample, scale)


def draw_sample(sample: Sample) -> bytes:
    """Return the picture of a sample as JPEG."""
    if sample.sort is not None:
        return draw_wrong(sample.sort, sample.seed)
    if sample.kind is None:
        raise ValueError("a sample is a paper or of a wrong sort")
    chance = random.Random(sample.seed)
    if sample.kind is PaperKind.PHOTO:
        drawing = _portrait(chance)
        shot = Shot(megapixels=sample.megapixels() / 2, fill=1.0, perspective=0.0, noise=4)
        return photograph(drawing, shot, chance)
    drawing = draw_page(compose(sample.kind, sample.household(), chance), chance)
    return photograph(drawing, choose_shot(chance, sample.megapixels(), sample.quality, sample.fault), chance)


def draw_paper(kind: PaperKind, holder: Holder, seed: int) -> bytes:
    """Return a well-taken picture of a holder's paper as JPEG, 3 megapixels; relatives and address are invented."""
    chance = random.Random(seed)
    if kind is PaperKind.PHOTO:
        return photograph(_portrait(chance), Shot(megapixels=1.5, fill=1.0, perspective=0.0, noise=4), chance)
    page = draw_page(compose(kind, invent_household(holder, chance), chance), chance)
    return photograph(page, PHONE, chance)


def _portrait(chance: random.Random) -> Drawing:
    return Drawing(draw_portrait(PORTRAIT_SIZE, chance), PORTRAIT_SIZE[1] * 0.05)
