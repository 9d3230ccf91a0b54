"""Settings of application, read from the environment."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from services.application.rules import Pace, PaperRules, PapersReading, PapersUnread, UploadRules
from shared.crypto.sealed import SealedBox, Unsealer
from shared.production import (
    Anything,
    AtLeast,
    Between,
    Encrypted,
    EncryptedIfNamed,
    OneOfThese,
    OtherThan,
    SharedSecret,
)
from shared.settings import ServiceSettings

PACE: Final = Pace()
UPLOADS: Final = UploadRules()
PAPERS: Final = PaperRules()

SIMULATORS_DPRI_KEY: Final = "8TItcl1V+NLQJvQpe9MHVoXjyHfWEo1fFTU+/bEi6yU="
"""The public key of the simulator of the issuance system."""


def _is_public_key(value: str) -> str:
    SealedBox.for_recipient(value)
    return value


def _are_private_keys(value: SecretStr) -> SecretStr:
    Unsealer.parse(value.get_secret_value())
    return value


class Settings(ServiceSettings):
    """Application's settings; durations in seconds, with the real values as defaults."""

    database: str = Field("paspor_application", min_length=1, max_length=38, pattern=r"^[a-z][a-z0-9_]*$")
    http_port: int = Field(8102, ge=0, le=65535, description="the port to listen on; 0 takes a free one")

    sealing_private_keys: Annotated[SecretStr, AfterValidator(_are_private_keys)] = Field(
        description="base64 of our X25519 private keys, the current one first"
    )
    notification_sealing_public_key: Annotated[str, AfterValidator(_is_public_key)] = Field(
        description="base64 of notification's X25519 public key"
    )

    dpri_url: Annotated[
        str, Encrypted("personal data and money are told there", "Write the agency's https:// address")
    ] = Field("http://127.0.0.1:8204", pattern=r"^https?://", description="the issuance system")
    dpri_token: Annotated[SecretStr | None, SharedSecret("it opens the issuance system", 8)] = Field(
        None, description="our token there, if it asks for one"
    )
    dpri_public_key: Annotated[
        str,
        AfterValidator(_is_public_key),
        OtherThan(SIMULATORS_DPRI_KEY, "everybody can open what is sealed to the simulator", "its X25519 public key"),
    ] = Field(SIMULATORS_DPRI_KEY, description="base64 of the issuance system's X25519 public key, for pictures")
    dpri_picture_seconds: Annotated[float, Between(5, 20, "a try is leased for half a minute")] = Field(
        15.0, gt=0, description="patience with one picture"
    )
    dpri_pictures_at_once: Annotated[int, Anything("bounded by memory; the field itself ends at 32")] = Field(
        6, ge=1, le=32, description="pictures on their way to the issuance system at the same time, of one process"
    )
    dpri_try_seconds: Annotated[float, AtLeast(1, "the issuance system takes that long")] = Field(
        5.0, gt=0, description="patience with one call"
    )
    dpri_tries: Annotated[int, Anything("the field itself ends at five")] = Field(
        2, ge=1, le=5, description="calls before the hand-over waits"
    )
    earlier_books_asked: Annotated[bool, Anything("officers find a wrong kind at the counter without it")] = Field(
        True,
        description="whether the issuance system, if it serves that, is asked for earlier passports before the bill",
    )
    hand_over_retry_seconds: Annotated[float, AtLeast(10, "the issuance system would be asked too often")] = Field(
        PACE.first_retry_seconds, gt=0, description="pause after the first failed hand-over"
    )
    hand_over_longest_retry_seconds: Annotated[float, AtLeast(60, "the issuance system would be asked too often")] = (
        Field(PACE.longest_retry_seconds, gt=0, description="longest such pause")
    )
    hand_over_alert_grace_seconds: Annotated[float, AtLeast(60, "offices would be alerted for hiccups")] = Field(
        PACE.alert_grace_seconds,
        gt=0,
        description="time before the alert where a visit is confirmed after 18:00 of the day before",
    )
    print_poll_seconds: Annotated[float, AtLeast(60, "the issuance system would be asked too often")] = Field(
        PACE.print_poll_seconds, gt=0, description="how often the issuance system is asked for the book"
    )

    crossings_url: Annotated[
        str,
        EncryptedIfNamed("personal data are told there", "Write the agency's https:// address, or none"),
    ] = Field(
        "", pattern=r"^(https?://.+)?$", description="the border system; without it nobody is shown border crossings"
    )
    crossings_token: Annotated[SecretStr | None, SharedSecret("it opens the border system", 8)] = Field(
        None, description="our token there, if it asks for one"
    )
    crossings_try_seconds: Annotated[float, AtLeast(0.5, "the border system would seem to be down")] = Field(
        2.0, gt=0, le=10, description="patience with one call: a person waits for the answer"
    )

    largest_upload_bytes: Annotated[int, AtLeast(1024 * 1024, "telephones make pictures of that size")] = Field(
        UPLOADS.largest_bytes, ge=1024, le=50 * 1024 * 1024, description="size of a picture"
    )
    upload_seconds: Annotated[int, AtLeast(3600, "slow lines need that long")] = Field(
        UPLOADS.under_way_seconds, ge=1, description="how long an upload may be under way"
    )
    sweep_seconds: Annotated[int, AtLeast(60, "the store would be asked too often")] = Field(
        UPLOADS.sweep_seconds, ge=1, description="how often forgotten files are looked for"
    )
    sweep_grace_seconds: Annotated[int, AtLeast(600, "a picture could go before its application names it")] = Field(
        UPLOADS.sweep_grace_seconds, ge=1, description="age from which a file nothing refers to is removed"
    )
    decodes_at_once: Annotated[int, Anything("bounded by memory; the field itself ends at 16")] = Field(
        UPLOADS.decodes_at_once, ge=1, le=16, description="pictures decoded at the same time"
    )

    papers_reading: Annotated[PapersReading, Anything("a small machine does without; officers look at papers then")] = (
        Field(PAPERS.reading, description="wanted: the process paper-reading reads papers; none: no machine does")
    )
    papers_unread: Annotated[
        PapersUnread | None, OneOfThese(("flagged",), "a picture of anything would pass, and no officer look at it")
    ] = Field(
        None,
        description="state of a good picture where papers_reading is none: accepted or flagged; without it flagged in "
        "production and accepted in a trial",
    )
    reading_seconds: Annotated[int, Between(15, 600, "a paper takes seconds, and somebody waits with the camera")] = (
        Field(PAPERS.reading_seconds, ge=1, le=600, description="a paper that is not read by then is flagged")
    )
    readers: Annotated[int, Anything("bounded by memory and cores; the field itself ends at 16")] = Field(
        PAPERS.readers, ge=1, le=16, description="papers read at the same time by one process paper-reading"
    )
    reading_most_of_account: Annotated[
        int, Between(10, 200, "one file has up to ten pages, and one account must not fill the readers' time")
    ] = Field(
        PAPERS.most_of_account,
        ge=1,
        le=500,
        description="pages of one account that are being read at a time; further ones are flagged for an officer",
    )
    clamd_socket: Annotated[str, Anything("every picture is decoded and written anew in any case")] = Field(
        "",
        pattern=r"^(/[^:]{1,100}|[A-Za-z0-9.-]{1,200}:[0-9]{1,5})?$",
        description="clamd's Unix socket, or host:port inside the network; without it nothing is scanned",
    )
    clamd_largest_bytes: Annotated[int, AtLeast(1024 * 1024, "most uploads would be flagged as not scanned")] = Field(
        UPLOADS.largest_scanned_bytes,
        ge=1024,
        description="largest file that ClamAV is given; not above its StreamMaxLength and MaxFileSize",
    )

    @property
    def pace(self) -> Pace:
        """How patiently the issuance system is asked."""
        return Pace(
            first_retry_seconds=self.hand_over_retry_seconds,
            longest_retry_seconds=self.hand_over_longest_retry_seconds,
            print_poll_seconds=self.print_poll_seconds,
            alert_grace_seconds=self.hand_over_alert_grace_seconds,
        )

    @property
    def paper_rules(self) -> PaperRules:
        """Return whether papers are read, and the time that a reading has."""
        return PaperRules(
            reading=self.papers_reading,
            unread=self.papers_unread or (PAPERS.unread if self.is_production else PapersUnread.ACCEPTED),
            reading_seconds=self.reading_seconds,
            readers=self.readers,
            most_of_account=self.reading_most_of_account,
        )

    @property
    def upload_rules(self) -> UploadRules:
        """Return the limits of uploads."""
        return UploadRules(
            largest_bytes=self.largest_upload_bytes,
            under_way_seconds=self.upload_seconds,
            sweep_seconds=self.sweep_seconds,
            sweep_grace_seconds=self.sweep_grace_seconds,
            decodes_at_once=self.decodes_at_once,
        )
