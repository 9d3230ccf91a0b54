"""Enrolling, listing and removing one's own second factors, soon after a sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from services.identity.context import UseCaseContext
from services.identity.second_factors import factors as rules
from services.identity.second_factors.book import SecondFactorBook, SeenFactor
from services.identity.second_factors.errors import (
    EnrolmentCodeWrong,
    LastSecondFactorStays,
    NoSecondFactor,
    PasskeyNotUsable,
    SecondFactorNeedsItself,
    SecondFactorOfferOver,
    SecondFactorUnknown,
    TooManySecondFactors,
)
from services.identity.second_factors.factors import FactorKind, FactorProblem, Offer, Passkey, SecondFactors
from services.identity.second_factors.fresh_sign_in import FreshSignIns, refuse_unproven
from services.identity.second_factors.passkeys import CHALLENGE_BYTES, PasskeyRefused
from services.identity.second_factors.totp import new_secret, otpauth_uri, qr_svg, step_of
from services.identity.second_factors.vault import new_recovery_codes
from services.identity.sessions.session import Session
from services.identity.staff.powers import Post, needs_second_factor
from shared.errors import Refusal
from shared.ids import derived_id
from shared.tokens import Caller

_REFUSALS: Final[Mapping[FactorProblem, Callable[[], Refusal]]] = {
    FactorProblem.HAS_ONE: lambda: SecondFactorNeedsItself(),
    FactorProblem.TOO_MANY: lambda: TooManySecondFactors(),
    FactorProblem.NO_SUCH_FACTOR: lambda: SecondFactorUnknown(),
    FactorProblem.LAST_ONE: lambda: LastSecondFactorStays(),
}


@dataclass(frozen=True)
class TotpOffered:
    """A new authenticator secret, shown until it is confirmed by a first code."""

    factor_id: str
    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


@dataclass(frozen=True)
class PasskeyOffered:
    """Options for a new passkey, until the device's answer confirms it."""

    factor_id: str
    options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Enrolled:
    """A factor that signs in from now on; ``recovery_codes`` are shown with the first one, once."""

    factor: SeenFactor
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)


