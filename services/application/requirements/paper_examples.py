"""Drawings of how the picture of a paper should look, our own, one for each kind of paper."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

FOLDER: Final = "paper_examples"
SVG: Final = "image/svg+xml"


@cache
def load_examples() -> Mapping[str, bytes]:
    """Return every drawing (SVG without scripts and links) by the kind of paper."""
    folder = files("services.application.data").joinpath(FOLDER)
    return {drawing.name.removesuffix(".svg"): drawing.read_bytes() for drawing in folder.iterdir()}
