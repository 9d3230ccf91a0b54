"""Secrets of webhooks, sealed, and the signatures made with them (Standard Webhooks, version 1 of its scheme)."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from typing import Final

from standardwebhooks.webhooks import Webhook as SignatureMaker

from services.notification.seals import Seals
from services.notification.webhooks.webhook import Webhook
from shared.randomness import Randomness

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how such a secret begins
SECRET_BYTES: Final = 32
"""Of a secret; Standard Webhooks asks for 24 to 64."""

_SECRET: Final = "webhook_secret"  # noqa: S105 - the name of the field


class WebhookVault:
    """Makes, seals and opens secrets, each bound to its webhook, and signs with them."""

    def __init__(self, seals: Seals, randomness: Randomness) -> None:
        self._cipher = seals.cipher
        self._randomness = randomness

    def new_secret(self, webhook_id: str) -> str:
        """Return a new secret, sealed."""
        key = base64.urlsafe_b64decode(_padded(self._randomness.token(SECRET_BYTES)))
        secret = SECRET_PREFIX + base64.b64encode(key).decode()
        return self._cipher.seal(secret, owner_id=webhook_id, field=_SECRET)

    def open_newest(self, webhook_id: str, webhook: Webhook) -> str:
        """Return the newest secret of a webhook, as its consumer is told it.

        Raises:
            CannotDecrypt: it was changed or belongs to another webhook.
        """
        return self._cipher.open(webhook.secrets[0].sealed, owner_id=webhook_id, field=_SECRET)

    def headers(self, webhook_id: str, webhook: Webhook, event_id: str, body: str, now: datetime) -> dict[str, str]:
        """Return the headers of a delivery: its id, the time of this try, and a signature by each secret in force.

        Raises:
            CannotDecrypt: a secret was changed or belongs to another webhook.
        """
        secrets = [
            self._cipher.open(secret.sealed, owner_id=webhook_id, field=_SECRET)
            for secret in webhook.secrets
            if secret.signs(now)
        ]
        signatures = [SignatureMaker(secret).sign(event_id, now, body) for secret in secrets]
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def is_current(self, _webhook_id: str, webhook: Webhook) -> bool:
        """Return whether every secret is sealed by the current master key."""
        return not any(self._cipher.needs_rotation(secret.sealed) for secret in webhook.secrets)

    async def turned(self, webhook_id: str, webhook: Webhook) -> Webhook:
        """Return the webhook with its secrets sealed by the current master key."""
        turned = []
        for secret in webhook.secrets:
            opened = self._cipher.open(secret.sealed, owner_id=webhook_id, field=_SECRET)
            turned.append(replace(secret, sealed=self._cipher.seal(opened, owner_id=webhook_id, field=_SECRET)))
        return replace(webhook, secrets=tuple(turned))


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
