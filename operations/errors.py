"""Refusals of an operator's commands."""

from __future__ import annotations

from local_suite.errors import CommandError


class RequestMakesNoSense(CommandError):
    """The request makes no sense; the sentence says what would."""


class AuditNotWritten(CommandError):
    """The act could not be written down, so it was not done."""
