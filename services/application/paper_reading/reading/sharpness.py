"""How sharp a picture is, and how much of it shines."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.application.paper_reading.reading.page import Pixels

SHINING: Final = 252
"""From this tone on nothing is to be seen."""

USUAL_PAPER: Final = 225
"""A picture whose brighter half is above is a scan or a bright white paper: what is white there is paper, not glare."""


def sharpness_of(grey: Pixels) -> float:
    """Return the variance of the Laplacian. It means something only at one size: `LOOK_SIDE_PIXELS`."""
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def glare_share(grey: Pixels) -> float:
    """Return the part of the picture that shines, from 0 to 1; 0 where the paper itself is that bright."""
    if float(np.percentile(grey, 75)) > USUAL_PAPER:
        return 0.0
    shining = cv2.morphologyEx((grey >= SHINING).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return float(shining.mean())
