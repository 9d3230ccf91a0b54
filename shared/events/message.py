"""Base classes of events and commands: frozen records with a versioned type name and no personal data.

An event is a past-tense fact that any service may hear. A command is an imperative that one service takes from its own
queue. Both travel in the envelope of :mod:`shared.events.envelope`.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A record that one service sends and another reads; unknown fields are ignored: versions live side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    """The wire name, ``paspor.<owner>.<noun>.<fact>.v<version>``; it never changes its meaning."""


class Event(Message):
    """A fact that has happened and is committed: ids, times, amounts, states and reason codes, never personal data."""


class Command(Message):
    """A wish addressed to one service; what is personal in it is sealed to that service's public key."""

    RECIPIENT: ClassVar[str]
    """The service on whose command queue this arrives."""
