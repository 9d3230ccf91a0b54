"""Drafts, submission and withdrawal over HTTP."""

from __future__ import annotations

from services.application.field_types import Id
from shared.http.schema import Body


class BeginApplication(Body):
    """Open a draft."""

    applicant_id: Id


class Submission(Body):
    """Submit, knowing what is not paid back."""

    confirmed_not_refundable: bool
