"""An applicant whom an account added, whether or not the civil registry has confirmed them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AddedApplicant:
    """An applicant by ids alone: enough to begin a draft while the civil registry does not answer."""

    account_id: str
    guardian_applicant_id: str | None = None
    refused: bool = False
    """Whether the civil registry has refused their data; only its confirmation counts from then on."""
