"""The form in which services tell of reads of personal data; each has an event of its own. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from shared.events.coded import Coded
from shared.events.codes import PersonalData, ReadReason
from shared.events.message import Event


class DataRead(Event):
    """A member of staff was shown personal data. Ids and codes; identity keeps it for the persons concerned."""

    read_id: str
    reader_id: str
    """The member of staff. The persons concerned are told the role and the office, never this."""
    role: str
    office_id: str | None
    """The reader's office."""
    kind: Annotated[str, Coded(PersonalData)]
    """A :class:`~shared.events.codes.PersonalData`."""
    reason: Annotated[str | None, Coded(ReadReason)] = None
    """A :class:`~shared.events.codes.ReadReason`, if the reader stated one."""
    step: str | None = None
    """Code of the step at hand that the read was part of, if it was."""
    assistance_id: str | None = None
    """The assistance during which it was read, if there was one."""
    account_ids: tuple[str, ...]
    """The accounts of the persons whose data were shown."""
    elsewhere: tuple[str, ...] = ()
    """Those of them whose matter belongs to an office that the reader does not serve."""
    read_at: datetime
