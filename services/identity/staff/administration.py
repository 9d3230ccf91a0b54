"""Staff administration: hired, agreed to by a second operator, moved, locked, unlocked, given a new password, gone.

Every act ends that person's sessions in the same write, so no refresh token of theirs counts any more, and then
every assistance that they had begun. Access
tokens are not asked about: one that was given before lives to its end, at most ``staff_access_seconds`` (5 minutes) and
30 s of leeway. Here, in staff administration, whoever is not in service any more is refused at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from services.identity.context import UseCaseContext
from services.identity.offices.service import Offices
from services.identity.staff import member_transitions as rules
from services.identity.staff import powers
from services.identity.staff.errors import (
    AskerGone,
    LastOperatorStays,
    NothingToDecide,
    NotOnYourself,
    NotYourOffice,
    OfficeNeeded,
    OfficeNotWanted,
    RegionNeeded,
    RegionNotWanted,
    RoleNotYours,
    SecondOperatorNeeded,
    StaffMatterPending,
    StaffNotInService,
    StaffStateForbids,
    StaffUnknown,
    UserNameTaken,
)
from services.identity.staff.member import Pending, Staff, StaffReason
from services.identity.staff.member_transitions import Fresh, Newcomer
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.passwords import StaffPasswords
from services.identity.staff.powers import Post, PowerProblem
from services.identity.staff.repository import STAFF, StaffRepository
from services.identity.staff.states import StaffCommand, StaffState
from services.identity.staff.temporary_passwords import OneTimePasswords
from services.identity.staff.vault import StaffVault
from shared.audit import Audit
from shared.errors import Refusal
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller

SALT_BYTES: Final = 16

WAITS: Final = "waits_for_second"
"""Detail of an audit entry for a request that waits for a second operator."""

_POWER_REFUSALS: Final[dict[PowerProblem, Callable[[], Refusal]]] = {
    PowerProblem.NOT_YOUR_ROLE: lambda: RoleNotYours(),
    PowerProblem.NOT_YOUR_OFFICE: lambda: NotYourOffice(),
    PowerProblem.OFFICE_NEEDED: lambda: OfficeNeeded(field="/office_id"),
    PowerProblem.OFFICE_NOT_WANTED: lambda: OfficeNotWanted(field="/office_id"),
    PowerProblem.REGION_NEEDED: lambda: RegionNeeded(field="/region_id"),
    PowerProblem.REGION_NOT_WANTED: lambda: RegionNotWanted(field="/region_id"),
}


@dataclass(frozen=True)
class Hiring:
    """A request to hire a member of staff."""

    username: str
    full_name: str = field(repr=False)
    post: Post
    office_id: str | None
    reason: StaffReason
    offices: tuple[str, ...] = ()
    region_id: str | None = None


@dataclass(frozen=True)
class Act:
    """A command on a member of staff, its caller and reason."""

    name: str
    caller: Caller
    staff_id: str
    command_id: str
    reason: StaffReason | None = None


@dataclass(frozen=True)
class StaffSeen:
    """A member of staff in the open, for who administers them.

    The one-time password is only in the answer of the command that made it.
    """

    staff_id: str
    staff: Staff
    full_name: str | None = field(repr=False)
    one_time_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class StaffPage:
    """Some of the staff by user name, and the user name that the next page begins with."""

    staff: tuple[StaffSeen, ...]
    next: str | None


class EndsAssistances(Protocol):
    """Ends the assistances that an officer has begun."""

    async def end_of_officer(self, officer_id: str) -> None:
        """End every open assistance of this officer."""
        ...


class StaffAdmin:
    """The use cases of staff administration."""

    def __init__(
        self,
        context: UseCaseContext,
        audit: Audit,
        passwords: StaffPasswords,
        roster: StaffRoster,
        assistances: EndsAssistances,
        offices: Offices,
    ) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._staff_vault = StaffVault(context.seals)
        self._audit = audit
        self._passwords = passwords
        self._roster = roster
        self._assistances = assistances
        self._offices = offices
        self._one_time = OneTimePasswords(context.settings.fingerprint_keyring())

    async def hire(self, caller: Caller, hiring: Hiring, command_id: str) -> StaffSeen:
        """Make a new member of staff with a one-time password; somebody in a powerful role is only proposed until
        another operator approves.

        Raises:
            StaffNotInService, RoleNotYours, NotYourOffice: the caller may not hire this one.
            OfficeNeeded, OfficeNotWanted, OfficeUnknown, RegionNeeded, RegionNotWanted, RegionUnknown, UserNameTaken.
        """
        staff_id = derived_id("staff", "hired", command_id)
        act = Act("hire_staff", caller, staff_id, command_id, hiring.reason)

        async def attempt() -> StaffSeen:
            await self.refuse_hiring(caller, hiring)
            known = await self._staff.staff(staff_id)
            if known is not None:
                return await self._shown_again(known, command_id)
            return await self._hired(act, hiring)

        return await self._audited(act, attempt, hiring.office_id)

    async def refuse_out_of_service(self, caller: Caller) -> None:
        """Refuse a caller who is not, or not in this role any more, in service.

        Raises:
            StaffNotInService
        """
        await self._acting(caller)

    async def refuse_hiring(self, caller: Caller, hiring: Hiring) -> None:
        """Refuse what the caller may not hire, or what does not fit together; user names are not looked at.

        Raises:
            As :meth:`hire`, but for UserNameTaken.
        """
        actor = await self._acting(caller)
        _refuse_power(powers.hire_problem(Post(actor.role), actor.office_id, hiring.post, hiring.office_id))
        _refuse_power(powers.served_problem(hiring.post, hiring.offices))
        _refuse_power(powers.region_problem(hiring.post, hiring.region_id))
        await self._offices.refuse_unknown(hiring.office_id, hiring.offices, hiring.region_id)

    async def page(self, caller: Caller, office_id: str | None, first: str, limit: int) -> StaffPage:
        """Staff by user name: of the own office, or for operators of one office or of all.

        Raises:
            StaffNotInService, NotYourOffice.
        """
        actor = await self._acting(caller)
        if actor.role != Post.OPERATOR:
            if office_id not in (None, actor.office_id):
                raise NotYourOffice()
            office_id = actor.office_id
        found = await self._staff.staff_from(office_id, first, limit + 1)
        following = found[limit].state.username if len(found) > limit else None
        return StaffPage(tuple(self.seen(record) for record in found[:limit]), following)

    async def get_member(self, caller: Caller, staff_id: str) -> StaffSeen:
        """One member of staff.

        Raises:
            StaffUnknown, StaffNotInService, NotYourOffice.
        """
        actor = await self._acting(caller)
        record = await self._known(staff_id)
        if actor.role != Post.OPERATOR and actor.office_id != record.state.office_id:
            raise NotYourOffice()
        return self.seen(record)

    async def reassign(
        self,
        act: Act,
        post: Post,
        office_id: str | None,
        offices: tuple[str, ...] = (),
        region_id: str | None = None,
    ) -> StaffSeen:
        """Another role, office or region, or other offices that a treasurer serves; a powerful role waits until another
        operator approves.

        Raises:
            OfficeNeeded, OfficeNotWanted, OfficeUnknown, RegionNeeded, RegionNotWanted, RegionUnknown, and every
            refusal of :meth:`lock`.
        """

        async def change(record: Record[Staff], actor: Staff) -> StaffSeen:
            _refuse_power(powers.give_problem(Post(actor.role), actor.office_id, post, office_id))
            _refuse_power(powers.served_problem(post, offices))
            _refuse_power(powers.region_problem(post, region_id))
            await self._offices.refuse_unknown(office_id, offices, region_id)
            if powers.needs_second(StaffCommand.REASSIGN, post):
                return await self._ask(act, record, StaffCommand.REASSIGN, post, office_id, offices)
            moved = rules.reassign(record.state, post, office_id, act.command_id, region_id=region_id)
            return await self._save(act, record, moved)

        return await self._do(act, change)

    async def lock(self, act: Act) -> StaffSeen:
        """Lock at once, until somebody unlocks; a request that waits about them is dropped.

        Raises:
            StaffUnknown, StaffNotInService, NotYourOffice, RoleNotYours, NotOnYourself, LastOperatorStays,
            StaffStateForbids, StaffMatterPending.
        """
        return await self._do(act, self._changing(act, rules.lock), whatever_is_pending=True)

    async def leave(self, act: Act) -> StaffSeen:
        """Gone for good.

        Raises:
            Every refusal of :meth:`lock`.
        """
        return await self._do(act, self._changing(act, rules.leave), whatever_is_pending=True)

    async def leave_with_office(self, act: Act, office_id: str) -> StaffSeen:
        """Gone for good with all staff of this office; one who was moved away meanwhile stays.

        Raises:
            NotYourOffice: they belong to another office by now.
            Every refusal of :meth:`lock`.
        """

        async def change(record: Record[Staff], _actor: Staff) -> StaffSeen:
            if record.state.office_id != office_id:
                raise NotYourOffice()
            return await self._save(act, record, rules.leave(record.state, act.command_id))

        return await self._do(act, change, whatever_is_pending=True)

    async def unlock(self, act: Act) -> StaffSeen:
        """In again by a new one-time password; a treasurer or operator once another operator approves.

        Raises:
            Every refusal of :meth:`lock`.
        """
        return await self._do(act, self._giving(act, StaffCommand.UNLOCK))

    async def reset_password(self, act: Act) -> StaffSeen:
        """A new one-time password in place of the own one; of a treasurer or operator once another operator approves.

        Raises:
            Every refusal of :meth:`lock`.
        """
        return await self._do(act, self._giving(act, StaffCommand.RESET))

    async def approve(self, act: Act) -> StaffSeen:
        """Approve and do the request of another operator; the answer shows the one-time password, if one was made.

        Raises:
            NothingToDecide, SecondOperatorNeeded, AskerGone, and every refusal of :meth:`lock`.
        """

        async def change(record: Record[Staff], _actor: Staff) -> StaffSeen:
            pending = _pending(record.state)
            if pending.asked_by == act.caller.account_id:
                raise SecondOperatorNeeded()
            await self.refuse_gone_asker(pending.asked_by, record.state)
            if pending.command is StaffCommand.REASSIGN:
                post = Post(pending.role)
                moved = rules.reassign(record.state, post, pending.office_id, act.command_id, pending.offices)
                return await self._save(act, record, moved)
            return await self._give(act, record, pending.command)

        return await self._do(act, change, whatever_is_pending=True)

    async def refuse(self, act: Act) -> StaffSeen:
        """Refuse a request; the operator who asked may withdraw it so.

        Raises:
            NothingToDecide, and every refusal of :meth:`lock`.
        """

        async def change(record: Record[Staff], _actor: Staff) -> StaffSeen:
            _pending(record.state)
            return await self._save(act, record, rules.refuse(record.state, act.command_id))

        return await self._do(act, change, whatever_is_pending=True)

    async def managed(self, act: Act) -> tuple[Record[Staff], Staff]:
        """Return the member of staff whom the caller may act on, and the caller, both as stored now.

        Raises:
            StaffUnknown, StaffNotInService, NotYourOffice, RoleNotYours, NotOnYourself, LastOperatorStays.
        """
        actor = await self._acting(act.caller)
        await self._refuse_oneself(act)
        record = await self._known(act.staff_id)
        staff = record.state
        _refuse_power(powers.manage_problem(Post(actor.role), actor.office_id, Post(staff.role), staff.office_id))
        return record, actor

    async def refuse_gone_asker(self, asked_by: str, about: Staff) -> None:
        """Refuse what somebody asked for about a member who could not ask for it now: an agreement takes two.

        Raises:
            AskerGone
        """
        record = await self._staff.staff(asked_by)
        asker = record.state if record is not None else None
        if asker is None or asker.state is not StaffState.ACTIVE:
            raise AskerGone()
        if powers.manage_problem(Post(asker.role), asker.office_id, Post(about.role), about.office_id) is not None:
            raise AskerGone()

    async def end_sessions(self, staff_id: str) -> None:
        """End every session of a member of staff, then every assistance that they had begun; a repeat finds it done."""

        async def attempt() -> Record[Staff]:
            record = await self._known(staff_id)
            if not record.state.sessions:
                return record
            return await self._staff.save_staff(record, replace(record.state, sessions=()), self._context.now())

        await self._end_assistances(await again(attempt))

    # Doing

    async def _do(
        self,
        act: Act,
        change: Callable[[Record[Staff], Staff], Awaitable[StaffSeen]],
        *,
        whatever_is_pending: bool = False,
    ) -> StaffSeen:
        async def attempt() -> StaffSeen:
            record, actor = await self.managed(act)
            staff = record.state
            if rules.has_taken(staff, act.command_id):
                await self._end_assistances(record)
                return await self._shown_again(record, act.command_id)
            if staff.pending is not None and not whatever_is_pending:
                raise StaffMatterPending()
            try:
                return await change(record, actor)
            except IllegalTransition as illegal:
                raise StaffStateForbids(state=illegal.state.value) from None

        known = await self._staff.staff(act.staff_id)
        return await self._audited(act, attempt, known.state.office_id if known is not None else None)

    async def _audited(self, act: Act, attempt: Callable[[], Awaitable[StaffSeen]], office_id: str | None) -> StaffSeen:
        async with self._audit.doing(
            act.caller,
            act.name,
            subject=act.staff_id,
            office_id=office_id,
            reason=act.reason.value if act.reason is not None else None,
            command_id=act.command_id,
        ) as doing:
            seen = await again(attempt)
            doing.detail = WAITS if seen.staff.pending is not None else None
            return seen

    async def _hired(self, act: Act, hiring: Hiring) -> StaffSeen:
        sealed = self._staff_vault.seal_staff_name(hiring.full_name, act.staff_id)
        newcomer = Newcomer(hiring.username, sealed, hiring.post, hiring.office_id, hiring.offices, hiring.region_id)
        second = powers.needs_second(StaffCommand.APPROVE, hiring.post)
        fresh = None if second else await self._fresh(act.staff_id)
        now = self._context.now()
        staff = rules.hire(newcomer, act.caller.account_id, hiring.reason, fresh, act.command_id, now)
        try:
            record = await self._context.store.insert(STAFF, act.staff_id, staff, now=now)
        except AlreadyExists:
            known = await self._staff.staff(act.staff_id)
            if known is None:
                raise UserNameTaken(field="/username") from None
            return await self._shown_again(known, act.command_id)
        return self.seen(record, self._text(record) if fresh is not None else None)

    def _changing(
        self, act: Act, rule: Callable[[Staff, str], Staff]
    ) -> Callable[[Record[Staff], Staff], Awaitable[StaffSeen]]:
        async def change(record: Record[Staff], _actor: Staff) -> StaffSeen:
            return await self._save(act, record, rule(record.state, act.command_id))

        return change

    def _giving(self, act: Act, command: StaffCommand) -> Callable[[Record[Staff], Staff], Awaitable[StaffSeen]]:
        async def change(record: Record[Staff], _actor: Staff) -> StaffSeen:
            staff = record.state
            if powers.needs_second(command, Post(staff.role)):
                return await self._ask(act, record, command, Post(staff.role), staff.office_id, staff.offices)
            return await self._give(act, record, command)

        return change

    async def _ask(
        self,
        act: Act,
        record: Record[Staff],
        command: StaffCommand,
        post: Post,
        office_id: str | None,
        offices: tuple[str, ...],
    ) -> StaffSeen:
        reason = act.reason or StaffReason.CORRECTION
        by, now = act.caller.account_id, self._context.now()
        asked = rules.ask(record.state, command, post, office_id, by, reason, act.command_id, now, offices)
        return self.seen(await self._staff.save_staff(record, asked, now))

    async def _give(self, act: Act, record: Record[Staff], command: StaffCommand) -> StaffSeen:
        fresh = await self._fresh(record.id)
        given = rules.give_password(record.state, command, fresh, act.command_id, self._context.now())
        seen = await self._save(act, record, given)
        return StaffSeen(seen.staff_id, seen.staff, seen.full_name, self._one_time.make(record.id, fresh.salt))

    async def _save(self, act: Act, record: Record[Staff], staff: Staff) -> StaffSeen:
        """The roster first, then the member of staff: a crash in between leaves somebody with less power, not more."""
        if staff.role == Post.OPERATOR and staff.state is StaffState.ACTIVE:
            await self._roster.join(record.id)
        elif record.state.role == Post.OPERATOR:
            await self._roster.take_off(record.id, act.caller.account_id)
        saved = await self._staff.save_staff(record, staff, self._context.now())
        await self._end_assistances(saved)
        return self.seen(saved)

    async def _end_assistances(self, record: Record[Staff]) -> None:
        """End the assistances of an officer without a session, after the write: none begins unseen behind it."""
        if not record.state.sessions:
            await self._assistances.end_of_officer(record.id)

    # Knowing

    async def _acting(self, caller: Caller) -> Staff:
        """Return the acting member of staff as stored now, not as their token says."""
        record = await self._staff.staff(caller.account_id)
        staff = record.state if record is not None else None
        if staff is None or staff.state is not StaffState.ACTIVE:
            raise StaffNotInService()
        if (staff.role, staff.office_id) != (caller.role.value, caller.office_id):
            raise StaffNotInService()
        return staff

    async def _known(self, staff_id: str) -> Record[Staff]:
        record = await self._staff.staff(staff_id)
        if record is None:
            raise StaffUnknown()
        return record

    async def _refuse_oneself(self, act: Act) -> None:
        if act.staff_id != act.caller.account_id:
            return
        if set((await self._roster.read()).state.operators) == {act.staff_id}:
            raise LastOperatorStays()
        raise NotOnYourself()

    async def _fresh(self, staff_id: str) -> Fresh:
        salt = self._context.randomness.token(SALT_BYTES)
        hashed = await self._passwords.hash(self._one_time.make(staff_id, salt))
        return Fresh(hashed, salt, self._context.settings.staff_password_rules.one_time_seconds)

    async def _shown_again(self, record: Record[Staff], command_id: str) -> StaffSeen:
        """The answer of a command that took effect: with its one-time password for as long as that one counts."""
        one_time = record.state.one_time
        if one_time is None or one_time.command_id != command_id:
            return self.seen(record)
        text = self._text(record)
        matches = await self._passwords.matches(text, record.state.password_hash)
        return self.seen(record, text if matches else None)  # under a new key it cannot be made again

    def _text(self, record: Record[Staff]) -> str:
        one_time = record.state.one_time
        return self._one_time.make(record.id, one_time.salt if one_time is not None else "")

    def seen(self, record: Record[Staff], one_time_password: str | None = None) -> StaffSeen:
        """Return a member of staff in the open, for who administers them or for their own eyes."""
        sealed = record.state.name
        name = self._staff_vault.staff_name(sealed, record.id) if sealed is not None else None
        return StaffSeen(record.id, record.state, name, one_time_password)


def _pending(staff: Staff) -> Pending:
    if staff.pending is None:
        raise NothingToDecide()
    return staff.pending


def _refuse_power(problem: PowerProblem | None) -> None:
    if problem is not None:
        raise _POWER_REFUSALS[problem]()