class Enrolment:
    """The use cases of one's own second factors.

    All of them need a session that began within the last quarter of an hour: a token that is stolen later changes
    nothing. A session that showed no second factor adds the first one, and changes nothing once there is one.
    """

    def __init__(self, context: UseCaseContext, book: SecondFactorBook) -> None:
        self._context = context
        self._fresh = FreshSignIns(context)
        self._book = book
        self._rules = context.settings.second_factor_rules

    async def offer_totp(self, caller: Caller, name: str, command_id: str) -> TotpOffered:
        """Return a new secret for an authenticator; a repeat shows the same one.

        Raises:
            FreshSignInNeeded, SecondFactorNeedsItself, TooManySecondFactors.
        """
        member, session = await self._fresh.member(caller)
        sealed = self._book.vault.seal_secret(new_secret(self._context.randomness), caller.account_id)
        offer = await self._put_offer(caller, session, FactorKind.TOTP, name, sealed, command_id)
        secret = self._book.vault.secret(offer.secret, caller.account_id)
        uri = otpauth_uri(secret, member.state.username)
        return TotpOffered(offer.id, secret, uri, qr_svg(uri))

    async def confirm_totp(self, caller: Caller, factor_id: str, code: str) -> Enrolled:
        """Return the authenticator, confirmed by its first code; a repeat finds it, without recovery codes.

        Raises:
            EnrolmentCodeWrong: the code does not fit.
            SecondFactorOfferOver: the secret is over or was replaced.
            FreshSignInNeeded, SecondFactorNeedsItself, TooManySecondFactors.
        """

        def added(factors: SecondFactors, offer: Offer) -> SecondFactors:
            step = step_of(self._book.vault.secret(offer.secret, caller.account_id), code, self._context.now())
            if step is None:
                raise EnrolmentCodeWrong(field="/code")
            return rules.add_totp(factors, offer, step, self._context.now())

        return await self._confirm(caller, factor_id, FactorKind.TOTP, added)

    async def offer_passkey(self, caller: Caller, name: str, command_id: str) -> PasskeyOffered:
        """Return the options for a new passkey; a repeat returns the same challenge.

        Raises:
            FreshSignInNeeded, SecondFactorNeedsItself, TooManySecondFactors.
        """
        member, session = await self._fresh.member(caller)
        challenge = self._context.randomness.token(CHALLENGE_BYTES)
        offer = await self._put_offer(caller, session, FactorKind.PASSKEY, name, challenge, command_id)
        known = (await self._book.repository.of_member(caller.account_id)).passkeys
        options = self._book.site.registration_options(offer.secret, caller.account_id, member.state.username, known)
        return PasskeyOffered(offer.id, options)

    async def confirm_passkey(self, caller: Caller, factor_id: str, credential: Mapping[str, Any]) -> Enrolled:
        """Return the passkey that a device has made; a repeat finds it, without recovery codes. A wrong answer uses
        the challenge up.

        Raises:
            PasskeyNotUsable: it answers another challenge or site, or asked for no PIN, finger or face.
            SecondFactorOfferOver: the challenge is over, was answered or replaced.
            FreshSignInNeeded, SecondFactorNeedsItself, TooManySecondFactors.
        """

        def added(factors: SecondFactors, offer: Offer) -> SecondFactors:
            try:
                made = self._book.site.verify_registration(credential, offer.secret)
            except PasskeyRefused:
                return rules.drop_offer(factors)
            if any(passkey.credential_id == made.credential_id for passkey in factors.passkeys):
                return rules.drop_offer(factors)
            passkey = Passkey(
                offer.id, offer.name, made.credential_id, made.public_key, made.sign_count, self._context.now()
            )
            return rules.add_passkey(factors, passkey)

        try:
            return await self._confirm(caller, factor_id, FactorKind.PASSKEY, added)
        except SecondFactorUnknown:
            raise PasskeyNotUsable(field="/credential") from None

    async def list_factors(self, caller: Caller) -> tuple[SeenFactor, ...]:
        """Return the caller's factors, oldest first."""
        return self._book.seen(caller.account_id, await self._book.repository.of_member(caller.account_id))

    async def remove(self, caller: Caller, factor_id: str) -> None:
        """Remove a factor; the last one stays where the role needs one.

        Raises:
            SecondFactorUnknown, LastSecondFactorStays, FreshSignInNeeded, SecondFactorNeedsItself.
        """
        member, session = await self._fresh.member(caller)
        post, settings = Post(member.state.role), self._context.settings
        is_needed = needs_second_factor(post, settings.second_factor_needed, settings.second_factor_for_all)

        def decide(factors: SecondFactors) -> SecondFactors:
            refuse_unproven(factors, session)
            _refuse(rules.remove_problem(factors, factor_id, is_needed=is_needed))
            return rules.remove_factor(factors, factor_id)

        await self._book.repository.change_of_member(caller.account_id, decide)

    async def make_recovery_codes(self, caller: Caller) -> tuple[str, ...]:
        """Return ten new recovery codes; those of before count no more.

        Raises:
            NoSecondFactor: there is none that they could stand in for.
            FreshSignInNeeded, SecondFactorNeedsItself.
        """
        _, session = await self._fresh.member(caller)
        codes = new_recovery_codes(self._context.randomness)

        def decide(factors: SecondFactors) -> SecondFactors:
            if not factors.is_enrolled:
                raise NoSecondFactor()
            refuse_unproven(factors, session)
            return self._with_recovery_codes(factors, caller.account_id, codes)

        await self._book.repository.change_of_member(caller.account_id, decide)
        return codes

    async def _put_offer(
        self, caller: Caller, session: Session, kind: FactorKind, name: str, secret: str, command_id: str
    ) -> Offer:
        now = self._context.now()
        offer = Offer(
            id=derived_id("second factor", caller.account_id, command_id),
            kind=kind,
            name=self._book.vault.seal_name(name, caller.account_id),
            secret=secret,
            expires_at=now + timedelta(seconds=self._rules.offer_seconds),
        )

        def decide(factors: SecondFactors) -> SecondFactors:
            _refuse(rules.enrol_problem(factors, must_be_first=not session.proven_by))
            is_repeat = rules.open_offer(factors, offer.id, kind, now) is not None
            return factors if is_repeat else rules.put_offer(factors, offer)

        changed = await self._book.repository.change_of_member(caller.account_id, decide)
        return changed.offer or offer

    async def _confirm(
        self,
        caller: Caller,
        factor_id: str,
        kind: FactorKind,
        added: Callable[[SecondFactors, Offer], SecondFactors],
    ) -> Enrolled:
        _, session = await self._fresh.member(caller)
        now, staff_id = self._context.now(), caller.account_id
        fresh_codes = new_recovery_codes(self._context.randomness)
        shown: list[tuple[str, ...]] = []

        def decide(factors: SecondFactors) -> SecondFactors:
            shown.append(())
            if rules.has_factor(factors, factor_id):
                return factors
            _refuse(rules.enrol_problem(factors, must_be_first=not session.proven_by))
            offer = rules.open_offer(factors, factor_id, kind, now)
            if offer is None:
                raise SecondFactorOfferOver()
            enrolled = added(factors, offer)
            if not enrolled.is_enrolled or enrolled.recovery_made_at is not None:
                return enrolled
            shown.append(fresh_codes)
            return self._with_recovery_codes(enrolled, staff_id, fresh_codes)

        changed = await self._book.repository.change_of_member(staff_id, decide)
        seen = (factor for factor in self._book.seen(staff_id, changed) if factor.factor_id == factor_id)
        factor = next(seen, None)
        if factor is None:
            raise SecondFactorUnknown()
        return Enrolled(factor, shown[-1])

    def _with_recovery_codes(self, factors: SecondFactors, staff_id: str, codes: tuple[str, ...]) -> SecondFactors:
        hashes = tuple(self._book.vault.hash_recovery_code(code, staff_id) for code in codes)
        return rules.set_recovery_codes(factors, hashes, self._context.now())


def _refuse(problem: FactorProblem | None) -> None:
    if problem is not None:
        raise _REFUSALS[problem]()
