"""An authenticator in software: makes passkeys and answers challenges as a device and its browser do (WebAuthn)."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


@dataclass
class SoftAuthenticator:
    """A device with one passkey of one site, and the browser before it, which names the page's origin."""

    origin: str
    name: bytes = b"passkey-1"
    flags: int = USER_PRESENT | USER_VERIFIED
    counter: int = 0
    step: int = 1
    """Added to the counter with each answer; 0 for a passkey that is synced."""
    domain: str = ""
    """In place of the site's own."""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create` with attestation "none"."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = b"\x01" * 16 + struct.pack(">H", len(self.name)) + self.name + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], HAS_CREDENTIAL) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = self._said("webauthn.create", options["challenge"])
        return self._credential(clientDataJSON=said, attestationObject=made)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        self.counter += self.step
        data, said = self._data(options["rpId"], 0), self._said("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(clientDataJSON=said, authenticatorData=data, signature=signature)

    def _data(self, domain: str, more_flags: int) -> bytes:
        site = hashlib.sha256((self.domain or domain).encode()).digest()
        return site + struct.pack(">BI", self.flags | more_flags, self.counter)

    def _said(self, act: str, challenge: str) -> bytes:
        return json.dumps({"type": act, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _credential(self, **response: bytes) -> dict[str, Any]:
        name = bytes_to_base64url(self.name)
        written = {member: bytes_to_base64url(value) for member, value in response.items()}
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": written,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }


def with_changed_signature(credential: dict[str, Any]) -> dict[str, Any]:
    """The same answer with one bit of its signature turned."""
    signature = bytearray(base64url_to_bytes(credential["response"]["signature"]))
    signature[-1] ^= 1
    return {**credential, "response": {**credential["response"], "signature": bytes_to_base64url(bytes(signature))}}
