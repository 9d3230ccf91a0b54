"""Request and answer bodies of second factors and of one's own account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from services.identity.field_types import MAX_TOKEN_CHARS, DeviceToken, Identifier
from services.identity.second_factors.book import SeenFactor
from services.identity.second_factors.enrolment import Enrolled, PasskeyOffered, TotpOffered
from services.identity.second_factors.factors import FactorKind, ResetRequest
from services.identity.second_factors.own_account import OwnAccountSeen
from services.identity.second_factors.resets import ResetSeen
from services.identity.second_factors.second_step import ShownFactor
from services.identity.sessions.session import Session
from services.identity.staff.member import StaffReason
from services.identity.staff.powers import Post, needs_second_factor, powers_of
from services.identity.staff.schemas import NewDeviceView
from shared.fields.numbers import OneTimeCode
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, Path, View
from shared.masking import mask_email

MAX_CREDENTIAL_CHARS = 8192
"""Of one member of a passkey's answer, base64url: keys and attestations of real devices stay below 4 KiB."""

FactorName = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
FactorId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
LoginToken = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]
RecoveryCode = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Base64Url = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_CREDENTIAL_CHARS, pattern=r"^[A-Za-z0-9_-]+={0,2}$")
]
Word = Annotated[str, StringConstraints(max_length=64)]


class FactorPath(Path):
    """The id of a second factor."""

    factor_id: FactorId


class _Credential(Body):
    """A member of a browser's answer, as ``PublicKeyCredential.toJSON()`` writes it; further members are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True, frozen=True)


class AttestationAnswer(_Credential):
    """The device's answer about a new passkey."""

    client_data_json: Base64Url = Field(alias="clientDataJSON")
    attestation_object: Base64Url


class AssertionAnswer(_Credential):
    """The device's answer at a sign-in."""

    client_data_json: Base64Url = Field(alias="clientDataJSON")
    authenticator_data: Base64Url
    signature: Base64Url
    user_handle: Base64Url | None = None


class NewCredential(_Credential):
    """A new passkey, as ``navigator.credentials.create`` gives it."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]
    response: AttestationAnswer


class UsedCredential(_Credential):
    """A passkey's answer, as ``navigator.credentials.get`` gives it."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]
    response: AssertionAnswer


class NewFactor(Body):
    """The name of a factor, by which its owner knows it."""

    name: FactorName = Field(examples=["telephone"])


class FirstCode(Body):
    """The code that the authenticator shows now."""

    code: OneTimeCode


class PasskeyConfirmation(Body):
    """The device's answer to the options."""

    credential: NewCredential

    def as_json(self) -> dict[str, Any]:
        """Return the answer as the browser wrote it."""
        return self.credential.model_dump(by_alias=True, exclude_none=True)


class SecondStepAnswer(Body):
    """A second factor after the right password: exactly one of code, recovery code and passkey."""

    login_token: LoginToken
    code: OneTimeCode | None = Field(None, description="Of the authenticator.")
    recovery_code: RecoveryCode | None = Field(None, description="One of the ten; it counts once.")
    passkey: UsedCredential | None = None
    device_token: DeviceToken | None = Field(None, description="As the last sign-in on this device gave it.")

    @model_validator(mode="after")
    def _has_one_factor(self) -> Self:
        if sum(factor is not None for factor in (self.code, self.recovery_code, self.passkey)) != 1:
            raise ValueError("exactly one of code, recovery_code and passkey is needed")
        return self

    def shown(self) -> ShownFactor:
        """Return the factor that is shown."""
        if self.passkey is not None:
            answer = self.passkey.model_dump(by_alias=True, exclude_none=True)
            return ShownFactor(FactorKind.PASSKEY, credential=answer)
        if self.code is not None:
            return ShownFactor(FactorKind.TOTP, self.code)
        return ShownFactor(FactorKind.RECOVERY_CODE, self.recovery_code or "")


class FactorView(View):
    """A second factor of one's own."""

    factor_id: str
    kind: FactorKind
    name: str
    added_at: datetime
    used_at: datetime | None

    @classmethod
    def from_seen(cls, seen: SeenFactor) -> FactorView:
        """Return the view of a factor."""
        return cls(
            factor_id=seen.factor_id, kind=seen.kind, name=seen.name, added_at=seen.added_at, used_at=seen.used_at
        )


class FactorListView(ListView):
    """One's own second factors, oldest first."""

    factors: list[FactorView]

    @classmethod
    def from_seen(cls, seen: tuple[SeenFactor, ...]) -> FactorListView:
        """Return the view of a list."""
        return cls(factors=[FactorView.from_seen(factor) for factor in seen])


class EnrolledView(View):
    """A factor that signs in from now on."""

    factor: FactorView
    recovery_codes: list[str] = Field(
        description="With the first factor, shown once: each signs in once where every factor is lost."
    )

    @classmethod
    def from_enrolled(cls, enrolled: Enrolled) -> EnrolledView:
        """Return the view of a factor and its recovery codes."""
        return cls(factor=FactorView.from_seen(enrolled.factor), recovery_codes=list(enrolled.recovery_codes))


