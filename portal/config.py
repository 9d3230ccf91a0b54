"""Settings of the portal's process."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, SecretStr

from shared.crypto.keyring import Keyring
from shared.production import Anything, InsideOrEncrypted, TrialOnly
from shared.settings import KeyringText, ProcessSettings

_INSIDE: Final = InsideOrEncrypted("tokens and personal data pass through it", "Write https:// or an inside name")


class Settings(ProcessSettings):
    """Where the services answer, and the keys of what visitors carry."""

    http_port: Annotated[int, Anything("where it listens is the deployment's business")] = Field(
        8108, ge=0, le=65535, description="the port to listen on; 0 takes a free one"
    )
    portal_keys: KeyringText = Field(
        description="keys of cookies and kept forms, as k1:BASE64_OF_32_BYTES[,k0:...], the current one first; one: "
        "openssl rand -base64 32"
    )
    identity_url: Annotated[str, _INSIDE] = Field("http://127.0.0.1:8101", description="where identity answers")
    application_url: Annotated[str, _INSIDE] = Field("http://127.0.0.1:8102", description="where application answers")
    scheduling_url: Annotated[str, _INSIDE] = Field("http://127.0.0.1:8103", description="where scheduling answers")
    billing_url: Annotated[str, _INSIDE] = Field("http://127.0.0.1:8104", description="where billing answers")
    notification_url: Annotated[str, _INSIDE] = Field("http://127.0.0.1:8105", description="where notification answers")
    trial_mailbox_url: Annotated[str, TrialOnly("mails of people are nobody else's to read")] = Field(
        "", description="of a trial: where its mailbox answers; without it there is no trial page"
    )
    trial_sms_url: Annotated[str, TrialOnly("messages of people are nobody else's to read")] = Field(
        "", description="of a trial: where its SMS gateway answers"
    )
    trial_bank_url: Annotated[str, TrialOnly("a simulated bank takes no money")] = Field(
        "", description="of a trial: where its bank answers"
    )
    trial_registry_url: Annotated[str, TrialOnly("a simulated registry has invented people")] = Field(
        "", description="of a trial: where its civil registry answers"
    )
    trial_staff_password: Annotated[
        SecretStr | None, TrialOnly("demo staff are made only where PASPOR_ENVIRONMENT is local or test")
    ] = Field(None, description="of a trial: its demo staff's password; with it a button holds a visit")

    @property
    def service_urls(self) -> dict[str, str]:
        """Where each service answers, by its name."""
        return {
            "identity": self.identity_url,
            "application": self.application_url,
            "scheduling": self.scheduling_url,
            "billing": self.billing_url,
            "notification": self.notification_url,
        }

    @property
    def is_encrypted(self) -> bool:
        """Whether visitors come by HTTPS; a trial may do without."""
        return self.public_url.startswith("https://")

    def portal_keyring(self) -> Keyring:
        """The keys of cookies and kept forms."""
        return Keyring.parse(self.portal_keys.get_secret_value())
