"""What goes in and out of identity over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.identity.accounts.service import AccountSeen
from services.identity.applicants.next_step import identity_progress
from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.service import ApplicantSeen
from services.identity.applicants.texts import REMEDIES, UNKNOWN, WARNINGS
from services.identity.sessions.service import Credentials
from services.identity.sign_in.challenge import Channel, Delivery
from services.identity.sign_in.service import ChallengeSeen
from shared.http.schema import Body, IsoDate, Query, View
from shared.masking import mask_nik

MAX_EMAIL_CHARS = 254  # RFC 5321, section 4.5.3.1.3
MAX_PHONE_CHARS = 32
MAX_TOKEN_CHARS = 512
MAX_PASSWORD_CHARS = 256

Identifier = Annotated[str, StringConstraints(min_length=3, max_length=MAX_EMAIL_CHARS)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=6, pattern=r"^[0-9]{6}$")]
ReasonCode = Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]{1,63}$")]
NikText = Annotated[str, StringConstraints(min_length=1, max_length=32)]
SexWord = Annotated[Sex, Field(strict=False)]
ChannelWord = Annotated[Channel, Field(strict=False)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
FamilyCardNumber = Annotated[str, StringConstraints(min_length=16, max_length=16, pattern=r"^[0-9]{16}$")]

_PROVE_BY = "Which address of before is to agree; without it the one that is replaced, else the one there is."


class Registration(Body):
    """An email address to be proven, and the language to be spoken with."""

    email: Identifier = Field(examples=["budi@example.org"])
    language: Literal["id", "en"] = "id"


class Login(Body):
    """An email address or a mobile number."""

    identifier: Identifier = Field(examples=["0812 3456 7890"])


class Verification(Body):
    """The six digits that were sent; for a change of address also those that went to the address of before."""

    code: Code = Field(examples=["042317"])
    old_code: Code | None = Field(None, examples=["912073"], description="Only for a change of address.")


class ResendQuery(Query):
    """``sms``: the new code is to go by SMS too, if the account has a number. The answer does not tell whether."""

    channel: ChannelWord | None = None


class PageLanguage(Query):
    """The language of a page; without it the browser's."""

    language: Literal["id", "en"] | None = None


class RefreshToken(Body):
    """A refresh token as it was given."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]


class StaffLogin(Body):
    """User name and password of a member of staff."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(examples=["front_officer"])
    password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD_CHARS)]


class PhoneChange(Body):
    """The new telephone number."""

    phone: Annotated[str, StringConstraints(min_length=3, max_length=MAX_PHONE_CHARS)] = Field(
        examples=["0812 3456 7890"]
    )
    prove_by: ChannelWord | None = Field(None, description=_PROVE_BY)


class EmailChange(Body):
    """The new email address."""

    email: Identifier = Field(examples=["budi@example.org"])
    prove_by: ChannelWord | None = Field(None, description=_PROVE_BY)


class ApplicantForm(Body):
    """What an applicant says about themselves, as on the identity card or birth certificate."""

    full_name: Name = Field(examples=["BUDI CONTOH SANTOSO"])
    nik: NikText = Field(examples=["3174011203880002"])
    birth_place: Place = Field(examples=["BANDUNG"])
    birth_date: IsoDate = Field(examples=["1988-03-12"])
    sex: SexWord
    family_card_number: FamilyCardNumber | None = None
    guardian_applicant_id: Id | None = None
    married: bool = False

    def particulars(self) -> Particulars:
        """The form without the guardian."""
        return Particulars(
            full_name=self.full_name,
            nik=self.nik,
            birth_place=self.birth_place,
            birth_date=self.birth_date,
            sex=self.sex,
            family_card_number=self.family_card_number,
            married=self.married,
        )


class PersonLookup(Body):
    """The NIK of somebody at the counter, and why it is looked up."""

    nik: NikText = Field(examples=["3174011203880002"])
    reason: ReasonCode = Field("step_counter", description="why, as a code; the audit keeps it")


class DeliveryView(View):
    """What is known of the code's way."""

    state: Delivery
    channel: Channel
    reason: str | None


class ChallengeView(View):
    """A code that is under way."""

    challenge_id: str
    channel: Channel
    sent_to: str = Field(description="Masked.", examples=["b***@example.org"])
    expires_at: datetime
    resend_after: datetime
    tries_left: int
    delivery: DeliveryView
    old_code_channel: Channel | None = Field(
        None, description="Of a change of address: the way of the second code, which went to an address of before."
    )

    @classmethod
    def of(cls, seen: ChallengeSeen) -> ChallengeView:
        """The view of a challenge."""
        challenge = seen.challenge
        code = challenge.code
        channel = challenge.address_channel  # whatever else was sent, to whomever, is not for the asker to know
        delivery = DeliveryView(state=challenge.delivery, channel=channel, reason=challenge.delivery_reason)
        return cls(
            challenge_id=seen.challenge_id,
            channel=channel,
            sent_to=seen.sent_to,
            expires_at=code.expires_at,
            resend_after=seen.resend_after,
            tries_left=code.tries_left,
            delivery=delivery,
            old_code_channel=challenge.proof.channel if challenge.proof is not None else None,
        )


