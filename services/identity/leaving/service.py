"""Leaving: asked for with a fresh proof of every address, answered by the services that may object, undone or erased.

The leaving decides, in its own document. The account is only marked, by a step that is repeated until it is done, so
that nothing begins which the leaving would miss.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account, OpenLeaving
from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.accounts.errors import AccountLeaving
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.address_changes.service import AddressChanges
from services.identity.applicants.applicant import Applicant, is_ward, needs_guardian
from services.identity.applicants.errors import PersonNotKnown
from services.identity.applicants.particulars_check import WIB
from services.identity.applicants.repository import APPLICANT, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import Actor, UseCaseContext
from services.identity.leaving import leaving as rules
from services.identity.leaving.erasure import IdentityErasure
from services.identity.leaving.errors import (
    AddressNotThere,
    GrownChildDecides,
    GuardianOfOthers,
    LastAddressStays,
    LeavingOpen,
    LeavingOver,
    NotGrownYet,
)
from services.identity.leaving.leaving import (
    Erased,
    Leaving,
    LeavingAnswer,
    LeavingKind,
    LeavingState,
    Wish,
)
from services.identity.leaving.repository import LeavingRepository
from services.identity.leaving.undo_links import LeavingLinks
from services.identity.rules import SILENCE_REMINDERS
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.session import open_session
from services.identity.sign_in.challenge import Challenge, Purpose
from services.identity.sign_in.errors import ChallengeNotFound, CodeSentJustNow
from services.identity.sign_in.service import ChallengeSeen, ChangeRequest, SigningIn
from shared.audit import Audit
from shared.errors import NotFound
from shared.events import application, billing
from shared.events.codes import LeavingObjection
from shared.events.identity import AccountSilent
from shared.events.message import Message
from shared.ids import derived_id
from shared.retention.erasure import LEGAL_HOLD
from shared.sessions import SessionOver
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role

LEAVING_PROVEN: Final = "leaving_proven"
"""Act of the audit: every address agreed that something goes."""

Answered = application.ApplicationLeavingAnswered | billing.BillingLeavingAnswered


@dataclass(frozen=True)
class LeavingSeen:
    """A leaving as its owner, or an operator, may see it."""

    leaving_id: str
    leaving: Leaving


@dataclass(frozen=True)
class LeavingStart:
    """A leaving that is asked for: the challenge that has to be proven first, or what goes on already."""

    leaving_id: str
    challenge: ChallengeSeen | None = None
    leaving: Leaving | None = None


AreHeld = Callable[[Collection[str]], Awaitable[bool]]
"""Tells whether a legal hold stands on one of these ids."""


class Leavings:
    """The use cases of leaving."""

    def __init__(
        self,
        context: UseCaseContext,
        signing_in: SigningIn,
        address_changes: AddressChanges,
        credentials: CredentialIssuer,
        audit: Audit,
    ) -> None:
        self._context = context
        self._signing_in = signing_in
        self._address_changes = address_changes
        self._credentials = credentials
        self._audit = audit
        self._leavings = LeavingRepository(context)
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._applicant_vault = ApplicantVault(context.seals)
        self._erasure = IdentityErasure(context)
        self._are_held: AreHeld | None = None
        self._links = LeavingLinks(context.settings.fingerprint_keyring(), context.settings.public_url)

    def keep_held(self, are_held: AreHeld) -> None:
        """Name what knows legal holds: what is held stays, until identity's own answer to the order keeps nothing."""
        self._are_held = are_held

    # Asked for by its owner

    async def ask(self, caller: Caller, wish: Wish, language: str, command_id: str) -> LeavingStart:
        """Send a code to every address that has to agree; a leaving of the same that goes on is met.

        Raises:
            LeavingOpen: another one goes on.
            GrownChildDecides, GuardianOfOthers: it would take from others what is theirs.
            AddressNotThere, LastAddressStays: the address cannot go.
            CodeSentJustNow, TooManyCodes, SmsBudgetSpent: no code can be sent now.
            SessionOver, NotFound: the caller has signed out; the account or an applicant is not there.
        """
        record = await self._accounts.account(caller.account_id)
        if record is None:
            raise NotFound()
        if open_session(record.state.sessions, caller.session_id, self._context.now()) is None:
            raise SessionOver()
        known = await self._leavings.open_leaving_of(record.id)
        if known is not None:
            return _met(known, wish)
        await self._refuse_wrong_wish(record, wish)
        leaving_id = derived_id("leaving", record.id, command_id)
        address, *others = await self._agreeing(record.id, record.state, wish)
        old = others[0] if others else None
        asked = ChangeRequest(record.id, caller.session_id, old, _write_wish(leaving_id, wish))
        try:
            seen = await self._signing_in.ask(Purpose.ACCOUNT_LEAVING, address, language, command_id, asked=asked)
        except CodeSentJustNow as haste:
            seen = await self._signing_in.get_challenge(str(haste.facts["challenge_id"]))
            if _wish_of(seen.challenge)[1] != wish or seen.challenge.code.used_by is not None:
                raise
        return LeavingStart(_wish_of(seen.challenge)[0], seen)

    async def apply(self, challenge: Challenge, address: NormalAddress) -> Credentials:
        """Begin the leaving that every address has agreed to; a repeat finds it begun.

        Raises:
            ChallengeNotFound, SessionOver: the account has changed since it was asked, or the session has ended.
            AccountLeaving: another leaving of the account was proven first.
        """
        record, session = await self._address_changes.find_asker(challenge)
        leaving_id, wish = _wish_of(challenge)
        if await self._leavings.leaving(leaving_id) is None:
            try:
                await self._refuse_wrong_wish(record, wish)
            except (AddressNotThere, LastAddressStays, GrownChildDecides, GuardianOfOthers, NotFound):
                raise ChallengeNotFound() from None
            await self._refuse_unproven(record, wish, challenge, address)
            by = Actor(record.id, Role.APPLICANT.value, None)
            async with self._audit.doing(by, LEAVING_PROVEN, subject=leaving_id) as doing:
                doing.detail = wish.what.value
                await self._begin(leaving_id, await self._opened(record, wish))
        return self._credentials.account_credentials(record.id, session, accounts.joined_ids(record.state))

    async def get_leaving(self, account_id: str, leaving_id: str) -> LeavingSeen:
        """Return a leaving of this account.

        Raises:
            NotFound: there is no such leaving of this account.
        """
        record = await self._own(account_id, leaving_id)
        return LeavingSeen(record.id, record.state)

    async def list_leavings(self, account_id: str) -> list[LeavingSeen]:
        """Return the leavings of this account, the newest first."""
        return [LeavingSeen(record.id, record.state) for record in await self._leavings.leavings_of(account_id)]

    async def list_all(self, state: LeavingState | None) -> list[LeavingSeen]:
        """Return the leavings of all accounts in this state, or in any, the newest first."""
        return [LeavingSeen(record.id, record.state) for record in await self._leavings.leavings_in(state)]

    async def undo(self, account_id: str, leaving_id: str) -> LeavingSeen:
        """Undo a leaving before anything is erased; again is no error.

        Raises:
            NotFound: there is no such leaving of this account.
            LeavingOver: something is erased already, or it was refused.
        """
        undone = await self._undo(await self._own(account_id, leaving_id))
        return LeavingSeen(undone.id, undone.state)

    async def look_at_link(self, link: str) -> LeavingSeen | None:
        """Return the leaving behind a link of a message, or None."""
        record = await self._behind(link)
        return LeavingSeen(record.id, record.state) if record is not None else None

    async def undo_by_link(self, link: str) -> LeavingSeen | None:
        """Undo the leaving behind a link, and end every session: it may be a thief's. Again is no error.

        Raises:
            LeavingOver: something is erased already, or it was refused.
        """
        record = await self._behind(link)
        if record is None:
            return None
        undone = await self._undo(record)
        asked_at = undone.state.asked_at

        def disown(account: Account) -> Decision[Account]:
            return Decision(accounts.disown(account, asked_at, self._context.now()))

        await self._accounts.change_account(undone.state.account_id, disown)
        return LeavingSeen(undone.id, undone.state)

    async def note_agreement(self, person_id: str) -> int:
        """Note that somebody who was added as a child agrees to be removed; return in how many accounts.

        Raises:
            PersonNotKnown: no guardian's account speaks for such a person. NotGrownYet: the person is a child.
        """
        wards = [record for record in await self._applicants.applicants_of_person(person_id) if is_ward(record.state)]
        if not wards:
            raise PersonNotKnown()
        agreeing = [record for record in wards if await self._is_grown(record.id, record.state)]
        if not agreeing:
            raise NotGrownYet(field="/person_id")
        for record in agreeing:
            store, clock = self._context.store, self._context.clock
            await change(store, clock, APPLICANT, record.id, lambda known: Decision(replace(known, may_leave=True)))
        return len(agreeing)

    # Silence

    async def look_at_silence(self, account: Record[Account]) -> None:
        """Remind the owner of an account without a sign-in; after the last reminder it begins to close.

        An account with live applications or money does not: their services object.
        """
        now = self._context.now()
        due_at = accounts.silence_due_at(account.state)
        if due_at is None or due_at > now:
            return
        silence = account.state.silence
        if silence is not None and silence.reminders >= SILENCE_REMINDERS:
            leaving_id = derived_id("silent account", account.id, silence.last_at.isoformat())
            wish = Wish(LeavingKind.ACCOUNT)
            await self._begin(leaving_id, rules.open_leaving(account.id, wish, now, by_silence=True))
            return
        reminded = accounts.remind_of_silence(account.state, now)
        event = AccountSilent(account_id=account.id, closes_at=accounts.silence_ends_at(reminded, now))
        await self._accounts.save_account(account, reminded, now, [event])

    # The saga

    async def note_answer(self, event: Answered, service: str) -> None:
        """Note a service's answer. With the last one the leaving is refused, begins its grace time, or is ordered."""
        record = await self._leavings.leaving(event.leaving_id)
        if record is None:
            return
        answer = LeavingAnswer(service, event.objections, event.stays)
        until = self._grace_end()
        told = await self._tell_owner(record, until)
        shared = await self._erasure.find_shared(record.state.people)

        def decide(leaving: Leaving) -> Decision[Leaving]:
            answered = rules.note_answer(leaving, answer, event.asking)
            if answered == leaving or answered.waits_for:
                return Decision(answered)
            now, objections = self._context.now(), rules.objections_of(answered)
            if objections:
                return rules.object_to(record.id, answered, objections, now)
            if answered.state is LeavingState.ASKED:
                return rules.begin_grace(answered, until, told)
            return rules.order(record.id, answered, now, shared_person_ids=shared)

        await self.work(await self._leavings.change_leaving(record, decide))

    async def end_grace(self, record: Record[Leaving]) -> None:
        """The time to undo is over: ask services once more, about the applicants that there are now."""
        leaving, now = record.state, self._context.now()
        people, objections = await self._find_people(leaving), await self._own_objections(leaving)

        def decide(state: Leaving) -> Decision[Leaving] | None:
            if state.state is not LeavingState.IN_GRACE:
                return None
            asked = rules.end_grace(state)
            if objections:
                return rules.object_to(record.id, asked, objections, now)
            if state.wish.what is LeavingKind.ADDRESS:
                return rules.order(record.id, asked, now)
            return rules.ask_services(record.id, asked, people, leaving.joined_account_ids)

        await self.work(await self._leavings.change_leaving(record, decide))

    async def note_erasure(self, erasure_id: str, service: str, kept: Collection[str] = ()) -> None:
        """A service has erased; with the last one the leaving is over. What a legal hold keeps is not erased yet."""
        record = await self._leavings.leaving(erasure_id)
        if record is None or LEGAL_HOLD in kept:
            return
        if service != rules.IDENTITY:
            await self._note_done(record, service)
            return

        def decide(leaving: Leaving) -> Decision[Leaving]:
            return Decision(rules.resume(leaving, self._context.now()))

        await self.work(await self._leavings.change_leaving(record, decide))

    async def work(self, record: Record[Leaving]) -> None:
        """Do in other documents what the leaving asks for now; every step finds what was done before."""
        leaving = record.state
        if leaving.work_at is None:
            return
        if leaving.state is LeavingState.ASKED:
            await self._mark_and_ask(record)
        elif leaving.state is LeavingState.ORDERED:
            if self._are_held is not None and await self._are_held(await self._find_held_by(leaving)):
                now = self._context.now()
                await self._leavings.change_leaving(record, lambda state: Decision(rules.hold_back(state, now)))
            elif await self._erasure.erase(record.id, leaving):
                await self._note_done(record, rules.IDENTITY)
        else:
            await self._unmark(record)

    # Steps

    async def _note_done(self, record: Record[Leaving], service: str) -> None:
        def decide(leaving: Leaving) -> Decision[Leaving]:
            return Decision(rules.note_erasure(leaving, service, self._context.now()))

        await self._leavings.change_leaving(record, decide)

    def _grace_end(self) -> datetime:
        return self._context.now() + timedelta(seconds=self._context.settings.leaving_rules.grace_seconds)

    async def _begin(self, leaving_id: str, leaving: Leaving) -> None:
        """Write the leaving, which decides that it is the only one, and go on at once.

        Raises:
            AccountLeaving: another one goes on.
        """
        try:
            record = await self._leavings.insert_leaving(leaving_id, leaving)
        except AlreadyExists:
            known = await self._leavings.open_leaving_of(leaving.account_id)
            if known is not None and known.state.wish != leaving.wish:
                raise AccountLeaving(leaving_id=known.id) from None
            return
        await self.work(record)

    async def _opened(self, account: Record[Account], wish: Wish) -> Leaving:
        address = await self._address(account, wish.channel) if wish.channel is not None else None
        fingerprint = self._account_vault.fingerprint(address) if address is not None else None
        return rules.open_leaving(account.id, wish, self._context.now(), address_fingerprint=fingerprint)

    async def _mark_and_ask(self, record: Record[Leaving]) -> None:
        """Mark the account, so that nothing begins in it which the leaving would miss; then ask the services."""
        leaving, mark = record.state, OpenLeaving(record.id, record.state.wish.whole_account)

        account = await self._accounts.change_account(
            leaving.account_id, lambda account: Decision(accounts.begin_leaving(account, mark))
        )
        if record.id in account.state.ended_leavings:  # it is over already: this step comes late
            return
        if account.state.leaving != mark:  # it was joined into another one at that moment
            await self._undo(record)
            return
        people, until = await self._find_people(leaving), self._grace_end()
        told = await self._tell_owner(record, until)
        joined = accounts.joined_ids(account.state)

        def ask(state: Leaving) -> Decision[Leaving] | None:
            if state.state is not LeavingState.ASKED or state.work_at is None:
                return None
            if state.wish.what is LeavingKind.ADDRESS:
                return rules.begin_grace(state, until, told)
            return rules.ask_services(record.id, state, people, joined)

        await self._leavings.change_leaving(record, ask)

    async def _unmark(self, record: Record[Leaving]) -> None:
        def decide(account: Account) -> Decision[Account]:
            return Decision(accounts.end_leaving(account, record.id, self._context.now()))

        await self._accounts.change_account(record.state.account_id, decide)
        await self._leavings.change_leaving(record, lambda leaving: Decision(rules.rest(leaving)))

    async def _undo(self, record: Record[Leaving]) -> Record[Leaving]:
        def decide(leaving: Leaving) -> Decision[Leaving] | None:
            if leaving.state is LeavingState.UNDONE:
                return None
            return rules.undo(record.id, leaving, self._context.now())

        try:
            undone = await self._leavings.change_leaving(record, decide)
        except IllegalTransition as late:
            raise LeavingOver(state=late.state.value, leaving_id=record.id) from None
        await self.work(undone)
        return undone

    async def _find_people(self, leaving: Leaving) -> Erased:
        """Return the applicants that are to go, as there are now, and the persons behind them."""
        if leaving.wish.what is LeavingKind.ADDRESS:
            return Erased()
        found = await self._applicants.applicants_of(leaving.account_id)
        if not leaving.wish.whole_account:
            found = [record for record in found if record.id in leaving.wish.applicant_ids]
        persons = dict.fromkeys(record.state.person_id for record in found if record.state.person_id is not None)
        return Erased(tuple(record.id for record in found), tuple(persons))

    async def _find_held_by(self, leaving: Leaving) -> set[str]:
        """Return every id by which a legal hold may keep the leaving back: of its people's applications too."""
        found = {leaving.account_id, *leaving.joined_account_ids, *leaving.people.person_ids}
        for applicant_id in leaving.people.applicant_ids:
            record = await self._applicants.applicant(applicant_id)
            applications = (*record.state.applications, *record.state.ended_applications) if record else ()
            found |= {applicant_id, *applications}
        return found

    async def _tell_owner(self, record: Record[Leaving], ends_at: datetime) -> tuple[Message, ...]:
        """Return the commands that tell every address, those too that were the account's some days ago."""
        leaving, account = record.state, await self._accounts.account(record.state.account_id)
        if account is None:
            return ()
        url, vault = self._links.make_url(record.id), self._account_vault
        return tuple(
            vault.tell_of_leaving(account.id, account.state, address, leaving.wish.what.value, url, ends_at)
            for address in await vault.addresses_told(account.id, account.state)
        )

    async def _own_objections(self, leaving: Leaving) -> tuple[str, ...]:
        """Return what stands against it in identity itself since it was asked for."""
        account = await self._accounts.account(leaving.account_id)
        if leaving.wish.what is LeavingKind.ADDRESS:
            has_both = account is not None and account.state.email is not None and account.state.phone is not None
            return () if has_both else (LeavingObjection.LAST_ADDRESS.value,)
        found = {record.id: record.state for record in await self._applicants.applicants_of(leaving.account_id)}
        going = {
            name: state
            for name, state in found.items()
            if leaving.wish.whole_account or name in leaving.wish.applicant_ids
        }
        against = {
            LeavingObjection.GUARDIAN_OF_OTHERS: bool(_wards_of(going, found)),
            LeavingObjection.GROWN_CHILD: not leaving.by_silence and bool(await self._find_grown_children(going)),
        }
        return tuple(objection.value for objection, stands in against.items() if stands)

    async def _own(self, account_id: str, leaving_id: str) -> Record[Leaving]:
        record = await self._leavings.leaving(leaving_id)
        if record is None or record.state.account_id != account_id:
            raise NotFound()
        return record

    async def _behind(self, link: str) -> Record[Leaving] | None:
        leaving_id = self._links.read(link)
        return await self._leavings.leaving(leaving_id) if leaving_id is not None else None

    # What may go

    async def _agreeing(self, account_id: str, account: Account, wish: Wish) -> list[NormalAddress]:
        """Return the addresses that have to agree: all of them, or the one that stays. One there is."""
        unlocked = await self._account_vault.unlock(account_id)
        found = [unlocked.address_of(account, channel) for channel in Channel]
        return [address for address in found if address is not None and address.channel is not wish.channel]

    async def _address(self, account: Record[Account], channel: Channel) -> NormalAddress | None:
        return (await self._account_vault.unlock(account.id)).address_of(account.state, channel)

    async def _refuse_unproven(
        self, account: Record[Account], wish: Wish, challenge: Challenge, proven: NormalAddress
    ) -> None:
        """Refuse where an address has to agree that was not asked: it was added or changed since.

        Raises:
            ChallengeNotFound: one is.
        """
        other = challenge.proof.fingerprint if challenge.proof is not None else None
        prints = {*self._account_vault.fingerprints(proven), other}
        for address in await self._agreeing(account.id, account.state, wish):
            if prints.isdisjoint(self._account_vault.fingerprints(address)):
                raise ChallengeNotFound()

    async def _refuse_wrong_wish(self, account: Record[Account], wish: Wish) -> None:
        if wish.channel is not None:
            if await self._address(account, wish.channel) is None:
                raise AddressNotThere(field="/channel")
            if not await self._agreeing(account.id, account.state, wish):
                raise LastAddressStays(field="/channel")
            return
        found = {record.id: record.state for record in await self._applicants.applicants_of(account.id)}
        if not set(wish.applicant_ids) <= set(found):
            raise NotFound()
        going = found if wish.whole_account else {name: found[name] for name in wish.applicant_ids}
        grown = await self._find_grown_children(going)
        if grown:
            raise GrownChildDecides(field="/applicant_ids", applicant_ids=grown)
        wards = _wards_of(going, found)
        if wards:
            raise GuardianOfOthers(field="/applicant_ids", applicant_ids=wards)

    async def _find_grown_children(self, going: Mapping[str, Applicant]) -> list[str]:
        """Return those who were added as children, are confirmed persons, and have come of age and not agreed."""
        asked = {
            name: applicant
            for name, applicant in going.items()
            if is_ward(applicant) and applicant.person_id is not None and not applicant.may_leave
        }
        return [name for name, applicant in asked.items() if await self._is_grown(name, applicant)]

    async def _is_grown(self, applicant_id: str, applicant: Applicant) -> bool:
        particulars = await self._applicant_vault.particulars(applicant.particulars, applicant_id)
        today = self._context.now().astimezone(WIB).date()
        return not needs_guardian(particulars.birth_date, particulars.married, today)


def _wards_of(going: Collection[str], found: Mapping[str, Applicant]) -> list[str]:
    """Return those who stay and whose guardian goes."""
    return [name for name, ward in found.items() if name not in going and ward.guardian_applicant_id in going]


def _met(known: Record[Leaving], wish: Wish) -> LeavingStart:
    """Return the leaving that goes on, if it is of the same.

    Raises:
        LeavingOpen: it is another one.
    """
    if known.state.wish != wish:
        raise LeavingOpen(leaving_id=known.id)
    return LeavingStart(known.id, leaving=known.state)


def _write_wish(leaving_id: str, wish: Wish) -> str:
    return "|".join((leaving_id, wish.what.value, wish.channel or "", ",".join(wish.applicant_ids)))


def _wish_of(challenge: Challenge) -> tuple[str, Wish]:
    """Return the leaving that a challenge is about, and what is to go."""
    if challenge.proof is None or not challenge.proof.wish:
        raise ChallengeNotFound()
    leaving_id, what, channel, names = challenge.proof.wish.split("|")
    applicant_ids = tuple(names.split(",")) if names else ()
    return leaving_id, Wish(LeavingKind(what), applicant_ids, Channel(channel) if channel else None)
