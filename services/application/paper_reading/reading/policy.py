"""The verdict on a page by what was measured of it: one pure function, with every threshold and its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.application.paper_reading.reading.kinds import PaperKind
from services.application.paper_reading.verdict import Agreement, AskedPaper, Outcome, Verdict

LEAST_TONE_DEVIATION: Final = 9.0
"""Of the grey tones at 64 x 64: a white or black page and noise have less, the palest paper with print has more."""

LEAST_SHARPNESS: Final = 40.0
"""Variance of the Laplacian at 500 pixels: below it a paper cannot be read, by the lines that a reader finds. Sharper
pictures may be unreadable too; then the missing key field tells."""

LARGE_FACE: Final = 0.05
"""Part of the picture: with such a face a soft picture is a portrait, not a paper blurred beyond reading."""

PORTRAIT_FACE: Final = 0.12
"""Part of a portrait that its face fills; a selfie at arm's length has less, or no plain background."""

LEAST_SIDE_PIXELS: Final = 300
"""A card that is smaller than this cannot be read."""

LEAST_LINES: Final = 3
"""Every paper has more printed lines; a picture with fewer shows a thing, a face or an empty page."""

MANY_LINES: Final = 8
"""So many lines are a text: without a kind it is another paper, or one that is not known here."""

CERTAIN: Final = 0.9
"""Confidence from which another kind is refused; below, an officer looks at it."""

LEAST_LETTER_PIXELS: Final = 11.0
"""Height of the usual line in the kept picture: smaller print is read wrongly."""

TILTED_DEGREES: Final = 8.0
"""A hand-held picture is turned by less."""

STRONG_TILT_DEGREES: Final = 25.0
"""From here on an officer looks at it."""

GLARE_SHARE: Final = 0.01
"""Part of the picture that shines so much that no print is seen: a letter in a hundred."""

CUT_LINES: Final = 2
"""Lines that run into the picture's edge or end right before it: one may be print beside the paper."""

ONE_TONE: Final = "one_tone"
BLURRED: Final = "blurred"
TOO_SMALL: Final = "too_small"
CROPPED: Final = "cropped"
TILTED: Final = "tilted"
GLARE: Final = "glare"
OTHER_KIND: Final = "other_kind"
UNKNOWN_KIND: Final = "unknown_kind"
NOTHING_WRITTEN: Final = "nothing_written"
CODE_ONLY: Final = "code_only"
NOT_WHOLE: Final = "not_whole"
NOT_READABLE: Final = "not_readable"
HOLDER_NOT_FOUND: Final = "holder_not_found"
NO_PORTRAIT: Final = "no_portrait"
DATA_DIFFER: Final = "data_differ"

REASONS: Final = (
    *(ONE_TONE, BLURRED, TOO_SMALL, CROPPED, TILTED, GLARE, OTHER_KIND, UNKNOWN_KIND),
    *(NOTHING_WRITTEN, CODE_ONLY, NOT_WHOLE, NOT_READABLE, HOLDER_NOT_FOUND, NO_PORTRAIT, DATA_DIFFER),
)
"""Why a page is refused or flagged; each has its sentence in `services.application.texts`."""

KINDS_OF_ITEMS: Final[Mapping[str, tuple[PaperKind, ...]]] = {
    "ktp": (PaperKind.KTP,),
    "parent_ktp": (PaperKind.KTP,),
    "family_card": (PaperKind.FAMILY_CARD,),
    "child_family_card": (PaperKind.FAMILY_CARD,),
    "birth_proof": (PaperKind.BIRTH_CERTIFICATE, PaperKind.MARRIAGE_CERTIFICATE, PaperKind.DIPLOMA),
    "birth_certificate": (PaperKind.BIRTH_CERTIFICATE,),
    "child_birth_certificate": (PaperKind.BIRTH_CERTIFICATE,),
    "marriage_certificate": (PaperKind.MARRIAGE_CERTIFICATE,),
    "parents_marriage_certificate": (PaperKind.MARRIAGE_CERTIFICATE,),
    "diploma": (PaperKind.DIPLOMA,),
    "old_passport": (PaperKind.OLD_PASSPORT,),
    "child_old_passport": (PaperKind.OLD_PASSPORT,),
    "parent_passport": (PaperKind.OLD_PASSPORT,),
    "parents_statement": (PaperKind.PARENTS_STATEMENT,),
    "name_change_decision": (PaperKind.NAME_CHANGE_DECISION,),
    "photo": (PaperKind.PHOTO,),
}
"""Codes of items and papers, and the kinds that are right for them. Others are not known here."""


