"""Codes of authenticator applications (RFC 6238): six digits of a secret and the time, by pyotp."""

from __future__ import annotations

import base64
import hmac
import io
from datetime import datetime
from typing import Final

import pyotp
import segno

from shared.randomness import Randomness

ISSUER: Final = "Paspor"
"""Shown by authenticators above the user name."""

SECRET_BYTES: Final = 20
"""RFC 4226, section 4, asks for 128 bits and recommends 160."""

WINDOW: Final = 1
"""Time steps of 30 s before and after the present one that count: clocks of telephones are not exact."""

_QR_SCALE: Final = 4


def new_secret(randomness: Randomness) -> str:
    """Return a new secret, base32."""
    return base64.b32encode(base64.urlsafe_b64decode(randomness.token(SECRET_BYTES) + "=")).decode()


def otpauth_uri(secret: str, username: str) -> str:
    """Return the address that an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def qr_svg(uri: str) -> str:
    """Return the QR code of the address as SVG."""
    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(drawn, kind="svg", scale=_QR_SCALE, xmldecl=False)
    return drawn.getvalue().decode()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, the newest first; None where it is none of those that count now."""
    totp = pyotp.TOTP(secret)
    present = totp.timecode(now)
    steps = range(present + WINDOW, present - WINDOW - 1, -1)
    matching = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)]
    return matching[0] if matching else None
