"""Email addresses and telephone numbers in their one normal form, so that equal ones meet."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.identity.accounts.channel import Channel
from services.identity.accounts.countries import country_of
from services.identity.accounts.errors import (
    AddressUnusable,
    EmailNotAscii,
    EmailUnusable,
    PhoneCountryUnserved,
    PhoneUnusable,
)
from shared.fields.email import LocalPartNotAscii, NotAnEmail, read_email
from shared.fields.telephone import NotAMobileNumber, read_mobile_number
from shared.masking import mask_email, mask_phone


@dataclass(frozen=True, slots=True)
class NormalAddress:
    """An address in its normal form; printing it shows nothing of it."""

    text: str = field(repr=False)
    channel: Channel

    @property
    def kind(self) -> str:
        """The name of its field: what its fingerprint and its seal are bound to."""
        return "email" if self.channel is Channel.EMAIL else "phone"

    @property
    def masked(self) -> str:
        """As its owner may see it on a screen."""
        return mask_email(self.text) if self.channel is Channel.EMAIL else mask_phone(self.text)


def normal_email(text: str, *, allow_test_domains: bool = False) -> NormalAddress:
    """Return the address in the form that `shared.fields.email` writes.

    Raises:
        EmailNotAscii: what stands before the @ cannot be delivered to.
        EmailUnusable: it is not one.
    """
    try:
        return NormalAddress(read_email(text, allow_test_domains=allow_test_domains), Channel.EMAIL)
    except LocalPartNotAscii:
        raise EmailNotAscii(field="/email") from None
    except NotAnEmail:
        raise EmailUnusable(field="/email") from None


def normal_phone(text: str) -> NormalAddress:
    """Return the number as E.164, as `shared.fields.telephone` reads it.

    Raises:
        PhoneUnusable: no number, or one that takes no SMS.
        PhoneCountryUnserved: no SMS goes to its country.
    """
    try:
        normal = read_mobile_number(text)
    except NotAMobileNumber:
        raise PhoneUnusable(field="/phone") from None
    if country_of(normal) is None:
        raise PhoneCountryUnserved(field="/phone")
    return NormalAddress(normal, Channel.SMS)


def normal_identifier(text: str, *, allow_test_domains: bool = False) -> NormalAddress:
    """Return the email address or mobile number, whichever it is.

    Raises:
        EmailNotAscii: what stands before the @ cannot be delivered to.
        AddressUnusable: neither.
        PhoneCountryUnserved: no SMS goes to its country.
    """
    try:
        return normal_email(text, allow_test_domains=allow_test_domains) if "@" in text else normal_phone(text)
    except EmailNotAscii:
        raise EmailNotAscii(field="/identifier") from None
    except PhoneCountryUnserved:
        raise PhoneCountryUnserved(field="/identifier") from None
    except AddressUnusable:
        raise AddressUnusable(field="/identifier") from None
