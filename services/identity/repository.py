"""Where identity's aggregates live: their kinds, their indexes, and every query there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.identity.accounts import account as account_rules
from services.identity.accounts.account import MOST_APPLICANTS, Account
from services.identity.applicants import applicant as applicant_rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.person import Person
from services.identity.assistances import assistance as assistance_rules
from services.identity.assistances.assistance import Assistance, AssistanceState, OfficeCodes
from services.identity.sessions.session import Session, ended_sessions
from services.identity.sign_in import challenge as challenge_rules
from services.identity.sign_in.challenge import Challenge
from services.identity.staff.member import Staff, Stranger
from services.identity.staff.operator_roster import Roster
from shared.counts import COUNT
from shared.events.identity import SessionEnded
from shared.events.message import Message
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import Store
from shared.tokens import LEEWAY_SECONDS

CHALLENGE: Final[Kind[Challenge]] = Kind("challenge", Challenge, deadlines=challenge_rules.deadlines, gathers=True)

ACCOUNT: Final[Kind[Account]] = Kind(
    "account",
    Account,
    indexes=(Index("fingerprints", ("state.fingerprints",), unique=True),),
    deadlines=account_rules.deadlines,
    gathers=True,
)

APPLICANT: Final[Kind[Applicant]] = Kind(
    "applicant",
    Applicant,
    indexes=(
        Index("account", ("state.account_id", "state.added_at")),
        Index("nik", ("state.nik_fingerprints",)),
    ),
    deadlines=applicant_rules.deadlines,
    gathers=True,
)

PERSON: Final[Kind[Person]] = Kind(
    "person", Person, indexes=(Index("nik", ("state.nik_fingerprints",), unique=True),), bare=True
)

STAFF: Final[Kind[Staff]] = Kind(
    "staff",
    Staff,
    indexes=(
        Index("username", ("state.username",), unique=True),
        Index("office", ("state.office_id", "state.username")),
    ),
)

STRANGER: Final[Kind[Stranger]] = Kind("staff_stranger", Stranger, bare=True, kept_until="state.kept_until")
"""Named by the fingerprint of a user name that nobody has."""

ROSTER: Final[Kind[Roster]] = Kind("staff_roster", Roster, bare=True)
"""One document, :data:`OPERATORS`."""

OPERATORS: Final = "operators"

ASSISTANCE: Final[Kind[Assistance]] = Kind(
    "assistance",
    Assistance,
    indexes=(
        Index("account", ("state.account_id", "-state.asked_at")),
        Index("officer", ("state.officer_id", "-state.asked_at")),
        Index("open_of_officer", ("state.officer_id", "state.state")),
    ),
    deadlines=assistance_rules.deadlines,
)

OFFICE_CODES: Final[Kind[OfficeCodes]] = Kind("office_codes", OfficeCodes, bare=True)
"""One document for each office, named by it."""

KINDS: Final[tuple[Kind[Any], ...]] = (
    CHALLENGE,
    ACCOUNT,
    APPLICANT,
    PERSON,
    STAFF,
    STRANGER,
    ROSTER,
    ASSISTANCE,
    OFFICE_CODES,
    COUNT,
)

MOST_ASSISTANCES: Final = 100
"""Of one answer, the newest first."""

CLOCK_MARGIN_SECONDS: Final = 60
"""Added to the life of a token when its session ends, so that no service forgets of it too early by its own clock."""

MOST_OF_ONE_NIK: Final = 100
"""Applicants looked at for one NIK; somebody with more of them than this is over every cap already."""


class Repository:
    """Typed access to the store; a method per query.

    A write of an account or of staff that lets an open session go tells of it in the same write, whoever decided it.
    """

    def __init__(self, store: Store, *, longest_token_seconds: int = 15 * 60) -> None:
        """``longest_token_seconds``: how long an access token may live at most."""
        self.store = store
        self._tokens_live = timedelta(seconds=longest_token_seconds + LEEWAY_SECONDS + CLOCK_MARGIN_SECONDS)

    async def challenge(self, challenge_id: str) -> Record[Challenge] | None:
        """By its id."""
        return await self.store.get(CHALLENGE, challenge_id)

    async def account(self, account_id: str) -> Record[Account] | None:
        """By its id."""
        return await self.store.get(ACCOUNT, account_id)

    async def account_holding(self, fingerprints: Sequence[str]) -> Record[Account] | None:
        """The account that an address belongs to, or to which it can still come back."""
        found = await self.store.find(ACCOUNT, "fingerprints", {"state.fingerprints": tuple(fingerprints)}, limit=1)
        return found[0] if found else None

    async def account_reached_at(self, fingerprints: Sequence[str]) -> Record[Account] | None:
        """The account that an address belongs to now; none where it was given up and could come back."""
        record = await self.account_holding(fingerprints)
        return record if record is not None and account_rules.holds_any(record.state, fingerprints) else None

    async def save_account(
        self, record: Record[Account], state: Account, now: datetime, messages: Sequence[Message] = ()
    ) -> Record[Account]:
        """Write the account's next state."""
        settled, gone = account_rules.settle_sessions(record.state, state, now)
        told = (*messages, *self._ended(record.id, gone, now))
        return await self.store.save(ACCOUNT, record, settled, now=now, events=told)

    async def save_staff(self, record: Record[Staff], state: Staff, now: datetime) -> Record[Staff]:
        """Write the next state of a member of staff."""
        gone = ended_sessions(record.state.sessions, state.sessions, now)
        return await self.store.save(STAFF, record, state, now=now, events=self._ended(record.id, gone, now))

    def _ended(self, holder_id: str, gone: Sequence[Session], now: datetime) -> list[SessionEnded]:
        until = now + self._tokens_live
        return [SessionEnded(account_id=holder_id, session_id=each.id, tokens_until=until) for each in gone]

    async def stranger(self, stranger_id: str) -> Record[Stranger] | None:
        """A user name that nobody has, if it was tried."""
        return await self.store.get(STRANGER, stranger_id)

    async def applicant(self, applicant_id: str) -> Record[Applicant] | None:
        """By its id."""
        return await self.store.get(APPLICANT, applicant_id)

    async def applicants_of(self, account_id: str) -> list[Record[Applicant]]:
        """All of an account's, oldest first."""
        return await self.store.find(APPLICANT, "account", {"state.account_id": account_id}, limit=MOST_APPLICANTS * 2)

    async def applicants_with(self, nik_fingerprints: Sequence[str]) -> list[Record[Applicant]]:
        """Everybody who stated this NIK, in whichever account."""
        wanted = {"state.nik_fingerprints": tuple(nik_fingerprints)}
        return await self.store.find(APPLICANT, "nik", wanted, limit=MOST_OF_ONE_NIK)

    async def person_with(self, nik_fingerprints: Sequence[str]) -> Record[Person] | None:
        """The person whose NIK this is."""
        found = await self.store.find(PERSON, "nik", {"state.nik_fingerprints": tuple(nik_fingerprints)}, limit=1)
        return found[0] if found else None

    async def staff(self, staff_id: str) -> Record[Staff] | None:
        """By its id."""
        return await self.store.get(STAFF, staff_id)

    async def staff_named(self, username: str) -> Record[Staff] | None:
        """By user name."""
        found = await self.store.find(STAFF, "username", {"state.username": username}, limit=1)
        return found[0] if found else None

    async def staff_from(self, office_id: str | None, first: str, limit: int) -> list[Record[Staff]]:
        """By user name, from this one on; of one office, or of all."""
        within = {"state.username": Range(first)}
        if office_id is None:
            return await self.store.find(STAFF, "username", within=within, limit=limit)
        return await self.store.find(STAFF, "office", {"state.office_id": office_id}, within=within, limit=limit)

    async def roster(self) -> Record[Roster] | None:
        """The roster of operators."""
        return await self.store.get(ROSTER, OPERATORS)

    async def assistance(self, assistance_id: str) -> Record[Assistance] | None:
        """By its id."""
        return await self.store.get(ASSISTANCE, assistance_id)

    async def assistances_of(self, account_id: str) -> list[Record[Assistance]]:
        """An account's, the newest first."""
        return await self.store.find(ASSISTANCE, "account", {"state.account_id": account_id}, limit=MOST_ASSISTANCES)

    async def assistances_by(self, officer_id: str) -> list[Record[Assistance]]:
        """An officer's, the newest first."""
        return await self.store.find(ASSISTANCE, "officer", {"state.officer_id": officer_id}, limit=MOST_ASSISTANCES)

    async def open_assistances_by(self, officer_id: str) -> list[Record[Assistance]]:
        """An officer's that have not ended."""
        unended = (AssistanceState.ASKED.value, AssistanceState.LIVE.value)
        wanted = {"state.officer_id": officer_id, "state.state": unended}
        return await self.store.find(ASSISTANCE, "open_of_officer", wanted, limit=MOST_ASSISTANCES)

    async def office_codes(self, office_id: str) -> Record[OfficeCodes] | None:
        """The codes that an office had sent."""
        return await self.store.get(OFFICE_CODES, office_id)
