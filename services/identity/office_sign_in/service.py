"""Signing in through an office's own OpenID Connect provider: the browser goes there, comes back, and takes tokens.

The provider's word opens an account that is there and linked; it never makes one. Everything that a provider or a
browser sends is checked, and every sign-in comes back and is claimed once.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from services.identity.context import NOBODY, Actor, UseCaseContext
from services.identity.office_sign_in import errors
from services.identity.office_sign_in import link as links
from services.identity.office_sign_in import returned as returns
from services.identity.office_sign_in.attempt import SignInAttempt, SignInCookies
from services.identity.office_sign_in.errors import (
    OfficeAnswerNotTrusted,
    OfficeLinkAwaitsApproval,
    OfficeNotSpokenFor,
    OfficeProviderUnknown,
    OfficeSignInDenied,
    OfficeSignInOver,
    OfficeUserLinkedAlready,
    OfficeUserNotLinked,
    SecondFactorNotProved,
)
from services.identity.office_sign_in.id_token import Expected, IdTokenWrong, ProvedUser, check_id_token, read_key_id
from services.identity.office_sign_in.link import OfficeLink, OfficeLinkState
from services.identity.office_sign_in.provider import (
    OfficeProvider,
    ProviderState,
    ProviderTerms,
    proves_second_factor,
)
from services.identity.office_sign_in.provider_client import ProviderClient, Redemption
from services.identity.office_sign_in.provider_session import ProviderSession
from services.identity.office_sign_in.repository import OFFICE_LINK, RETURNED, OfficeSignInRepository
from services.identity.office_sign_in.returned import ReturnedSignIn, ReturnStage
from services.identity.office_sign_in.vault import OfficeSignInVault
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.devices import Visitor
from services.identity.sessions.session import NewDevice, OfficeWord
from services.identity.staff import member as members
from services.identity.staff import member_transitions as staff_rules
from services.identity.staff.errors import StaffNotInService, StaffSuspended
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.ports import SecondFactorCheck, SecondStep
from services.identity.staff.powers import Post
from services.identity.staff.repository import StaffRepository
from services.identity.staff.sign_in import caller_of
from services.identity.staff.states import StaffState
from services.identity.staff.vault import StaffVault
from shared.audit import Audit
from shared.audit.entries import REFUSED
from shared.errors import NotKnownYet, Refusal
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again
from shared.tokens import Caller

SIGN_IN_SECONDS: Final = 600
"""Life of a sign-in from its beginning to its tokens: password and second factor are typed at the office meanwhile."""

CLAIM_SECONDS: Final = 120
"""How long the tokens wait for the browser that has come back: the program beside it asks every second or two."""

RELINK_AUTHENTICATION_SECONDS: Final = SIGN_IN_SECONDS
"""Age of the authentication at the provider by which a link is asked for: the one that this very sign-in asked for,
not what a colleague left open on the counter's computer."""

SECRET_BYTES: Final = 32

LINKED_BY_USER_NAME: Final = frozenset({Post.FRONT_OFFICER, Post.INTERVIEWER})
"""Posts that a user name alone may link. Heads of offices agree to links, so an operator agrees to theirs."""

PROVEN_BY_OFFICE: Final = "office_provider"
"""The second factor of a session, where the office's provider has proved one."""

OFFICE_LINK_ASKED: Final = "office_link_asked"
OFFICE_LINK_MADE: Final = "office_link_made"


@dataclass(frozen=True)
class BegunSignIn:
    """A sign-in that was begun: where the browser goes, and the cookie that it takes along."""

    authorization_url: str = field(repr=False)
    cookie: str = field(repr=False)
    until: datetime


@dataclass(frozen=True)
class BrowserReturn:
    """The parameters that a provider sends the browser back with."""

    state: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    issuer: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class ShownProvider:
    """A provider on the page that lists them."""

    provider_id: str
    name: str


