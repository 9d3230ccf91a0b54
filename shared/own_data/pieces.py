"""A part of an export on its way to identity: JSON with its schema, packed, cut into pieces and sealed.

A piece is bound to its export, service and place, so that none can be left out, moved or taken for another's.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any, Final

from shared.crypto.sealed import SealedBox, Unsealer
from shared.events.identity import KeepExportPart
from shared.own_data.part import OwnData

PIECE_BYTES: Final = 384 * 1024
"""Packed bytes of one piece: sealed and written as base64 it stays below the largest message (1 MiB)."""

MOST_PIECES: Final = 16
"""Pieces of one part, 6 MiB packed: many times what fifteen applicants have, and one document holds them."""

LARGEST_PART_BYTES: Final = 256 * 1024 * 1024
"""Largest part unpacked: a packed part that claims more is refused."""


class PartTooLarge(ValueError):
    """A part has more bytes than an export takes."""


def seal_part(export_id: str, service: str, public_key: str, part: OwnData) -> tuple[KeepExportPart, ...]:
    """Return the commands that carry a service's part to identity.

    Raises:
        PartTooLarge: it has more than `MOST_PIECES` pieces.
    """
    content = {"data": part.model_dump(mode="json"), "schema": part.model_json_schema(mode="serialization")}
    packed = zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    cut = [packed[start : start + PIECE_BYTES] for start in range(0, len(packed), PIECE_BYTES)]
    if len(cut) > MOST_PIECES:
        raise PartTooLarge(f"the part of {service} has {len(cut)} pieces; {MOST_PIECES} are taken")
    box = SealedBox.for_recipient(public_key)
    return tuple(
        KeepExportPart(
            export_id=export_id,
            service=service,
            piece=piece,
            pieces=len(cut),
            sealed=box.seal(content_, bound_to(export_id, service, piece, len(cut))),
        )
        for piece, content_ in enumerate(cut)
    )


def open_part(export_id: str, service: str, unsealer: Unsealer, sealed: Sequence[str]) -> dict[str, Any]:
    """Return a part of which all pieces have arrived, in their order: its ``data`` and ``schema``.

    Raises:
        CannotUnseal: a piece was changed or is another's. PartTooLarge: it unpacks to too much.
    """
    opened = (
        unsealer.open(text, bound_to(export_id, service, piece, len(sealed))) for piece, text in enumerate(sealed)
    )
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(b"".join(opened), LARGEST_PART_BYTES)
    if unpacking.unconsumed_tail:
        raise PartTooLarge(f"the part of {service} unpacks to more than {LARGEST_PART_BYTES} bytes")
    found: dict[str, Any] = json.loads(content)
    return found


def bound_to(export_id: str, service: str, piece: int, pieces: int) -> str:
    """Return what the box of a piece is bound to."""
    return f"{export_id}|{service}|{piece}/{pieces}"
