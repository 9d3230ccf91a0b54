"""Masks personal data: hidden in logs, partly shown to the person it belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

NIK_DIGITS = 16
BILLING_CODE_DIGITS = 15
MAX_DEPTH = 8
MAX_TEXT = 16_384
MAX_ITEMS = 200

HIDDEN = "[hidden]"
_NIK, _EMAIL, _PHONE, _CREDENTIALS = "[nik]", "[email]", "[phone]", "[credentials]"
_FRACTION_PLACES = 6
_MOST_INT_BITS = 64

_SECRET_KEYS = frozenset(
    {
        "otp",
        "otp_code",
        "one_time_code",
        "pin",
        "password",
        "passphrase",
        "secret",
        "token",
        "authorization",
        "cookie",
        "set_cookie",
        "master_keys",
        "fingerprint_keys",
        "private_key",
        "nik",
        "kk",
        "no_kk",
        "email",
        "phone",
        "phone_number",
        "msisdn",
        "full_name",
        "birth_date",
        "address",
    }
)
_SECRET_ENDINGS = ("_token", "_secret", "_password", "_otp", "_nik", "_email", "_phone", "_private_key")
# "code" is also the stable name of an error, so only digits are hidden under it.
_CODE_KEYS = frozenset({"code", "verification_code", "challenge_code"})
_ONE_TIME_CODE = re.compile(r"\d{4,8}")

_PLAIN_KEY = re.compile(r"[a-z_]{1,64}")
# Line separators of every kind but the newline, which JSON escapes: a reader may split lines at them.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_CREDENTIALS_IN_URL = re.compile(r"(://)[^/@\s]+@")
_EMAIL_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*", re.UNICODE)
_LONG_NUMBER = re.compile(rf"\d{{{NIK_DIGITS},}}")
_GROUPED_NIK = re.compile(r"(?<![\w-])(?:\d{4}([ .-])\d{4}\1\d{4}\1\d{4}|\d{6}([ .-])\d{6}\2\d{4})(?![\w-])")
_BILLING_CODE = re.compile(rf"(?<!\d)\d{{{BILLING_CODE_DIGITS - 4}}}(\d{{4}})(?!\d)")
_PHONE_NUMBER = re.compile(r"(?<!\w)(?:\+?62[ .-]?|0)8\d(?:[ .-]?\d){6,11}(?!\w)|\+\d(?:[ .-]?\d){7,13}(?!\w)")
# The shortest thing that is hidden is a phone number of eight digits; most lines stop here.
_ENOUGH_DIGITS = re.compile(r"\d(?:[ .-]?\d){7}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mask_nik(nik: str) -> str:
    """A NIK for the person's own screen: the last four digits, `************0001`."""
    return "*" * max(0, len(nik) - 4) + nik[-4:] if len(nik) > 4 else "*" * len(nik)


def mask_email(address: str) -> str:
    """An address for the person's own screen: first letter and domain, `b***@example.org`."""
    local, at, domain = address.rpartition("@")
    if not at or not local:
        return "***"
    return f"{local[0]}***@{domain}"


def mask_phone(number: str) -> str:
    """A phone number for the person's own screen: country code and the last three digits, `+62*******678`."""
    digits = re.sub(r"\D", "", number)
    if len(digits) < 8:
        return "*" * len(digits)
    shown = "+62" if digits.startswith("62") else ""
    return f"{shown}{'*' * (len(digits) - 3 - (2 if shown else 0))}{digits[-3:]}"


def mask_billing_code(code: str) -> str:
    """A billing code for logs: its last four digits."""
    return "*" * max(0, len(code) - 4) + code[-4:] if len(code) > 4 else "*" * len(code)


def mask_text(text: str) -> str:
    """`text` without NIK, email, phone, URL credentials, and with billing codes cut to their last four digits.

    No run of 16 digits is left. Control characters become `?`: written as JSON escapes they could make digits.
    """
    if _CONTROL.search(text):
        text = _CONTROL.sub("?", text)
    if "@" in text:
        text = _CREDENTIALS_IN_URL.sub(rf"\1{_CREDENTIALS}@", text)
        text = _EMAIL_ADDRESS.sub(_hide_email, text)
    if _ENOUGH_DIGITS.search(text) and not _UUID.fullmatch(text):
        text = _mask_numbers(text)
    return text[:MAX_TEXT]


def _mask_numbers(text: str) -> str:
    text = _LONG_NUMBER.sub(_NIK, text)
    text = _GROUPED_NIK.sub(_NIK, text)
    text = _PHONE_NUMBER.sub(_PHONE, text)
    return _BILLING_CODE.sub(rf"{'*' * (BILLING_CODE_DIGITS - 4)}\1", text)


def mask_value(value: Any, *, key: str = "", depth: int = 0) -> Any:
    """`value` as plain JSON types with everything personal masked, by what it looks like and by the name of its key."""
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(key):
        return HIDDEN
    if depth >= MAX_DEPTH:
        return "[too deep]"
    for kind, mask in _BY_KIND:
        if isinstance(value, kind):
            return mask(value, key, depth)
    return _mask_str(_spoken(value), key, depth)


@lru_cache(maxsize=4096)
def _is_secret(key: str) -> bool:
    name = key.lower().replace("-", "_")
    return name in _SECRET_KEYS or name.endswith(_SECRET_ENDINGS)


def _mask_str(value: str, key: str, _depth: int) -> str:
    if key.lower() in _CODE_KEYS and _ONE_TIME_CODE.fullmatch(value.strip()):
        return HIDDEN
    return mask_text(value)


def _mask_int(value: int, key: str, depth: int) -> int | str:
    if value.bit_length() > _MOST_INT_BITS:
        return "[number]"
    text = str(int(value))
    masked = _mask_str(text, key, depth)
    return int(value) if masked == text else masked


def _mask_float(value: float, _key: str, _depth: int) -> float | str:
    # Sixteen digits behind the point look like a NIK to every scanner; logs do not need them.
    rounded = round(float(value), _FRACTION_PLACES)
    text = repr(rounded)
    masked = mask_text(text)
    return rounded if masked == text else masked


def _mask_bytes(value: bytes | bytearray, key: str, depth: int) -> str:
    return _mask_str(bytes(value).decode("latin-1"), key, depth)


def _mask_mapping(value: Mapping[Any, Any], _key: str, depth: int) -> dict[str, Any]:
    pairs = list(value.items())[:MAX_ITEMS]
    return {_mask_key(_spoken(name)): mask_value(each, key=_spoken(name), depth=depth + 1) for name, each in pairs}


def _mask_key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else mask_text(name)


def _mask_items(value: Any, key: str, depth: int) -> list[Any]:
    return [mask_value(item, key=key, depth=depth + 1) for item in list(value)[:MAX_ITEMS]]


def _spoken(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return f"[{type(value).__name__}]"


def _hide_email(found: re.Match[str]) -> str:
    return found.group() if found.group().startswith(f"{_CREDENTIALS}@") else _EMAIL


_BY_KIND: tuple[tuple[type | tuple[type, ...], Callable[[Any, str, int], Any]], ...] = (
    (str, _mask_str),
    (int, _mask_int),
    (float, _mask_float),
    ((bytes, bytearray), _mask_bytes),
    (Mapping, _mask_mapping),
    ((list, tuple, set, frozenset), _mask_items),
)
