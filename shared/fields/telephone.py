"""Mobile numbers in the one form that they are kept, compared and handed to the SMS gateway in: E.164."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from shared.fields.folding import fold_number

MAX_TELEPHONE_CHARS: Final = 32
"""As it is typed. E.164 has 15 digits at most; the rest is grouping and a prefix."""

HOME_REGION: Final = "ID"
HOME_COUNTRY_CODE: Final = 62
HOME_MOBILE_DIGITS: Final = range(9, 13)
"""Digits of an Indonesian mobile number without 0 and country code, so 10 to 13 with the 0.

By the metadata of libphonenumber (8[1-35-9] and 7 to 10 more); no published rule of the regulator was read.
"""

_ABROAD: Final = (re.compile(r"00[1789]"), re.compile(r"00"), re.compile(r"010[0-9][1-9]"))
"""Prefixes of calls abroad, by KM 28/2004: 001, 007, 008 and 009 of operators, 010XY over the internet; else 00."""

_MOBILE: Final = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


class NotAMobileNumber(ValueError):
    """The text is no number, one that takes no SMS, or one that can be read in two ways."""


class NotATelephoneNumber(ValueError):
    """The text is no telephone number."""


def read_mobile_number(text: str) -> str:
    """Return the number as E.164: 08.., 62.., +62.., 0062.. and 001 62.. are one number.

    A prefix of calls abroad is read as `+`. Where more than one reading is a mobile number none is chosen.

    Raises:
        NotAMobileNumber: no reading is a mobile number, or several are.
    """
    found = {number for number in map(_mobile, _readings(fold_number(text))) if number is not None}
    if len(found) != 1:
        raise NotAMobileNumber
    return found.pop()


def read_telephone_number(text: str) -> str:
    """Return any telephone number as E.164, a fixed line too: 021-7996340 is +62217996340.

    Raises:
        NotATelephoneNumber: it is none.
    """
    for digits in _readings(fold_number(text)):
        try:
            number = phonenumbers.parse(digits, HOME_REGION)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise NotATelephoneNumber


def telephone_in_words(number: str) -> str:
    """Return a number in E.164 as people read it: +62 21 7996340."""
    parsed = phonenumbers.parse(number, None)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _readings(digits: str) -> list[str]:
    if digits.startswith(str(HOME_COUNTRY_CODE)):
        return [f"+{digits}"]
    abroad = [f"+{digits[match.end() :]}" for match in (prefix.match(digits) for prefix in _ABROAD) if match]
    return abroad or [digits]


def _mobile(digits: str) -> str | None:
    if not re.fullmatch(r"\+?[0-9]{4,20}", digits):
        return None
    try:
        number = phonenumbers.parse(digits, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        return None
    at_home = number.country_code == HOME_COUNTRY_CODE
    if at_home and len(str(number.national_number)) not in HOME_MOBILE_DIGITS:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
