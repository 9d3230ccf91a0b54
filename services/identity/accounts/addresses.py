"""Email addresses and telephone numbers in their one normal form, so that equal ones meet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from services.identity.accounts.channel import Channel
from services.identity.accounts.countries import country_of
from services.identity.accounts.errors import AddressUnusable, EmailUnusable, PhoneCountryUnserved, PhoneUnusable
from shared.masking import mask_email, mask_phone

HOME_REGION: Final = "ID"
HOME_COUNTRY_CODE: Final = "62"
_SPACES: Final = re.compile(r"\s+")


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
    """Return the address without spaces and in small letters.

    Raises:
        EmailUnusable: it is not one.
    """
    try:
        checked = validate_email(_SPACES.sub("", text), check_deliverability=False, test_environment=allow_test_domains)
    except EmailNotValidError:
        raise EmailUnusable(field="/email") from None
    return NormalAddress(checked.normalized.lower(), Channel.EMAIL)


def normal_phone(text: str) -> NormalAddress:
    """Return the number as E.164; 08.., 62.. and +62.. are one number.

    Raises:
        PhoneUnusable: no number, or one that takes no SMS.
        PhoneCountryUnserved: no SMS goes to its country.
    """
    digits = _SPACES.sub("", text)
    if digits.startswith(HOME_COUNTRY_CODE):
        digits = f"+{digits}"
    try:
        number = phonenumbers.parse(digits, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise PhoneUnusable(field="/phone") from None
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in mobile:
        raise PhoneUnusable(field="/phone")
    normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if country_of(normal) is None:
        raise PhoneCountryUnserved(field="/phone")
    return NormalAddress(normal, Channel.SMS)


def normal_identifier(text: str, *, allow_test_domains: bool = False) -> NormalAddress:
    """Return an email address or a mobile number, whichever it is.

    Raises:
        AddressUnusable: neither.
        PhoneCountryUnserved: no SMS goes to its country.
    """
    try:
        return normal_email(text, allow_test_domains=allow_test_domains) if "@" in text else normal_phone(text)
    except PhoneCountryUnserved:
        raise PhoneCountryUnserved(field="/identifier") from None
    except AddressUnusable:
        raise AddressUnusable(field="/identifier") from None
