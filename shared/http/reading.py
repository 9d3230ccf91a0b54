"""A read of personal data by staff, as the handler of a call knows it."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.codes import PersonalData


@dataclass(frozen=True, slots=True)
class ReadSubject:
    """A person whose data are shown: their account, and the office that deals with their matter, if one does."""

    account_id: str
    office_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The persons whose data a call shows to staff, and the step of the reader's work that it is part of.

    Without a step or an assistance, which is how every call begins, the reader has to state a reason.
    """

    subjects: tuple[ReadSubject, ...] = ()
    step: str | None = None
    """Code of the step at hand."""
    assistance_id: str | None = None
    """The live assistance by which the person agreed to it."""
    kind: PersonalData | None = None
    """The data that an act shows, whose endpoint declares no read."""
    about: str | None = None
    """Id for the audit, where neither path nor query names what is read."""

    @property
    def is_at_hand(self) -> bool:
        """Return whether it needs no stated reason."""
        return self.step is not None or self.assistance_id is not None