@dataclass(frozen=True)
class Look:
    """Measured before any reading."""

    short_side_pixels: int
    tone_deviation: float
    sharpness: float
    face_share: float = 0.0
    plain_background: bool = False
    glare_share: float = 0.0
    codes: int = 0
    """QR codes and others: counted where hardly a line is read."""


@dataclass(frozen=True)
class Read:
    """Found by reading: counts, measures and codes, nothing of the text."""

    kind: PaperKind | None = None
    confidence: float = 0.0
    lines: int = 0
    unread_lines: int = 0
    """Found, and not readable."""
    letter_pixels: float = 0.0
    tilt_degrees: float = 0.0
    cut_lines: int = 0
    beyond_edge: bool = False
    """By the place of its title, a card ends outside the picture."""
    has_title: bool = True
    has_foot: bool = True
    has_key_field: bool = False
    agreements: Mapping[str, Agreement] = field(default_factory=dict)


def expected_kinds(asked: AskedPaper) -> tuple[PaperKind, ...]:
    """Return the kinds that are right: those of the paper, or where it has none of its own those of the item."""
    return KINDS_OF_ITEMS.get(asked.paper, KINDS_OF_ITEMS.get(asked.requirement, ()))


def right_kinds(asked: AskedPaper) -> tuple[PaperKind, ...]:
    """Return the kinds that the item takes: also another of its papers than the one that was named."""
    return (*expected_kinds(asked), *KINDS_OF_ITEMS.get(asked.requirement, ()))


def certain_refusal(asked: AskedPaper, look: Look) -> str | None:
    """Return why a picture is refused without being read; None where it is to be read."""
    if look.tone_deviation < LEAST_TONE_DEVIATION:
        return ONE_TONE
    if look.short_side_pixels < LEAST_SIDE_PIXELS:
        return TOO_SMALL
    if look.sharpness < LEAST_SHARPNESS and look.face_share < LARGE_FACE:
        return BLURRED
    return None


def judge(asked: AskedPaper, look: Look, read: Read | None) -> Verdict:
    """Return the verdict. `read` is None where the picture was not read: a certain refusal, or a portrait asked for."""
    refusal = certain_refusal(asked, look)
    if refusal is not None:
        return Verdict("refused", refusal, findings=(refusal,))
    if PaperKind.PHOTO in expected_kinds(asked):
        return _judge_portrait(look)
    assert read is not None  # noqa: S101 - what is neither refused nor a portrait was read
    return _judge_paper(asked, look, read)


def _judge_portrait(look: Look) -> Verdict:
    if look.face_share >= PORTRAIT_FACE and look.plain_background:
        return Verdict("accepted", None, PaperKind.PHOTO, 1.0, tuple(_faults(look, Read())))
    return Verdict("flagged", NO_PORTRAIT, findings=(NO_PORTRAIT, *_faults(look, Read())))


def _judge_paper(asked: AskedPaper, look: Look, read: Read) -> Verdict:
    kind, confidence = _kind_with_face(look, read)
    outcome, reason = _outcome_by_kind(asked, read, kind, confidence)
    if reason == NOTHING_WRITTEN and look.codes:
        reason = CODE_ONLY
    findings = [*_about_kind(asked, look, read, kind), *_faults(look, read), *_about_reading(asked, read, kind)]
    if outcome == "accepted":
        reason = next((fault for fault in findings if _flags(fault, asked, read)), None)
        outcome = "flagged" if reason else "accepted"
    return Verdict(outcome, reason, kind, confidence, tuple(dict.fromkeys(findings)), dict(read.agreements))


