"""Passkeys (WebAuthn level 2) by the webauthn library: options for the browser, and its answers verified.

The device has to check a PIN, finger or face each time; its make is not asked for (attestation "none").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.identity.second_factors.factors import Passkey

SITE_NAME: Final = "Paspor"

CHALLENGE_BYTES: Final = 32
"""WebAuthn, section 13.4.3, asks for at least 16."""

log = structlog.get_logger(__name__)


class PasskeyRefused(ValueError):
    """The answer does not fit; the reason is logged, never told."""


@dataclass(frozen=True)
class NewPasskey:
    """A passkey that a device has made for the site; texts are base64url."""

    credential_id: str
    public_key: str
    sign_count: int


@dataclass(frozen=True)
class PasskeySite:
    """The domain that passkeys are bound to, and the origins of the pages that may use them."""

    domain: str
    origins: tuple[str, ...]

    def registration_options(
        self, challenge: str, staff_id: str, username: str, known: Iterable[Passkey]
    ) -> Mapping[str, Any]:
        """Return the options for ``navigator.credentials.create``; a device that has one of the known is refused
        there.
        """
        options = generate_registration_options(
            rp_id=self.domain,
            rp_name=SITE_NAME,
            user_id=staff_id.encode(),
            user_name=username,
            challenge=base64url_to_bytes(challenge),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=_descriptors(known),
        )
        return options_to_json_dict(options)

    def verify_registration(self, credential: Mapping[str, Any], challenge: str) -> NewPasskey:
        """Return the new passkey.

        Raises:
            PasskeyRefused: it answers another challenge, site or origin, or no PIN, finger or face was asked for.
        """
        try:
            verified = verify_registration_response(
                credential=dict(credential),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.domain,
                expected_origin=list(self.origins),
                require_user_verification=True,
            )
        except Exception as error:
            raise _refused("registration", error) from error
        return NewPasskey(
            bytes_to_base64url(verified.credential_id),
            bytes_to_base64url(verified.credential_public_key),
            verified.sign_count,
        )

    def sign_in_options(self, challenge: str, passkeys: Iterable[Passkey]) -> Mapping[str, Any]:
        """Return the options for ``navigator.credentials.get``."""
        options = generate_authentication_options(
            rp_id=self.domain,
            challenge=base64url_to_bytes(challenge),
            allow_credentials=_descriptors(passkeys),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def verify_sign_in(self, credential: Mapping[str, Any], challenge: str, passkeys: Iterable[Passkey]) -> Passkey:
        """Return the passkey that answered, with its new counter.

        Raises:
            PasskeyRefused: it is none of these passkeys, answers another challenge, site or origin, its counter went
                back (unless both are 0), or no PIN, finger or face was asked for.
        """
        passkey = next((known for known in passkeys if known.credential_id == credential.get("id")), None)
        if passkey is None:
            raise PasskeyRefused("it is no passkey of this member")
        try:
            verified = verify_authentication_response(
                credential=dict(credential),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.domain,
                expected_origin=list(self.origins),
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except Exception as error:
            raise _refused("sign-in", error) from error
        return replace(passkey, sign_count=verified.new_sign_count)


def _descriptors(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id)) for passkey in passkeys]


def _refused(during: str, error: Exception) -> PasskeyRefused:
    log.info("passkey_refused", during=during, error=type(error).__name__)
    return PasskeyRefused(during)
