"""Keys for tests: of no worth anywhere else."""

from __future__ import annotations

import base64

from shared.crypto.keyring import Keyring


def key_text(byte: int) -> str:
    """32 equal bytes as base64."""
    return base64.b64encode(bytes([byte]) * 32).decode()


OLD = Keyring.parse(f"k0:{key_text(7)}")
BOTH = Keyring.parse(f"k1:{key_text(9)},k0:{key_text(7)}")
NEW = Keyring.parse(f"k1:{key_text(9)}")
