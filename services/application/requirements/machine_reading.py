"""Papers whose kind the machine knows; an officer looks at all others, however good their picture is. Pure."""

from __future__ import annotations

from typing import Final

READ_BY_MACHINE: Final = frozenset(
    {
        *("ktp", "parent_ktp", "family_card", "child_family_card"),
        *("birth_proof", "birth_certificate", "child_birth_certificate"),
        *("marriage_certificate", "parents_marriage_certificate", "diploma"),
        *("old_passport", "child_old_passport", "parent_passport"),
        *("parents_statement", "name_change_decision", "photo"),
    }
)
"""Codes of items and papers. The reader's `KINDS_OF_ITEMS` has the same; a test holds the two together."""


def is_read_by_machine(paper: str) -> bool:
    """Return whether a machine can accept a paper of this code."""
    return paper in READ_BY_MACHINE
