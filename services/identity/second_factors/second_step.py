"""The second step of a sign-in: a code, a passkey or a recovery code after the right password, or after the word of
the office's provider where that proves no second factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from services.identity.context import UseCaseContext
from services.identity.errors import moment
from services.identity.second_factors import factors as rules
from services.identity.second_factors.book import SecondFactorBook
from services.identity.second_factors.errors import (
    SecondCodesLocked,
    SecondCodeUsed,
    SecondFactorWrong,
    SecondStepOver,
)
from services.identity.second_factors.factors import FactorKind, PendingLogin, SecondFactors
from services.identity.second_factors.passkeys import PasskeyRefused
from services.identity.second_factors.totp import step_of
from services.identity.second_factors.vault import mark_of
from services.identity.sessions.credentials import Credentials
from services.identity.sessions.devices import Visitor
from services.identity.staff.passwords import StaffPasswords
from services.identity.staff.ports import OfficeDoor
from services.identity.staff.sign_in import StaffSignIn
from shared.errors import NotAllowed, NotFound, Refusal

_CAUSES: Final[Mapping[type[Refusal], str]] = {
    SecondFactorWrong: "wrong_second_factor",
    SecondCodeUsed: "used_second_factor",
    SecondCodesLocked: "second_codes_locked",
}
"""The cause that the audit keeps of a second factor that does not sign in."""


@dataclass(frozen=True)
class ShownFactor:
    """A second factor as it is shown: a code of an authenticator, a recovery code, or a passkey's answer."""

    kind: FactorKind
    code: str = field(default="", repr=False)
    credential: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Verdict:
    """The factors after one was shown, and the refusal if it does not sign in."""

    factors: SecondFactors
    refusal: Refusal | None = None


class SecondSteps:
    """The use case of the second step."""

    def __init__(
        self,
        context: UseCaseContext,
        book: SecondFactorBook,
        passwords: StaffPasswords,
        sign_in: StaffSignIn,
        office_door: OfficeDoor,
    ) -> None:
        self._context = context
        self._book = book
        self._passwords = passwords
        self._sign_in = sign_in
        self._office_door = office_door

    async def finish(self, login_token: str, shown: ShownFactor, visitor: Visitor) -> Credentials:
        """Return the tokens of a member who showed a second factor. Each try counts against its source, as wrong
        passwords do; what is right or wrong is decided in one write, so nothing counts twice.

        Raises:
            SecondStepOver: the sign-in is over, was answered, the password has changed, or what the office's provider
            said counts no more.
            SecondFactorWrong, SecondCodeUsed: it is not right, or has counted.
            SecondCodesLocked, StaffLocked: too many wrong ones.
            StaffSuspended, OwnPasswordNeeded, OneTimePasswordExpired: the account changed meanwhile.
        """
        ids = self._book.vault.read_login_token(login_token)
        if ids is None:
            raise SecondStepOver(field="/login_token")
        staff_id, login_id = ids
        waiting = rules.find_login(await self._book.repository.of_member(staff_id), login_id, self._context.now())
        if waiting is None:
            raise SecondStepOver(field="/login_token")
        record = await self._passwords.count_second_try(staff_id, visitor)
        place = self._passwords.source(record, visitor).partition(":")[0]
        verdicts: list[_Verdict] = []

        def decide(factors: SecondFactors) -> SecondFactors:
            login = rules.find_login(factors, login_id, self._context.now())
            if login is None or login.password_mark != mark_of(record.state.password_hash):
                raise SecondStepOver(field="/login_token")
            verdicts.append(self._judge(staff_id, factors, login, shown, place))
            return verdicts[-1].factors

        await self._book.repository.change_of_member(staff_id, decide)
        refusal = verdicts[-1].refusal
        if refusal is not None:
            await self._passwords.note_wrong(record, visitor, _CAUSES[type(refusal)])
            raise refusal
        if waiting.by_office is not None:
            try:
                return await self._office_door.let_in(waiting.by_office, visitor, shown.kind.value)
            except (NotAllowed, NotFound) as refused:  # which of them, the same way tells from its beginning
                raise SecondStepOver(field="/login_token") from refused
        return await self._sign_in.let_in(staff_id, record.state.password_hash, visitor, proven_by=shown.kind.value)

    def _judge(
        self, staff_id: str, factors: SecondFactors, login: PendingLogin, shown: ShownFactor, place: str
    ) -> _Verdict:
        now = self._context.now()
        judges: Mapping[FactorKind, Callable[[], _Verdict]] = {
            FactorKind.TOTP: lambda: self._judge_code(staff_id, factors, shown.code, now, place),
            FactorKind.PASSKEY: lambda: self._judge_passkey(factors, login, shown.credential or {}, now),
            FactorKind.RECOVERY_CODE: lambda: self._judge_recovery_code(staff_id, factors, shown.code),
        }
        verdict = judges[shown.kind]()
        is_answered = verdict.refusal is None or shown.kind is FactorKind.PASSKEY
        return _Verdict(rules.close_login(verdict.factors, login.id), verdict.refusal) if is_answered else verdict

    def _judge_code(self, staff_id: str, factors: SecondFactors, code: str, now: datetime, place: str) -> _Verdict:
        most = self._context.settings.second_factor_rules.wrong_codes_per_day
        until = rules.locked_until(factors, place, most, now)
        if until is not None:
            seconds = max(1, round((until - now).total_seconds() + 0.5))
            return _Verdict(factors, SecondCodesLocked(locked_until=moment(until), retry_after_seconds=seconds))
        secrets = ((totp, self._book.vault.secret(totp.secret, staff_id)) for totp in factors.totps)
        matching = [(totp, step) for totp, secret in secrets if (step := step_of(secret, code, now)) is not None]
        fresh = next(((totp, step) for totp, step in matching if step > totp.last_step), None)
        if fresh is not None:
            return _Verdict(rules.use_totp(factors, fresh[0].id, fresh[1], now))
        counted = rules.count_wrong_code(factors, place, now)
        return _Verdict(counted, SecondCodeUsed(field="/code") if matching else SecondFactorWrong(field="/code"))

    def _judge_passkey(
        self, factors: SecondFactors, login: PendingLogin, credential: Mapping[str, Any], now: datetime
    ) -> _Verdict:
        try:
            used = self._book.site.verify_sign_in(credential, login.challenge, factors.passkeys)
        except PasskeyRefused:
            return _Verdict(factors, SecondFactorWrong(field="/passkey"))
        return _Verdict(rules.use_passkey(factors, used.id, used.sign_count, now))

    def _judge_recovery_code(self, staff_id: str, factors: SecondFactors, code: str) -> _Verdict:
        hashed = self._book.vault.find_recovery_code(code, staff_id, factors.recovery_codes)
        if hashed is None:
            return _Verdict(factors, SecondFactorWrong(field="/recovery_code"))
        return _Verdict(rules.use_recovery_code(factors, hashed))
