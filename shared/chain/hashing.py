"""What a link's hash is made of. Standard library only: whoever checks an export needs nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

FORMAT: Final = 1
"""Of exports and hashes; a change of either is a new number."""

HASHED: Final = ("chain", "seq", "source", "at", "fact", "commitment", "previous")
"""The members of a link that its hash covers: all but the hash itself."""


def canonical(value: object) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: the same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def genesis(chain: str) -> str:
    """What the first link of a chain follows."""
    return digest(["paspor chain", FORMAT, chain])


def link_hash(link: Mapping[str, Any]) -> str:
    """The hash of a link, from its members as they stand in an export."""
    return digest([link[name] for name in HASHED])


def commitment_of(salt: str, subject: str) -> str:
    """The commitment to a subject: without the salt nobody can tell or try whom it means."""
    return digest(["paspor commitment", salt, subject])