class TotpOfferView(View):
    """A secret for an authenticator, to be confirmed by its first code."""

    factor_id: str
    secret: str = Field(description="Base32, for those who type it.")
    otpauth_uri: str
    qr_svg: str = Field(description="The same as a QR code, SVG.")

    @classmethod
    def from_offered(cls, offered: TotpOffered) -> TotpOfferView:
        """Return the view of a secret."""
        return cls(
            factor_id=offered.factor_id,
            secret=offered.secret,
            otpauth_uri=offered.otpauth_uri,
            qr_svg=offered.qr_svg,
        )


class PasskeyOfferView(View):
    """Options for a new passkey, to be confirmed by the device's answer."""

    factor_id: str
    options: dict[str, Any] = Field(description="For `navigator.credentials.create`.")

    @classmethod
    def from_offered(cls, offered: PasskeyOffered) -> PasskeyOfferView:
        """Return the view of options."""
        return cls(factor_id=offered.factor_id, options=dict(offered.options))


class RecoveryCodesView(View):
    """New recovery codes, shown once; those of before count no more."""

    recovery_codes: list[str]


class ResetRequestView(View):
    """A reset that waits for another person."""

    asked_by: str
    asked_at: datetime
    reason: Annotated[str, OneOf(StaffReason)]

    @classmethod
    def from_request(cls, request: ResetRequest) -> ResetRequestView:
        """Return the view of a request."""
        return cls(asked_by=request.asked_by, asked_at=request.asked_at, reason=request.reason)


class ResetView(View):
    """The second factors of another member: how many, and a reset that waits."""

    staff_id: str
    factor_count: int
    request: ResetRequestView | None

    @classmethod
    def from_seen(cls, seen: ResetSeen) -> ResetView:
        """Return the view of a member's factors."""
        request = ResetRequestView.from_request(seen.request) if seen.request is not None else None
        return cls(staff_id=seen.staff_id, factor_count=seen.factor_count, request=request)


class OwnEmail(Body):
    """The address that messages about one's own sign-ins are to go to, once its code is typed; null takes it away."""

    email: Identifier | None = Field(examples=["dewi.contoh@example.org"])


class EmailCode(Body):
    """The code that was sent to the address."""

    code: OneTimeCode


class DeviceReview(Body):
    """Whether the sign-ins on new devices were one's own."""

    are_mine: bool


class OwnSessionView(View):
    """A session of one's own."""

    session_id: str
    started_at: datetime
    ends_at: datetime
    is_this_one: bool
    proven_by: str = Field(description="Kind of the second factor that opened it; empty without one.")

    @classmethod
    def from_session(cls, session: Session, own_id: str) -> OwnSessionView:
        """Return the view of a session."""
        return cls(
            session_id=session.id,
            started_at=session.started_at,
            ends_at=session.ends_at,
            is_this_one=session.id == own_id,
            proven_by=session.proven_by,
        )


class OwnAccountView(View):
    """A member's own account."""

    staff_id: str
    username: str
    full_name: str | None = Field(description="None for demo staff.")
    email_masked: str | None
    owes_email_proof: bool = Field(description="The address is not proven, so nothing is sent there: name it again.")
    waiting_email_masked: str | None = Field(description="An address that takes its place once its code is typed.")
    role: Annotated[str, OneOf(Post)]
    office_id: str | None
    offices: tuple[str, ...] = Field(description="That a treasurer serves; `all` is every one.")
    powers: list[str] = Field(description="Over other staff, as codes.", examples=[["hire_front_officer"]])
    needs_second_factor: bool = Field(description="Whether this role signs in with one only.")
    factors: list[FactorView]
    recovery_codes_left: int
    wrong_codes: int = Field(
        description="Wrong second codes since `wrong_codes_since` from unknown devices: somebody may know the password."
    )
    wrong_codes_since: datetime | None
    sessions: list[OwnSessionView]
    new_devices: list[NewDeviceView] = Field(description="Sign-ins that wait for your review.")
    password_set_at: datetime | None
    password_age_days: int | None

    @classmethod
    def from_seen(cls, seen: OwnAccountSeen, own_session_id: str, is_needed: bool, for_all: bool) -> OwnAccountView:
        """Return the view of a member's own account; ``is_needed`` and ``for_all`` are settings."""
        staff, set_at = seen.staff, seen.staff.password_set_at
        return cls(
            staff_id=seen.staff_id,
            username=staff.username,
            full_name=seen.full_name,
            email_masked=mask_email(seen.email) if seen.email is not None else None,
            owes_email_proof=staff.owes_email_proof,
            waiting_email_masked=mask_email(seen.waiting_email) if seen.waiting_email is not None else None,
            role=staff.role,
            office_id=staff.office_id,
            offices=staff.offices,
            powers=list(powers_of(Post(staff.role))),
            needs_second_factor=needs_second_factor(Post(staff.role), is_needed, for_all),
            factors=[FactorView.from_seen(factor) for factor in seen.seen_factors],
            recovery_codes_left=len(seen.factors.recovery_codes),
            wrong_codes=seen.factors.wrong_codes,
            wrong_codes_since=seen.factors.wrong_since,
            sessions=[OwnSessionView.from_session(session, own_session_id) for session in seen.sessions],
            new_devices=[NewDeviceView.from_new_device(device) for device in staff.new_devices],
            password_set_at=set_at,
            password_age_days=(seen.seen_at - set_at).days if set_at is not None else None,
        )
