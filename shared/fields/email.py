"""Email addresses in the one form that they are kept, compared and written to the mail server in."""

from __future__ import annotations

from typing import Final

from email_validator import EmailNotValidError, validate_email

from shared.fields.folding import without_invisible

MAX_EMAIL_CHARS: Final = 254
"""RFC 5321, section 4.5.3.1.3."""


class NotAnEmail(ValueError):
    """The text is no complete email address."""


class LocalPartNotAscii(NotAnEmail):
    """Before the @ stand signs that only servers with SMTPUTF8 (RFC 6531) deliver to; mails are sent without it."""


def read_email(text: str, *, allow_test_domains: bool = False) -> str:
    """Return the address in small letters without spaces and invisible signs, its domain in ASCII (IDNA).

    So `budi@bücher.example` and `budi@xn--bcher-kva.example` are one address, in the form that every server takes.

    Raises:
        LocalPartNotAscii: what stands before the @ is not ASCII.
        NotAnEmail: it is no address.
    """
    plain = "".join(without_invisible(text).split())
    try:
        checked = validate_email(plain, check_deliverability=False, test_environment=allow_test_domains)
    except EmailNotValidError:
        raise NotAnEmail from None
    if checked.ascii_email is None:
        raise LocalPartNotAscii
    return checked.ascii_email.lower()
