"""The audit: what staff did, with reason and outcome; lines are only ever added. One per service, one shape for all."""

from __future__ import annotations

from shared.audit.entries import (
    AUDIT,
    AUDIT_KINDS,
    AUDIT_WORDS,
    Audit,
    AuditLine,
    AuditWords,
    Doing,
    OverrideNeedsReason,
)

__all__ = [
    "AUDIT",
    "AUDIT_KINDS",
    "AUDIT_WORDS",
    "Audit",
    "AuditLine",
    "AuditWords",
    "Doing",
    "OverrideNeedsReason",
]