_REFUSED: Final[Mapping[str, Callable[[], Refusal]]] = {
    refusal.code: refusal
    for refusal in (
        OfficeAnswerNotTrusted,
        OfficeLinkAwaitsApproval,
        OfficeNotSpokenFor,
        errors.OfficeProviderDown,
        OfficeProviderUnknown,
        OfficeSignInDenied,
        OfficeUserLinkedAlready,
        OfficeUserNotLinked,
        SecondFactorNotProved,
        StaffNotInService,
        StaffSuspended,
    )
}
"""The refusals that end a sign-in, by the code that is kept of them."""


class OfficeSignIns:
    """The use cases of signing in through a provider."""

    def __init__(
        self,
        context: UseCaseContext,
        credentials: CredentialIssuer,
        passwords: StaffPasswords,
        audit: Audit,
        client: ProviderClient,
        second_factors: SecondFactorCheck,
    ) -> None:
        self._context = context
        self._repository = OfficeSignInRepository(context)
        self._vault = OfficeSignInVault(context.seals)
        self._staff = StaffRepository(context)
        self._credentials = credentials
        self._passwords = passwords
        self._audit = audit
        self._client = client
        self._second_factors = second_factors
        self._staff_vault = StaffVault(context.seals)
        self._cookies = SignInCookies(context.settings.fingerprint_keyring())

    async def list_providers(self) -> list[ShownProvider]:
        """Return the providers that sign staff in now, by name."""
        found = await self._repository.providers((ProviderState.ACTIVE,))
        named = [ShownProvider(record.id, record.state.terms.name) for record in found if record.state.terms]
        return sorted(named, key=lambda provider: provider.name)

    async def begin(self, provider_id: str) -> BegunSignIn:
        """Return the way to the provider, for a sign-in.

        Raises:
            OfficeProviderUnknown, OfficeProviderDown.
        """
        return await self._begin(provider_id, "")

    async def begin_link(self, caller: Caller, provider_id: str) -> BegunSignIn:
        """Return the way to the provider, for a member who has signed in with their password and wants to be linked.

        Raises:
            OfficeProviderUnknown, OfficeProviderDown.
            OfficeNotSpokenFor: the provider does not speak for their office.
            OfficeUserLinkedAlready: they have a link at a provider that speaks for it.
        """
        _, provider = await self._active(provider_id)
        if not provider.speaks_for(caller.office_id):
            raise OfficeNotSpokenFor()
        link = await self._repository.link_of_member(caller.account_id)
        if link is not None and not await self._is_left_behind(link.state, caller.office_id):
            raise OfficeUserLinkedAlready()
        return await self._begin(provider_id, caller.account_id)

    async def come_back(self, cookie: str | None, provider_id: str, sent: BrowserReturn) -> OfficeLink:
        """Return the link that the provider's word proves, asked for or made; the sign-in's tokens can be claimed now.

        Raises:
            OfficeSignInOver: it was not begun in this browser, or has come back already.
            OfficeAnswerNotTrusted, OfficeSignInDenied, OfficeProviderUnknown, OfficeProviderDown, OfficeUserNotLinked,
            OfficeLinkAwaitsApproval, OfficeUserLinkedAlready, OfficeNotSpokenFor, SecondFactorNotProved,
            StaffSuspended, StaffNotInService: it does not sign anybody in; the same refusal answers the claim.
        """
        attempt = self._read(cookie, provider_id)
        if not hmac.compare_digest(attempt.state.encode(), sent.state.encode("utf-8", "replace")):
            raise OfficeSignInOver()
        returned = await self._use_up(attempt)
        try:
            link, user, proved_second_factor = await self._prove(attempt, sent)
        except Refusal as refused:
            await self._note_refusal(attempt, refused)
            await self._save(returned, returns.refuse_return(returned.state, refused.code))
            raise
        if not attempt.staff_id:
            now = self._context.now()
            until = min(attempt.until, now + timedelta(seconds=CLAIM_SECONDS))
            word = OfficeWord(link.id, now, await self._keep_sid(link, user))
            proved = returns.prove_return(returned.state, word, until, proved_second_factor=proved_second_factor)
            await self._save(returned, proved)
        return link.state

    async def claim(self, cookie: str | None, provider_id: str, visitor: Visitor) -> Credentials | SecondStep:
        """Return the tokens of the sign-in that began in this browser, once; where the provider has proved no second
        factor the step that is due with one of the member's own.

        Raises:
            NotKnownYet: the browser has not come back yet.
            OfficeSignInOver: it is over, its tokens were taken, or it asked for a link.
            The refusal that ended it (:meth:`come_back`), and those of a member whose state has changed since.
        """
        attempt = self._read(cookie, provider_id)
        if attempt.staff_id:
            raise OfficeSignInOver()
        record = await self._context.store.get(RETURNED, attempt.id)
        if record is None or record.state.stage is ReturnStage.RETURNED:
            raise NotKnownYet()
        returned = record.state
        if returned.stage is ReturnStage.REFUSED:
            raise _REFUSED.get(returned.refusal, OfficeSignInOver)()
        word = returned.word
        if word is None or not returned.can_be_claimed(self._context.now()):
            raise OfficeSignInOver()
        await self._save(record, returns.claim_return(returned))
        if returned.proved_second_factor:
            return await self.let_in(word, visitor, PROVEN_BY_OFFICE)
        member, _ = await self._ready_member(word)
        is_known = self._passwords.known_device(member, visitor) is not None
        step = await self._second_factors.next_step(member.id, member.state, word, on_known_device=is_known)
        if step is None:
            raise SecondFactorNotProved()
        return step

    async def let_in(self, word: OfficeWord, visitor: Visitor, proven_by: str) -> Credentials:
        """Return the tokens of a new session on the provider's word; ``proven_by`` is the second factor that was shown.

        Raises:
            OfficeSignInOver: the provider has said since that the user has left.
            OfficeUserNotLinked, OfficeProviderUnknown, OfficeNotSpokenFor, StaffSuspended, StaffNotInService.
        """
        return await again(lambda: self._let_in(word, visitor, proven_by))

    # There

    async def _begin(self, provider_id: str, staff_id: str) -> BegunSignIn:
        terms, provider = await self._active(provider_id)
        document = await self._client.describe(provider.issuer)
        until = self._context.now().replace(microsecond=0) + timedelta(seconds=SIGN_IN_SECONDS)
        secret = self._context.randomness.token(SECRET_BYTES)
        attempt = SignInAttempt(self._context.ids.new(), secret, provider_id, staff_id, until)
        query = {
            "response_type": "code",
            "client_id": terms.client_id,
            "redirect_uri": self.redirect_uri(provider_id),
            "scope": "openid profile" if terms.links_by_user_name else "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": "S256",
            "max_age": str(self._oldest_seconds(attempt)),
        }
        if staff_id:
            query["prompt"] = "login"
        if terms.acr_values:
            query["acr_values"] = " ".join(terms.acr_values)
        url = f"{document.authorization_endpoint}?{urlencode(query)}"
        return BegunSignIn(url, self._cookies.make(attempt), until)

    async def _active(self, provider_id: str) -> tuple[ProviderTerms, OfficeProvider]:
        record = await self._repository.provider(provider_id)
        if record is None or record.state.state is not ProviderState.ACTIVE or record.state.terms is None:
            raise OfficeProviderUnknown()
        return record.state.terms, record.state

    def redirect_uri(self, provider_id: str) -> str:
        """The one address of this provider: an answer of another one (a mix-up) arrives elsewhere."""
        return f"{self._address(provider_id)}/callback"

    def backchannel_logout_uri(self, provider_id: str) -> str:
        """The address to which this provider sends logout tokens."""
        return f"{self._address(provider_id)}/back-channel-logout"

    def _address(self, provider_id: str) -> str:
        return f"{self._context.settings.public_url.rstrip('/')}/v1/staff/office-sign-in/{provider_id}"

    def _oldest_seconds(self, attempt: SignInAttempt) -> int:
        """How long ago the user may have authenticated to the provider: as long as a session of staff lives here."""
        if attempt.staff_id:
            return RELINK_AUTHENTICATION_SECONDS
        return self._context.settings.session_rules.staff_session_seconds

    # And back

    def _read(self, cookie: str | None, provider_id: str) -> SignInAttempt:
        attempt = self._cookies.read(cookie, self._context.now())
        if attempt is None or attempt.provider_id != provider_id:
            raise OfficeSignInOver()
        return attempt

    async def _use_up(self, attempt: SignInAttempt) -> Record[ReturnedSignIn]:
        """Note that the sign-in has come back, before its code is redeemed: of two that come at once one goes on."""
        returned = ReturnedSignIn(ReturnStage.RETURNED, kept_until=attempt.until)
        try:
            return await self._context.store.insert(RETURNED, attempt.id, returned, now=self._context.now())
        except AlreadyExists:
            raise OfficeSignInOver() from None

    async def _prove(self, attempt: SignInAttempt, sent: BrowserReturn) -> tuple[Record[OfficeLink], ProvedUser, bool]:
        """Return the link of the user whom the provider proves, the user, and whether it proved a second factor."""
        terms, provider = await self._active(attempt.provider_id)
        document = await self._client.describe(provider.issuer)
        must_name_issuer = document.authorization_response_iss_parameter_supported
        if sent.issuer != provider.issuer and (sent.issuer is not None or must_name_issuer):
            raise OfficeAnswerNotTrusted(reason="issuer")
        if sent.code is None or sent.error is not None:
            raise OfficeSignInDenied()
        user = await self._redeem(attempt, sent.code, terms, provider)
        if attempt.staff_id:
            return await self._ask_link(attempt, user, provider), user, False
        link = await self._find_link(attempt, user, terms, provider)
        proved_second_factor = proves_second_factor(terms, user.acr, user.amr)
        if not proved_second_factor and not await self._second_factors.is_enrolled(link.state.staff_id):
            raise SecondFactorNotProved()
        return link, user, proved_second_factor

    async def _redeem(
        self, attempt: SignInAttempt, code: str, terms: ProviderTerms, provider: OfficeProvider
    ) -> ProvedUser:
        redemption = Redemption(
            code=code,
            code_verifier=attempt.code_verifier,
            redirect_uri=self.redirect_uri(attempt.provider_id),
            client_id=terms.client_id,
            client_secret=self._vault.open_client_secret(terms.client_secret, attempt.provider_id),
        )
        id_token = await self._client.redeem(provider.issuer, redemption)
        now = self._context.now()
        expected = Expected(
            issuer=provider.issuer,
            client_id=terms.client_id,
            nonce=attempt.nonce,
            user_claim=terms.user_claim,
            authenticated_since=now - timedelta(seconds=self._oldest_seconds(attempt)),
        )
        try:
            algorithm, key_id = read_key_id(id_token, terms.algorithms)
            key = await self._client.find_key(provider.issuer, algorithm, key_id)
            if key is None:
                raise IdTokenWrong("key")
            return check_id_token(id_token, key, algorithm, expected, now)
        except IdTokenWrong as wrong:
            raise OfficeAnswerNotTrusted(reason=wrong.reason) from None

    async def _find_link(
        self, attempt: SignInAttempt, user: ProvedUser, terms: ProviderTerms, provider: OfficeProvider
    ) -> Record[OfficeLink]:
        """Return the link by which this user signs in.

        Raises:
            OfficeUserNotLinked, OfficeLinkAwaitsApproval, OfficeNotSpokenFor, StaffSuspended, StaffNotInService.
        """
        subjects = self._vault.subjects(attempt.provider_id, user.subject)
        link = await self._repository.link_of_subject(subjects)
        if link is None and terms.links_by_user_name and user.user_name is not None:
            link = await self._link_by_user_name(attempt.provider_id, user.subject, user.user_name, provider)
        if link is None:
            raise OfficeUserNotLinked()
        if link.state.state is not OfficeLinkState.LINKED:
            raise OfficeLinkAwaitsApproval()
        _refuse_unready(await self._staff.staff(link.state.staff_id), provider)
        return await self._with_subject(link, user.subject)

    async def _with_subject(self, link: Record[OfficeLink], subject: str) -> Record[OfficeLink]:
        """Keep the subject of a link that was made before it was kept, or under keys of before."""
        if link.state.subject_sealed is not None and self._vault.is_link_current(link.state):
            return link
        again = self._vault.with_subject(link.id, link.state, subject)
        try:
            return await self._context.store.save(OFFICE_LINK, link, again, now=self._context.now())
        except VersionConflict:
            return link

    async def _link_by_user_name(
        self, provider_id: str, subject: str, user_name: str, provider: OfficeProvider
    ) -> Record[OfficeLink] | None:
        """Return the link, made now, of the member hired under this user name who never had one; else None."""
        if not user_name.isascii():
            return None  # a letter that only looks like one of ours, as the Kelvin sign, is made the same by lower()
        member = await self._staff.staff_named(user_name.strip().lower())
        if member is None or not provider.speaks_for(member.state.office_id):
            return None
        staff = member.state
        may_be_linked = staff.state in (StaffState.INVITED, StaffState.ACTIVE) and staff.role in LINKED_BY_USER_NAME
        if not may_be_linked or await self._repository.had_link(member.id):
            return None
        await self._audit.note(actor(member.id, staff), OFFICE_LINK_MADE, subject=member.id, detail=provider_id)
        return await self._insert_link(provider_id, member.id, staff, subject, OfficeLinkState.LINKED)

    async def _ask_link(self, attempt: SignInAttempt, user: ProvedUser, provider: OfficeProvider) -> Record[OfficeLink]:
        """Return the link of a member who has proven both sides; who administers them has to agree."""
        member = await self._staff.staff(attempt.staff_id)
        if member is None or member.state.state is not StaffState.ACTIVE:
            raise StaffNotInService()
        if not provider.speaks_for(member.state.office_id):
            raise OfficeNotSpokenFor()
        who = actor(member.id, member.state)
        await self._end_left_behind(attempt, member)
        await self._audit.note(who, OFFICE_LINK_ASKED, subject=member.id, detail=attempt.provider_id)
        asked = OfficeLinkState.ASKED
        return await self._insert_link(attempt.provider_id, member.id, member.state, user.subject, asked)

    async def _is_left_behind(self, link: OfficeLink, office_id: str | None) -> bool:
        """Return whether the link is of an office that the member does not belong to any more."""
        record = await self._repository.provider(link.provider_id)
        return record is not None and office_id not in (record.state.terms.offices if record.state.terms else ())

    async def _end_left_behind(self, attempt: SignInAttempt, member: Record[Staff]) -> None:
        """End the link that a member who was moved has at the provider of their old office; the new head cannot see
        it.
        """
        old = await self._repository.link_of_member(member.id)
        if old is not None and await self._is_left_behind(old.state, member.state.office_id):
            ended = links.end_link(old.state, member.id, attempt.id)
            await self._context.store.save(OFFICE_LINK, old, ended, now=self._context.now())

    async def _insert_link(
        self, provider_id: str, staff_id: str, staff: Staff, subject: str, state: OfficeLinkState
    ) -> Record[OfficeLink]:
        now, link_id = self._context.now(), self._context.ids.new()
        link = links.OfficeLink(provider_id, staff_id, staff.office_id or "", (), state, now)
        try:
            return await self._context.store.insert(
                OFFICE_LINK, link_id, self._vault.with_subject(link_id, link, subject), now=now
            )
        except AlreadyExists:
            raise OfficeUserLinkedAlready() from None

    async def _keep_sid(self, link: Record[OfficeLink], user: ProvedUser) -> str:
        """Return the fingerprint of the user's session at the provider, by which it may say that they have left."""
        if user.sid is None:
            return ""
        sid = self._vault.sids(link.state.provider_id, user.sid)[0]
        lives = timedelta(seconds=SIGN_IN_SECONDS + self._context.settings.session_rules.staff_session_seconds)
        await self._repository.keep_provider_session(sid, ProviderSession(link.id, self._context.now() + lives))
        return sid

    # In

    async def _ready_member(self, word: OfficeWord) -> tuple[Record[Staff], str]:
        """Return the member of staff whom this word lets in, as they stand now, and the id of its provider.

        The link and its provider are read after the member: whatever ends them is written before the member is, so a
        session that is begun on what was read here meets that write as a conflict.

        Raises:
            OfficeUserNotLinked, OfficeSignInOver, OfficeProviderUnknown, OfficeNotSpokenFor, StaffSuspended,
            StaffNotInService.
        """
        link = await self._linked(word)
        member = await self._staff.staff(link.staff_id)
        link = await self._linked(word)
        _, provider = await self._active(link.provider_id)
        return _refuse_unready(member, provider), link.provider_id

    async def _linked(self, word: OfficeWord) -> OfficeLink:
        record = await self._repository.link(word.link_id)
        if record is None or record.state.state is not OfficeLinkState.LINKED:
            raise OfficeUserNotLinked()
        if not record.state.believes(word):
            raise OfficeSignInOver()
        return record.state

    async def _let_in(self, word: OfficeWord, visitor: Visitor, proven_by: str) -> Credentials:
        """Return tokens for the member of the link, which is looked at again: it may have ended since the return."""
        member, provider_id = await self._ready_member(word)
        now, staff = self._context.now(), member.state
        device, source = self._passwords.known_device(member, visitor), self._passwords.source(member, visitor)
        session = self._credentials.start_of_staff(
            self._context.ids.new(),
            device_id=device.id if device is not None else "",
            proven_by=proven_by,
            by_office=word,
        )
        is_new = device is None and staff.signed_in_at is not None
        told = NewDevice(session.id, now) if is_new else None
        sessions = self._credentials.add(staff.sessions, session)
        welcome = staff_rules.let_in_by_office(members.let_in(staff, sessions, now, source, told), sessions, now)
        notice = self._staff_vault.sign_in_notice(member.id, staff, now, self._context.settings) if is_new else None
        await self._staff.save_staff(member, welcome, now, [notice] if notice is not None else [])
        await self._audit.note(
            actor(member.id, welcome), StaffAct.SIGNED_IN, subject=member.id, detail=f"office_provider:{provider_id}"
        )
        credentials = self._credentials.staff_credentials(caller_of(member.id, welcome, session), session)
        return replace(credentials, new_devices=staff.new_devices, owes_email_proof=staff.owes_email_proof)

    async def _note_refusal(self, attempt: SignInAttempt, refused: Refusal) -> None:
        who = Actor(attempt.staff_id or NOBODY, NOBODY, None)
        reason = refused.facts.get("reason")
        detail = f"{refused.code}:{reason}" if reason else refused.code
        await self._audit.note(
            who, StaffAct.SIGN_IN_REFUSED, subject=attempt.provider_id, outcome=REFUSED, detail=detail
        )

    async def _save(self, record: Record[ReturnedSignIn], state: ReturnedSignIn) -> None:
        """Write the next stage.

        Raises:
            OfficeSignInOver: another call was faster.
        """
        try:
            await self._context.store.save(RETURNED, record, state, now=self._context.now())
        except VersionConflict:
            raise OfficeSignInOver() from None


def _refuse_unready(member: Record[Staff] | None, provider: OfficeProvider) -> Record[Staff]:
    """Return the member of staff if the provider may sign them in now.

    Raises:
        StaffSuspended, StaffNotInService, OfficeNotSpokenFor.
    """
    if member is None or member.state.state not in (StaffState.INVITED, StaffState.ACTIVE, StaffState.LOCKED):
        raise StaffNotInService()
    if member.state.state is StaffState.LOCKED:
        raise StaffSuspended()
    if not provider.speaks_for(member.state.office_id):
        raise OfficeNotSpokenFor()
    return member
