"""Contacts of offices over HTTP; addresses are shown masked, for they may be a person's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field

from services.notification.deliveries.recipient import Reach
from services.notification.office_contacts.office_contacts import AlertReceiver, OfficeContacts
from shared.fields.email import MAX_EMAIL_CHARS, NotAnEmail, read_email
from shared.fields.telephone import MAX_TELEPHONE_CHARS, NotAMobileNumber, read_mobile_number
from shared.http.codes import OneOf
from shared.http.language import LanguageCode
from shared.http.schema import Body, View
from shared.http.validation import wrong_value
from shared.masking import mask_email, mask_phone

EXAMPLE_EMAIL: Final = "piket@kantor.example"
EXAMPLE_PHONE: Final = "0812-0000-0678"


def _read_email(text: str) -> str:
    try:
        return read_email(text, allow_test_domains=True)
    except NotAnEmail:
        raise wrong_value(
            "office_email",
            f"Write a complete email address, such as {EXAMPLE_EMAIL}.",
            f"Tuliskan alamat surel lengkap, misalnya {EXAMPLE_EMAIL}.",
            example=EXAMPLE_EMAIL,
        ) from None


def _read_phone(text: str) -> str:
    try:
        return read_mobile_number(text)
    except NotAMobileNumber:
        raise wrong_value(
            "office_phone",
            f"Write a mobile number that takes SMS, such as {EXAMPLE_PHONE}.",
            f"Tuliskan nomor telepon seluler yang menerima SMS, misalnya {EXAMPLE_PHONE}.",
            example=EXAMPLE_PHONE,
        ) from None


ContactEmail = Annotated[
    str, Field(min_length=3, max_length=MAX_EMAIL_CHARS, examples=[EXAMPLE_EMAIL]), AfterValidator(_read_email)
]
ContactPhone = Annotated[
    str, Field(min_length=3, max_length=MAX_TELEPHONE_CHARS, examples=[EXAMPLE_PHONE]), AfterValidator(_read_phone)
]


class KeepOfficeContacts(Body):
    """Where an office or a region is told of overdue work; without either the next above is told."""

    email: ContactEmail | None = Field(None, description="told first")
    phone: ContactPhone | None = Field(None, description="told by SMS where there is no email address")
    language: Literal["id", "en"] = "id"

    def reach(self) -> Reach:
        """Return the addresses."""
        return Reach(email=self.email, phone=self.phone)


class OfficeContactsView(View):
    """The contacts, masked, and whose contacts are told of overdue work now."""

    email_masked: str | None
    phone_masked: str | None
    language: LanguageCode
    kept_at: datetime | None
    told: Annotated[str, OneOf(AlertReceiver)]
    """Whose contacts are told now: of an office without any the region's, then the operators'."""

    @classmethod
    def from_contacts(cls, contacts: OfficeContacts, reach: Reach, told: AlertReceiver) -> Self:
        """Return the view of contacts."""
        return cls(
            email_masked=mask_email(reach.email) if reach.email else None,
            phone_masked=mask_phone(reach.phone) if reach.phone else None,
            language=contacts.language,
            kept_at=contacts.kept_at,
            told=told.value,
        )