class TokensView(View):
    """A pair of tokens; nobody but its owner ever sees it."""

    account_id: str
    role: str
    access_token: str
    refresh_token: str
    access_expires_at: datetime
    session_ends_at: datetime
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750: the scheme, no secret

    @classmethod
    def of(cls, credentials: Credentials) -> TokensView:
        """The view of credentials."""
        return cls(
            account_id=credentials.account_id,
            role=credentials.role.value,
            access_token=credentials.access_token,
            refresh_token=credentials.refresh_token,
            access_expires_at=credentials.access_expires_at,
            session_ends_at=credentials.session_ends_at,
        )


class AccountView(View):
    """The caller's account; addresses are masked."""

    account_id: str
    language: str
    registered_at: datetime
    email: str | None
    phone: str | None
    applicants: int
    sessions: int

    @classmethod
    def of(cls, seen: AccountSeen) -> AccountView:
        """The view of an account."""
        return cls(
            account_id=seen.account_id,
            language=seen.language,
            registered_at=seen.registered_at,
            email=seen.email,
            phone=seen.phone,
            applicants=seen.applicants,
            sessions=seen.sessions,
        )


class NoteView(View):
    """A cause or a warning with what to do about it, in both languages."""

    code: str
    field: str | None
    text: str
    text_id: str


class IdentityView(View):
    """How far the check with the civil registry has come."""

    state: Literal["pending", "passed", "failed", "upstream_down"]
    causes: list[str] = Field(description="Why it failed; stable codes.")
    remedies: list[NoteView] = Field(description="One for each cause.")
    warnings: list[NoteView] = Field(description="What is odd and does not stop.")
    failed_tries: int
    next_check_at: datetime | None


class ApplicantView(View):
    """Somebody the account speaks for."""

    applicant_id: str
    full_name: str
    nik: str = Field(description="Masked.", examples=["************0002"])
    birth_place: str
    birth_date: date
    sex: Sex
    family_card_number: str | None = Field(description="Masked.")
    married: bool
    minor: bool
    guardian_applicant_id: str | None
    person_id: str | None = Field(description="Stands for the NIK once the registry has confirmed it.")
    identity: IdentityView
    current_step: str
    remaining_steps: list[str]
    next_action: str
    next_action_id: str
    deadline: datetime | None

    @classmethod
    def of(cls, seen: ApplicantSeen) -> ApplicantView:
        """The view of an applicant."""
        said, applicant = seen.particulars, seen.applicant
        progress = identity_progress(applicant.identity.state)
        return cls(
            applicant_id=seen.applicant_id,
            full_name=said.full_name,
            nik=mask_nik(said.nik),
            birth_place=said.birth_place,
            birth_date=said.birth_date,
            sex=said.sex,
            family_card_number=mask_nik(said.family_card_number) if said.family_card_number else None,
            married=said.married,
            minor=applicant.minor,
            guardian_applicant_id=applicant.guardian_applicant_id,
            person_id=applicant.person_id,
            identity=_identity_view(seen),
            current_step=progress.current_step,
            remaining_steps=list(progress.remaining_steps),
            next_action=progress.next_action,
            next_action_id=progress.next_action_id,
            deadline=applicant.identity.check_at,
        )


class ApplicantsView(View):
    """All applicants of the account, oldest first."""

    applicants: list[ApplicantView]
    places_left: int


class PersonView(View):
    """The person whom the registry has confirmed under the NIK."""

    person_id: str


class JwkView(View):
    """One public key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class JwksView(View):
    """The public keys that tokens are checked with."""

    keys: list[JwkView]

    @classmethod
    def of(cls, jwks: dict[str, Any]) -> JwksView:
        """The view of a key set."""
        return cls.model_validate(jwks)


class AuthorizationServerView(View):
    """What a client may know of identity before it signs in (RFC 8414, section 2): what exists, and nothing else."""

    issuer: str = Field(description="What tokens carry as iss.", examples=["https://paspor.example.org"])
    jwks_uri: str
    response_types_supported: list[str] = Field(description="None: there is no authorization endpoint.")
    grant_types_supported: list[str] = Field(description="None: people sign in by one-time code or password.")
    access_token_signing_alg_values_supported: list[str]
    ui_locales_supported: list[str]
    service_documentation: str


def _identity_view(seen: ApplicantSeen) -> IdentityView:
    check = seen.applicant.identity
    remedies = [(code, REMEDIES.get(code, UNKNOWN)) for code in check.causes]
    warnings = [(code, WARNINGS.get(code, UNKNOWN)) for code in check.warnings]
    return IdentityView(
        state=check.state.value,
        causes=list(check.causes),
        remedies=[NoteView(code=code, field=text.field, text=text.en, text_id=text.id) for code, text in remedies],
        warnings=[NoteView(code=code, field=text.field, text=text.en, text_id=text.id) for code, text in warnings],
        failed_tries=len(check.failed_at),
        next_check_at=check.check_at,
    )
