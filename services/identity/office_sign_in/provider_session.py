"""A user's session at a provider, by which the provider may say that the user has left; and what it has said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ProviderSession:
    """A session at a provider, named by its fingerprint, and the link of its user."""

    link_id: str
    kept_until: datetime


@dataclass(frozen=True)
class UsedLogoutToken:
    """A logout token that has taken effect: it counts once."""

    kept_until: datetime