def _kind_with_face(look: Look, read: Read) -> tuple[PaperKind | None, float]:
    """The kind that was read; with hardly a line it is a portrait or another face, or a scene."""
    if read.kind is not None or read.lines + read.unread_lines >= LEAST_LINES:
        return read.kind, read.confidence
    if look.face_share >= PORTRAIT_FACE and look.plain_background:
        return PaperKind.PHOTO, 1.0
    return PaperKind.SCENE, 1.0


def _outcome_by_kind(
    asked: AskedPaper, read: Read, kind: PaperKind | None, confidence: float
) -> tuple[Outcome, str | None]:
    """A later page may look like no paper at all; a first page of another kind is refused where that is certain."""
    if kind is None:
        reason = _reason_of_unknown(read)
        return ("accepted", None) if asked.page > 1 and reason == UNKNOWN_KIND else ("flagged", reason)
    if kind in right_kinds(asked):
        return "accepted", None
    reason = NOTHING_WRITTEN if kind is PaperKind.SCENE else OTHER_KIND
    is_certain = confidence >= CERTAIN and asked.page == 1 and bool(right_kinds(asked))
    return ("refused" if is_certain else "flagged"), reason


def _reason_of_unknown(read: Read) -> str:
    """Why no kind is known: print too small, lines that cannot be read, or a text that is no known paper's."""
    if 0 < read.letter_pixels < LEAST_LETTER_PIXELS:
        return TOO_SMALL
    return BLURRED if read.lines < LEAST_LINES else UNKNOWN_KIND


def _about_kind(asked: AskedPaper, look: Look, read: Read, kind: PaperKind | None) -> Iterable[str]:
    if kind is None:
        yield _reason_of_unknown(read)
    elif kind is PaperKind.SCENE:
        yield CODE_ONLY if look.codes else NOTHING_WRITTEN
    elif kind not in expected_kinds(asked):
        yield OTHER_KIND


def _faults(look: Look, read: Read) -> Iterable[str]:
    """The faults of the picture's quality."""
    if look.glare_share >= GLARE_SHARE:
        yield GLARE
    if abs(read.tilt_degrees) >= TILTED_DEGREES:
        yield TILTED
    if read.cut_lines >= CUT_LINES or read.beyond_edge:
        yield CROPPED
    if 0 < read.letter_pixels < LEAST_LETTER_PIXELS:
        yield TOO_SMALL


def _about_reading(asked: AskedPaper, read: Read, kind: PaperKind | None) -> Iterable[str]:
    if kind in right_kinds(asked) and not (read.has_title and read.has_foot) and asked.page == 1:
        yield NOT_WHOLE
    if kind in expected_kinds(asked) and not read.has_key_field and asked.page == 1:
        yield NOT_READABLE
    if "differs" in read.agreements.values():
        yield DATA_DIFFER
    if read.agreements and "agrees" not in read.agreements.values() and asked.page == 1:
        yield HOLDER_NOT_FOUND


def _flags(fault: str, asked: AskedPaper, read: Read) -> bool:
    """Whether an officer has to look at it: a fault of quality counts only where something could not be read.

    Small print that was compared with nothing may be read wrongly.
    """
    if fault in (CROPPED, NOT_WHOLE, NOT_READABLE, DATA_DIFFER, HOLDER_NOT_FOUND):
        return True
    if fault == TILTED:
        return abs(read.tilt_degrees) >= STRONG_TILT_DEGREES
    if fault == TOO_SMALL and "agrees" not in read.agreements.values():
        return asked.page == 1
    return fault in (GLARE, TOO_SMALL) and not read.has_key_field and asked.page == 1
