"""Kinds of papers, sorts of wrong pictures and grades of quality that a sample can have."""

from __future__ import annotations

from enum import StrEnum


class PaperKind(StrEnum):
    """Kinds of papers; the values are the codes of the requirements' papers."""

    KTP = "ktp"
    FAMILY_CARD = "family_card"
    BIRTH_CERTIFICATE = "birth_certificate"
    MARRIAGE_CERTIFICATE = "marriage_certificate"
    DIPLOMA = "diploma"
    OLD_PASSPORT = "old_passport"
    PARENTS_STATEMENT = "parents_statement"
    NAME_CHANGE_DECISION = "name_change_decision"
    PHOTO = "photo"


class WrongSort(StrEnum):
    """Sorts of pictures that are none of the papers."""

    WHITE_PAGE = "white_page"
    BLACK_PAGE = "black_page"
    NOISE = "noise"
    SCENE = "scene"
    """An animal or a landscape."""

    SELFIE = "selfie"
    RECEIPT = "receipt"
    CHAT = "chat"
    """Screenshot of a chat."""

    FORM = "form"
    """Empty form of something else."""


class Quality(StrEnum):
    """How well a picture can be read."""

    GOOD = "good"
    SLIGHTLY_BAD = "slightly_bad"
    """One fault, and a person can still read it, or would, were it not cut off."""

    BLURRED = "blurred"
    """Beyond reading."""


class Fault(StrEnum):
    """The fault of a slightly bad picture."""

    TILTED = "tilted"
    TURNED = "turned"
    GLARE = "glare"
    SHADOW = "shadow"
    DARK = "dark"
    SOFT = "soft"
    COARSE = "coarse"
    """Strong JPEG compression."""

    CROPPED = "cropped"
    SMALL = "small"
    """The paper fills a small part of the picture."""
