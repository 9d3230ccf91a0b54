"""The half of the samples that decides: typeset by typst, photographed by OpenCV. Nothing is tuned on it.

It is drawn only by the bench that measures and, a few of it, by tests of the generator; no reader's threshold may be
chosen by a look at it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from paper_samples.contents import compose
from paper_samples.kinds import PaperKind
from paper_samples.opencv_camera import choose_view, encode, take_picture
from paper_samples.opencv_wrong_pictures import make_wrong
from paper_samples.sample import Sample, plan_half
from paper_samples.typst_papers import Picture, typeset_page, typeset_portrait

FIRST_SEED: Final = 5_000_000


def deciding_samples(scale: float = 1.0) -> Iterator[Sample]:
    """Yield the samples of this half."""
    return plan_half("deciding", FIRST_SEED, draw_sample, scale)


def draw_sample(sample: Sample) -> bytes:
    """Return the picture of a sample as JPEG."""
    if sample.sort is not None:
        return make_wrong(sample.sort, sample.seed)
    if sample.kind is None:
        raise ValueError("a sample is a paper or of a wrong sort")
    words, chance = random.Random(sample.seed), np.random.default_rng(sample.seed)
    if sample.kind is PaperKind.PHOTO:
        return encode(_printed(typeset_portrait(words), chance), int(chance.integers(78, 94)))
    page, text_height = typeset_page(compose(sample.kind, sample.household(), words), words)
    view = choose_view(chance, sample.megapixels(), sample.quality, sample.fault)
    return take_picture(page, text_height, view, chance)


def _printed(portrait: Picture, chance: np.random.Generator) -> Picture:
    """Soften the edges of shapes and add grain, as a studio's camera has them."""
    soft = cv2.GaussianBlur(portrait[:, :, :3], (0, 0), chance.uniform(1.2, 2.2))
    grain = chance.normal(0, 2.5, soft.shape)
    return np.asarray((soft + grain).clip(0, 255), np.uint8)
