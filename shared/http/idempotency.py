"""Idempotency-Key: gives a repeat the kept answer, runs no command twice at once, refuses a key of another command.

This is a convenience in front of the use case, which gets the key as its command id and makes a repeat harmless by
itself: everything here may be forgotten at any time, and a process remembers only its own answers.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.errors import FieldError, Malformed, Refusal

KEY_HEADER: Final = "Idempotency-Key"
REPLAY_HEADER: Final = "Idempotent-Replay"
MIN_KEY_CHARS: Final = 8
MAX_KEY_CHARS: Final = 80
KEY_PATTERN: Final = r"^[A-Za-z0-9._~:-]{8,80}$"
KEPT: Final = timedelta(hours=24)
MAX_ANSWERS: Final = 10_000
MAX_ANSWER_BYTES: Final = 16 * 1024
MAX_KEPT_BYTES: Final = 8 * 1024 * 1024
"""Limit of all kept answers together."""

_KEY_CHARS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:-")


class IdempotencyKeyReused(Refusal):
    """The key belongs to another command."""

    status = 422
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was already used for a different request."
    title_id = "Idempotency-Key ini sudah dipakai untuk permintaan lain."
    next_action = "Make a new key for a new request; repeat a request with its own key."
    next_action_id = "Buat kunci baru untuk permintaan baru; ulangi permintaan dengan kuncinya sendiri."


class StillRunning(Refusal):
    """The same command is running."""

    status = 409
    code = "still_running"
    title = "The same request is still being carried out."
    title_id = "Permintaan yang sama masih diproses."
    next_action = "Repeat it in a moment to get its answer."
    next_action_id = "Ulangi beberapa saat lagi untuk mendapatkan jawabannya."
    retry_after_seconds = 1


def read_key(header: str | None) -> str:
    """Return the key of a call.

    Raises:
        Malformed: the header is missing or not 8 to 80 plain characters.
    """
    if header is None:
        raise Malformed(
            errors=(_key_error("missing", "This header is needed.", "Header ini wajib."),),
        )
    if not MIN_KEY_CHARS <= len(header) <= MAX_KEY_CHARS or not _KEY_CHARS.issuperset(header):
        raise Malformed(
            errors=(
                _key_error(
                    "idempotency_key",
                    f"Write {MIN_KEY_CHARS} to {MAX_KEY_CHARS} letters, digits or . _ ~ : -, new for each request.",
                    f"Tuliskan {MIN_KEY_CHARS}-{MAX_KEY_CHARS} huruf, angka atau . _ ~ : -, baru tiap permintaan.",
                ),
            )
        )
    return header


def _key_error(rule: str, detail: str, detail_id: str) -> FieldError:
    return FieldError(
        f"/{KEY_HEADER}", rule, detail, detail_id, example="2f1c7f0e-5a39-4c2b-9f0b-6f6f0a1c9d11", source="header"
    )


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Entry:
    body_hash: bytes
    at: datetime
    running: bool = True
    answer: KeptAnswer | None = None


class AnswerCache:
    """Keeps answers of commands by name (method, path, caller, key), limited in number, bytes and age."""

    def __init__(self, max_answers: int = MAX_ANSWERS, max_kept_bytes: int = MAX_KEPT_BYTES) -> None:
        self._max_answers = max_answers
        self._max_kept_bytes = max_kept_bytes
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._kept_bytes = 0

    def begin(self, name: bytes, body: bytes, now: datetime) -> KeptAnswer | None:
        """Start a command: return its kept answer, or None if it must run (then call `finish` or `forget`).

        Raises:
            IdempotencyKeyReused: the name belongs to another body.
            StillRunning: the same command is running.
        """
        body_hash = hashlib.sha256(body).digest()
        entry = self._entries.get(name)
        if entry is not None and not entry.running and now - entry.at >= KEPT:
            self.forget(name)
            entry = None
        if entry is None:
            self._entries[name] = _Entry(body_hash, now)
            self._shrink()
            return None
        if entry.body_hash != body_hash:
            raise IdempotencyKeyReused
        if entry.running:
            raise StillRunning
        if entry.answer is None:
            entry.running = True
        return entry.answer

    def finish(self, name: bytes, answer: KeptAnswer | None, now: datetime) -> None:
        """End a command that took effect. Without an answer to keep, only the hash of its body is kept."""
        entry = self._entries.get(name)
        if entry is None:
            return
        entry.running = False
        entry.at = now
        if answer is not None and len(answer.body) <= MAX_ANSWER_BYTES:
            entry.answer = answer
            self._kept_bytes += len(answer.body)
        self._entries.move_to_end(name)
        self._shrink()

    def forget(self, name: bytes) -> None:
        """End a command that was refused or failed: it may run again, with another body too."""
        entry = self._entries.pop(name, None)
        if entry is not None and entry.answer is not None:
            self._kept_bytes -= len(entry.answer.body)

    def _shrink(self) -> None:
        while len(self._entries) > self._max_answers or self._kept_bytes > self._max_kept_bytes:
            self.forget(next(iter(self._entries)))

    def __len__(self) -> int:
        """Return the number of commands that are kept."""
        return len(self._entries)

    @property
    def kept_bytes(self) -> int:
        """The bytes of all kept answers."""
        return self._kept_bytes


def command_name(method: str, path: str, who: str, key: str) -> bytes:
    """Return the name of a command; parts are length-prefixed, so that no two commands share one."""
    parts = "".join(f"{len(part)}:{part}" for part in (method, path, who, key))
    return hashlib.sha256(parts.encode()).digest()
