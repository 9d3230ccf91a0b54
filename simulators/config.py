"""Settings of the simulators, from the environment (``PASPOR_SIM_*``). The secrets' defaults guard nothing real."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One class for all simulators; they share a process."""

    model_config = SettingsConfigDict(env_prefix="PASPOR_SIM_", env_ignore_empty=True)

    host: str = "127.0.0.1"
    dukcapil_port: int = 8201
    simponi_port: int = 8202
    sms_port: int = 8203
    dpri_port: int = 8204
    crossings_port: int = 8207
    seed: int | None = None
    state_folder: Path | None = Field(default=None, description="where state is kept over a restart; nowhere without")

    dukcapil_user_id: str = "paspor"
    dukcapil_password: SecretStr = SecretStr("simulated-dukcapil")
    dukcapil_quota_per_day: int = Field(default=100_000, ge=0)

    simponi_client_id: str = "paspor"
    simponi_client_secret: SecretStr = SecretStr("simulated-simponi")
    simponi_callback_url: str | None = None
    simponi_callback_key_id: str = "k1"
    simponi_callback_secret: SecretStr = SecretStr("simulated-simponi-callback")
    simponi_settlement_key: SecretStr | None = Field(
        default=None,
        description="private key on P-256 (PEM) that files are signed with; without one a new one each start",
    )

    sms_client_secret: SecretStr = SecretStr("simulated-sms")
    sms_receipt_url: str | None = None
    sms_receipt_key_id: str = "k1"
    sms_receipt_secret: SecretStr = SecretStr("simulated-sms-receipt")
    sms_receipt_seconds: float = Field(default=0.2, ge=0)

    dpri_key_word: SecretStr = SecretStr("simulated-dpri")
    dpri_acknowledge_seconds: float = Field(default=0.0, ge=0)
    dpri_print_seconds: float = Field(default=1.0, ge=0)

    @property
    def dpri_private_key(self) -> str:
        """Return the X25519 key that pictures are opened with, as base64; it is made of its word."""
        return base64.b64encode(hashlib.sha256(self.dpri_key_word.get_secret_value().encode()).digest()).decode()
