"""Settings of scheduling; every duration has its real default and may be shrunk for a demonstration."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, model_validator

from services.scheduling.openings.admission import AdmissionRules
from services.scheduling.openings.opening import OpeningRules
from services.scheduling.quota.change import FourEyes
from services.scheduling.rules import Rules
from shared.crypto.keyring import Keyring
from shared.production import Anything, AtLeast, AtMost, TrialOnly
from shared.settings import KeyringText, ServiceSettings

_DAY_SECONDS = 86_400
_KEYS_HINT = "keys as k1:BASE64_OF_32_BYTES[,k0:...], the current one first; one key: openssl rand -base64 32"
_DEFAULT = Rules()
_FOUR_EYES = FourEyes()
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_OPENING = OpeningRules()


class Settings(ServiceSettings):
    """Settings of the process, read from the environment."""

    http_port: int = Field(8103, ge=0, le=65535, description="the port to listen on; 0 takes a free one")
    database: str = Field(
        "paspor_scheduling",
        min_length=1,
        max_length=38,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="the service's own database",
    )
    queue_code_signing_keys: KeyringText = Field(description=_KEYS_HINT)
    four_eyes_seats: Annotated[int, AtMost(1000, "two administrators guard against a slip and a bribe")] = Field(
        _FOUR_EYES.seats, ge=0, le=100_000, description="quota changes of more seats need a second administrator"
    )
    four_eyes_percent: Annotated[int, AtMost(100, "two administrators guard against a slip and a bribe")] = Field(
        _FOUR_EYES.percent, ge=0, le=100_000, description="and so do changes of more than this share of the seats"
    )
    four_eyes_least_seats: Annotated[int, AtMost(50, "two administrators guard against a slip and a bribe")] = Field(
        _FOUR_EYES.least_seats, ge=0, le=100_000, description="changes of at most so many seats never do by their share"
    )
    horizon_days: Annotated[int, AtLeast(7, "people need days to choose from")] = Field(
        14, ge=1, le=62, description="for how many days sessions are opened ahead"
    )
    hold_seconds: Annotated[int, AtLeast(120, "a bill is asked for meanwhile")] = Field(
        _DEFAULT.hold_seconds, ge=1, le=3600
    )
    claim_seconds: Annotated[int, AtLeast(5, "a slow write would lose its seat")] = Field(
        _DEFAULT.claim_seconds, ge=1, le=300
    )
    long_stop_seconds: Annotated[int, AtLeast(6 * 3600, "somebody would be alerted while bills are alive")] = Field(
        _DEFAULT.long_stop_seconds, ge=60, le=7 * _DAY_SECONDS
    )
    offer_seconds: Annotated[int, AtLeast(3600, "people need time to answer")] = Field(
        _DEFAULT.offer_seconds, ge=1, le=7 * _DAY_SECONDS
    )
    late_offer_days: Annotated[int, AtLeast(7, "late money would find no seat")] = Field(
        _DEFAULT.late_offer_days, ge=0, le=62
    )
    booking_closes_seconds: Annotated[int, AtLeast(3600, "a code and its grace would outlive the session")] = Field(
        _DEFAULT.booking_closes_seconds, ge=0, le=7 * _DAY_SECONDS
    )
    cooling_min_seconds: Annotated[int, AtLeast(30, "a freed seat could be passed to a friend")] = Field(
        _DEFAULT.cooling_min_seconds, ge=0, le=_DAY_SECONDS
    )
    cooling_max_seconds: Annotated[int, AtLeast(120, "a freed seat could be passed to a friend")] = Field(
        _DEFAULT.cooling_max_seconds, ge=0, le=_DAY_SECONDS
    )
    no_show_grace_seconds: Annotated[int, AtLeast(600, "people at the counter would count as missed")] = Field(
        _DEFAULT.no_show_grace_seconds, ge=0, le=_DAY_SECONDS
    )
    moves_max: Annotated[int, Anything("decided by each country; the field itself ends at ten")] = Field(
        _DEFAULT.moves_max, ge=0, le=10
    )
    move_within_days: Annotated[int, AtLeast(7, "there would be no date to move to")] = Field(
        _DEFAULT.move_within_days, ge=1, le=365
    )
    move_seconds: Annotated[int, AtLeast(5, "a slow write would lose its seat")] = Field(
        _DEFAULT.move_seconds, ge=1, le=300
    )
    leave_seconds: Annotated[int, AtLeast(2, "a slow write would be done twice")] = Field(
        _DEFAULT.leave_seconds, ge=1, le=300
    )
    waiting_offer_seconds: Annotated[int, AtLeast(300, "people need time to answer")] = Field(
        _DEFAULT.waiting_offer_seconds, ge=1, le=_DAY_SECONDS
    )
    waiting_offer_min_seconds: Annotated[int, AtLeast(60, "people need time to answer")] = Field(
        _DEFAULT.waiting_offer_min_seconds, ge=0, le=_DAY_SECONDS
    )
    party_seconds: Annotated[int, AtLeast(5, "a slow write would lose its seats")] = Field(
        _DEFAULT.party_seconds, ge=1, le=300
    )
    limits_scale: Annotated[int, AtMost(1, "hoarders would be let through")] = Field(
        1, ge=1, le=1_000_000, description="what the limits against hoarding are multiplied with; 1 but for load tests"
    )
    special_seconds: Annotated[int, AtLeast(86_400, "people need days to choose")] = Field(
        _DEFAULT.special_seconds, ge=1, le=400 * _DAY_SECONDS
    )
    special_ask_seconds: Annotated[int, AtLeast(86_400, "people need days to ask")] = Field(
        _DEFAULT.special_ask_seconds, ge=0, le=400 * _DAY_SECONDS
    )
    special_max: Annotated[int, Anything("decided by each country; the field itself ends at ten")] = Field(
        _DEFAULT.special_max, ge=0, le=10
    )
    same_day_request_until: str = Field(
        _DEFAULT.same_day_request_until, pattern=_CLOCK, description="HH:MM in Jakarta: same-day seats until then"
    )
    same_day_pay_until: str = Field(
        _DEFAULT.same_day_pay_until, pattern=_CLOCK, description="HH:MM in Jakarta: same-day seats are paid before"
    )
    day_sheet_at: str = Field(
        "19:00", pattern=_CLOCK, description="HH:MM on the office's clock: when the sheet of tomorrow is made"
    )
    check_in_early_minutes: Annotated[int, Anything("how early people may come is decided by each office")] = Field(
        _DEFAULT.check_in_early_minutes, ge=0, le=24 * 60
    )
    check_in_any_day: Annotated[bool, TrialOnly("visitors come on the day that they booked")] = Field(
        _DEFAULT.check_in_any_day, description="true lets visitors check in on any day; not in production"
    )

    opening_doors_shortest_seconds: Annotated[int, AtLeast(60, "being there would be a race")] = Field(
        _OPENING.doors_shortest_seconds, ge=1, le=_DAY_SECONDS
    )
    opening_settle_seconds: Annotated[int, AtLeast(2, "clocks differ by a second")] = Field(
        _OPENING.settle_seconds, ge=1, le=60
    )
    opening_reveal_seconds: Annotated[int, AtLeast(5, "nobody could write the root down before the order is known")] = (
        Field(_OPENING.reveal_seconds, ge=0, le=3600)
    )
    opening_seconds: Annotated[int, AtLeast(600, "the line would end before it was served")] = Field(
        _OPENING.opening_seconds, ge=60, le=7 * _DAY_SECONDS
    )
    opening_admission_seconds: Annotated[int, AtLeast(60, "people need time to choose a seat")] = Field(
        _OPENING.admission.admission_seconds, ge=10, le=3600
    )
    opening_room_smallest: Annotated[int, Anything("how many a deployment serves is measured, not ruled")] = Field(
        _OPENING.admission.room_smallest, ge=1, le=100_000
    )
    opening_room_largest: Annotated[int, Anything("how many a deployment serves is measured, not ruled")] = Field(
        _OPENING.admission.room_largest, ge=1, le=100_000
    )
    opening_a_second_most: Annotated[int, Anything("how many a deployment serves is measured, not ruled")] = Field(
        _OPENING.admission.a_second_most, ge=1, le=10_000
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.cooling_max_seconds < self.cooling_min_seconds:
            raise ValueError("PASPOR_COOLING_MAX_SECONDS is below PASPOR_COOLING_MIN_SECONDS")
        return self

    def four_eyes(self) -> FourEyes:
        """Return the limits above which a second administrator must agree."""
        return FourEyes(self.four_eyes_seats, self.four_eyes_percent, self.four_eyes_least_seats)

    def rules(self) -> Rules:
        """Return the rules that the settings make."""
        values: dict[str, Any] = {name: getattr(self, name) for name in Rules.__dataclass_fields__}
        return Rules(**values)

    def opening_rules(self) -> OpeningRules:
        """Return the rules of openings that the settings make."""
        return OpeningRules(
            doors_shortest_seconds=self.opening_doors_shortest_seconds,
            settle_seconds=self.opening_settle_seconds,
            reveal_seconds=self.opening_reveal_seconds,
            opening_seconds=self.opening_seconds,
            admission=AdmissionRules(
                admission_seconds=self.opening_admission_seconds,
                room_smallest=self.opening_room_smallest,
                room_largest=max(self.opening_room_smallest, self.opening_room_largest),
                a_second_most=self.opening_a_second_most,
            ),
        )

    def queue_code_keyring(self) -> Keyring:
        """Return the keys that queue codes are signed with."""
        secret: SecretStr = self.queue_code_signing_keys
        return Keyring.parse(secret.get_secret_value())
