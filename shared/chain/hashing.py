"""Hashes of links. Standard library only: checking an export needs nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.chain.canonical_json import canonical

FORMAT: Final = 1
"""Of exports and hashes; a change of either is a new number."""

HASHED: Final = ("chain", "seq", "source", "at", "fact", "commitment", "previous")
"""The members of a link that its hash covers: all but the hash itself."""


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical form, in hex. Raises NotCanonical."""
    return hashlib.sha256(canonical(value)).hexdigest()


def genesis(chain: str) -> str:
    """Return the hash that the first link of a chain follows."""
    return digest(["paspor chain", FORMAT, chain])


def link_hash(link: Mapping[str, Any]) -> str:
    """Return the hash of a link, from its members as they stand in an export. Raises NotCanonical."""
    return digest([link[name] for name in HASHED])


def commitment_of(salt: str, subject: str) -> str:
    """Return the commitment to a subject, which cannot be guessed without the salt."""
    return digest(["paspor commitment", salt, subject])


def posting_hash(posting: Mapping[str, Any]) -> str:
    """Return the hash of a posting, from its fact on the ledger's chain. Raises NotCanonical."""
    return digest([posting["posted_at"], posting["entries"], posting["memo"], posting["previous"]])


def roots_hash(roots: Sequence[tuple[str, int, str]]) -> str:
    """Return the one root over the roots of a day: chain, number and hash of each, in their published order."""
    return digest(roots)
