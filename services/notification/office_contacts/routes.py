"""The endpoints of contacts: heads keep those of their office, regional officers those of their region."""

from __future__ import annotations

from typing import Final

from services.notification.http import NOTIFICATION
from services.notification.office_contacts.errors import NotYourOffice, RegionNotFound
from services.notification.office_contacts.schemas import KeepOfficeContacts, OfficeContactsView
from services.notification.office_contacts.service import ShownContacts
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, RateLimit
from shared.tokens import Role

api = Endpoints("office contacts")

HEADS: Final = STAFF(Role.OFFICE_ADMIN)
REGIONAL: Final = STAFF(Role.REGIONAL_OFFICER)
CHANGES_PER_CALLER: Final = RateLimit(30, 60.0)


@api.get(
    "/v1/office-contacts/{office_id}",
    summary="Where your office is told of overdue work",
    access=HEADS,
    answers={200: OfficeContactsView},
    refusals=(NotYourOffice,),
)
async def show_office_contacts(call: Call) -> OfficeContactsView:
    """Show the contacts, masked."""
    book = call.app[NOTIFICATION].office_contacts
    return _view(await book.show_office(call.path["office_id"], call.caller))


@api.put(
    "/v1/office-contacts/{office_id}",
    summary="Keep where your office is told of overdue work",
    description="Told of files that the issuance system does not have by 18:00 of the day before the visit, of books "
    "that are printed late, and of objections. Without contacts the region's are told, then the operators.",
    access=HEADS,
    body=KeepOfficeContacts,
    answers={200: OfficeContactsView},
    refusals=(NotYourOffice, SomeoneElseChangedIt),
    rate=CHANGES_PER_CALLER,
    idempotent=True,
)
async def keep_office_contacts(call: Call[KeepOfficeContacts]) -> OfficeContactsView:
    """Replace the contacts."""
    book, body = call.app[NOTIFICATION].office_contacts, call.body
    kept = await book.keep_office(call.path["office_id"], body.reach(), body.language, call.caller, call.command_id)
    return _view(kept)


@api.get(
    "/v1/region-contacts/{region_id}",
    summary="Where your region is told of overdue work of offices without contacts",
    access=REGIONAL,
    answers={200: OfficeContactsView},
    refusals=(RegionNotFound, NotYourOffice),
)
async def show_region_contacts(call: Call) -> OfficeContactsView:
    """Show the contacts, masked."""
    book = call.app[NOTIFICATION].office_contacts
    return _view(await book.show_region(call.path["region_id"], call.caller))


@api.put(
    "/v1/region-contacts/{region_id}",
    summary="Keep where your region is told of overdue work of offices without contacts",
    access=REGIONAL,
    body=KeepOfficeContacts,
    answers={200: OfficeContactsView},
    refusals=(RegionNotFound, NotYourOffice, SomeoneElseChangedIt),
    rate=CHANGES_PER_CALLER,
    idempotent=True,
)
async def keep_region_contacts(call: Call[KeepOfficeContacts]) -> OfficeContactsView:
    """Replace the contacts."""
    book, body = call.app[NOTIFICATION].office_contacts, call.body
    kept = await book.keep_region(call.path["region_id"], body.reach(), body.language, call.caller, call.command_id)
    return _view(kept)


def _view(shown: ShownContacts) -> OfficeContactsView:
    return OfficeContactsView.from_contacts(shown.contacts, shown.reach, shown.told)
