"""Calls that machines sign: HMAC-SHA256 over `timestamp.body`, sent as `<prefix>-Timestamp` and `<prefix>-Signature`.

The signature header holds one or more `<key id>=<hex>`, comma-separated, so that sender and receiver can rotate keys
without refused calls. The raw bytes are signed: verify first, parse after.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from shared.errors import NotAuthenticated

WINDOW: Final = timedelta(minutes=5)
"""Largest difference between the signed time and ours; a copied call is worthless after it."""

MAX_KEYS: Final = 2
"""The key in use and, during a rotation, the one before or after it."""

MAX_OFFERED: Final = 4
_MAX_TIMESTAMP_CHARS: Final = 12
_HEX_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}\Z")


class SignatureMissing(NotAuthenticated):
    """The call is not signed."""

    code = "signature_missing"
    title = "The call carries no signature."
    title_id = "Permintaan tidak memuat tanda tangan."
    next_action = "Sign the body and send timestamp and signature headers."
    next_action_id = "Tanda tangani isi permintaan dan kirim header waktu dan tanda tangan."


class SignatureWrong(NotAuthenticated):
    """No signature fits the body under a key that is known here."""

    code = "signature_wrong"
    title = "The signature does not fit."
    title_id = "Tanda tangan tidak cocok."
    next_action = "Sign the exact bytes that are sent, with a key agreed upon."
    next_action_id = "Tanda tangani byte yang persis dikirim dengan kunci yang disepakati."


class SignatureTooOld(NotAuthenticated):
    """The time that was signed is too far from now."""

    code = "signature_too_old"
    title = "The signature is too old, or from the future."
    title_id = "Tanda tangan terlalu lama atau berasal dari masa depan."
    next_action = "Sign again with the present time; compare the clocks."
    next_action_id = "Tanda tangani ulang dengan waktu saat ini; cocokkan jam."


def header_names(prefix: str) -> tuple[str, str]:
    """Return the names of the headers that hold the time and the signature."""
    return f"{prefix}-Timestamp", f"{prefix}-Signature"


class Signer:
    """Signs and verifies for one pair of systems; `prefix` as in `X-Simponi`."""

    def __init__(self, prefix: str, keys: Mapping[str, str]) -> None:
        """Take `keys`: key id to secret, one or two, the one to sign with first.

        Raises:
            ValueError: there are no keys, more than two, or an empty one.
        """
        if not 1 <= len(keys) <= MAX_KEYS or not all(keys.values()):
            raise ValueError("give one key, or two while they turn")
        self.prefix = prefix
        self._timestamp_header, self._signature_header = header_names(prefix)
        self._keys = {key_id: secret.encode() for key_id, secret in keys.items()}

    def headers(self, body: bytes, now: datetime) -> dict[str, str]:
        """Return the two headers of a call with this body, signed with the first key."""
        timestamp = str(int(now.timestamp()))
        key_id, secret = next(iter(self._keys.items()))
        return {
            self._timestamp_header: timestamp,
            self._signature_header: f"{key_id}={_signature(secret, timestamp, body)}",
        }

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Return if the body was signed with a known key within the window.

        Raises:
            SignatureMissing, SignatureTooOld, SignatureWrong: it was not.
        """
        timestamp, offered = self.check_head(headers, now)
        if not any(self._fits(item, timestamp, body) for item in offered):
            raise SignatureWrong

    def check_head(self, headers: Mapping[str, str], now: datetime) -> tuple[str, list[str]]:
        """Return the signed time and the offered signatures, if they may fit a body that has not been read.

        It does not identify the sender, as such a head can be written with the name of a key alone. It saves reading
        bodies that cannot fit.

        Raises:
            SignatureMissing, SignatureTooOld, SignatureWrong: no body can fit.
        """
        timestamp = headers.get(self._timestamp_header, "")
        offered = headers.get(self._signature_header, "")
        if not timestamp or not offered:
            raise SignatureMissing
        if len(timestamp) > _MAX_TIMESTAMP_CHARS or not (timestamp.isascii() and timestamp.isdecimal()):
            raise SignatureWrong
        if abs(int(timestamp) - now.timestamp()) > WINDOW.total_seconds():
            raise SignatureTooOld
        signatures = [part.strip() for part in offered.split(",")[:MAX_OFFERED]]
        if not any(self._may_fit(signature) for signature in signatures):
            raise SignatureWrong
        return timestamp, signatures

    def _may_fit(self, offered: str) -> bool:
        key_id, _, signature = offered.partition("=")
        return key_id in self._keys and _HEX_DIGEST.match(signature.strip()) is not None

    def _fits(self, offered: str, timestamp: str, body: bytes) -> bool:
        key_id, _, signature = offered.partition("=")
        secret = self._keys.get(key_id)
        if secret is None:
            return False
        expected = _signature(secret, timestamp, body)
        return hmac.compare_digest(signature.strip().lower().encode(), expected.encode())


def _signature(secret: bytes, timestamp: str, body: bytes) -> str:
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
