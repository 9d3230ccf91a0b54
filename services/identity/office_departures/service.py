"""Letting a whole office leave: a plan that names everybody, then the same people leave, one by one, each audited.

Each act ends that person's sessions. What a crash cut off goes on with the same call, and is done once to each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.office_departures import departure as rules
from services.identity.office_departures.departure import DepartureState, OfficeDeparture
from services.identity.office_departures.errors import DepartureUnknown, OfficeHasNoStaff, OfficeStaffChanged
from services.identity.office_departures.repository import DepartureRepository
from services.identity.offices.service import Offices
from services.identity.staff.administration import Act, StaffAdmin
from services.identity.staff.errors import NotYourOffice, StaffStateForbids
from services.identity.staff.member import Staff, StaffReason
from services.identity.staff.repository import StaffRepository
from services.identity.staff.states import FINAL_STAFF
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.tokens import Caller

MOST_STAFF: Final = 1000
"""Members of staff that one office ever had; the largest has some hundreds."""


@dataclass(frozen=True)
class DepartureSeen:
    """A departure, and the members of staff who are named in it as they stand now."""

    departure_id: str
    departure: OfficeDeparture
    staff: tuple[Record[Staff], ...]


class OfficeDepartures:
    """The use cases of offices that leave."""

    def __init__(self, context: UseCaseContext, admin: StaffAdmin, offices: Offices) -> None:
        self._context = context
        self._admin = admin
        self._offices = offices
        self._departures = DepartureRepository(context)
        self._staff = StaffRepository(context)

    async def plan(self, caller: Caller, office_id: str, reason: StaffReason, command_id: str) -> DepartureSeen:
        """Return the members of staff who would leave; none does yet. A repeat of the command meets the first plan.

        Raises:
            StaffNotInService, OfficeUnknown, OfficeHasNoStaff.
        """
        await self._admin.refuse_out_of_service(caller)
        await self._offices.refuse_unknown(office_id, (), None)
        staff_ids = await self._present(office_id)
        if not staff_ids:
            raise OfficeHasNoStaff(office_id=office_id)
        departure_id = derived_id("office_departure", caller.account_id, command_id)
        plan = rules.planned(office_id, caller.account_id, reason.value, staff_ids, self._context.now())
        return await self._seen(departure_id, await self._departures.add_once(departure_id, plan))

    async def execute(self, caller: Caller, office_id: str, departure_id: str) -> DepartureSeen:
        """Let everybody who is named in the plan leave; a repeat goes on, or finds it done.

        Raises:
            StaffNotInService, DepartureUnknown, OfficeStaffChanged.
        """
        await self._admin.refuse_out_of_service(caller)
        departure = await self._departures.departure(departure_id)
        if departure is None or not rules.is_planned_by(departure, caller.account_id, office_id, self._context.now()):
            raise DepartureUnknown()
        if departure.state is DepartureState.PLANNED:
            if await self._present(departure.office_id) != departure.staff_ids:
                raise OfficeStaffChanged(office_id=departure.office_id)
            await self._departures.change(departure_id, self._begun)
        for staff_id in departure.staff_ids:
            await self._leave(caller, departure_id, staff_id, departure)
        done = await self._departures.change(departure_id, _finished)
        return await self._seen(departure_id, done)

    async def _leave(self, caller: Caller, departure_id: str, staff_id: str, departure: OfficeDeparture) -> None:
        command_id, reason = derived_id("leave", departure_id, staff_id), StaffReason(departure.reason)
        act = Act("say_staff_left", caller, staff_id, command_id, reason)
        try:
            await self._admin.leave_with_office(act, departure.office_id)
        except (StaffStateForbids, NotYourOffice):
            return  # somebody else let them leave, or moved them to another office, since the plan

    async def _present(self, office_id: str) -> tuple[str, ...]:
        found = await self._staff.staff_from(office_id, "", MOST_STAFF)
        return tuple(member.id for member in found if member.state.state not in FINAL_STAFF)

    async def _seen(self, departure_id: str, departure: OfficeDeparture) -> DepartureSeen:
        found = [await self._staff.staff(staff_id) for staff_id in departure.staff_ids]
        return DepartureSeen(departure_id, departure, tuple(member for member in found if member is not None))

    def _begun(self, departure: OfficeDeparture) -> Decision[OfficeDeparture] | None:
        if departure.state is not DepartureState.PLANNED:
            return None
        return Decision(rules.begun(departure, self._context.now()))


def _finished(departure: OfficeDeparture) -> Decision[OfficeDeparture] | None:
    return Decision(rules.finished(departure)) if departure.state is DepartureState.RUNNING else None
