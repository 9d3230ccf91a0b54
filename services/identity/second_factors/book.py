"""The second factors of a member as the use cases read them: which there are, and the step after the password or
after the word of the office's provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.second_factors import factors as rules
from services.identity.second_factors.factors import FactorKind, PendingLogin, SecondFactors
from services.identity.second_factors.passkeys import CHALLENGE_BYTES, PasskeySite
from services.identity.second_factors.repository import SecondFactorRepository
from services.identity.second_factors.vault import SecondFactorVault, mark_of
from services.identity.sessions.session import OfficeWord
from services.identity.staff.member import Staff
from services.identity.staff.ports import SecondStep

LOGIN_ID_BYTES: Final = 16


@dataclass(frozen=True)
class SeenFactor:
    """A second factor for its owner's eyes; ``name`` is in the open."""

    factor_id: str
    kind: FactorKind
    name: str = field(repr=False)
    added_at: datetime
    used_at: datetime | None


class SecondFactorBook:
    """Reads second factors, and opens the step after a right password."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self.repository = SecondFactorRepository(context)
        self.vault = SecondFactorVault(context)
        self.site = PasskeySite(*context.settings.passkey_site)

    async def is_enrolled(self, staff_id: str) -> bool:
        """Return whether the member has a second factor."""
        return (await self.repository.of_member(staff_id)).is_enrolled

    async def next_step(
        self, staff_id: str, staff: Staff, by_office: OfficeWord | None = None, *, on_known_device: bool
    ) -> SecondStep | None:
        """Return the step that is due after the password, or after the word of the office's provider; None where no
        second factor is enrolled.
        """
        if not await self.is_enrolled(staff_id):
            return None
        context = self._context
        login = PendingLogin(
            id=context.randomness.token(LOGIN_ID_BYTES),
            challenge=context.randomness.token(CHALLENGE_BYTES),
            password_mark=mark_of(staff.password_hash),
            expires_at=context.now() + timedelta(seconds=context.settings.second_factor_rules.step_seconds),
            by_office=by_office,
            on_known_device=on_known_device,
        )
        changed = await self.repository.change_of_member(
            staff_id, lambda factors: rules.open_login(factors, login, context.now())
        )
        has_passkeys = FactorKind.PASSKEY in changed.ways
        return SecondStep(
            login_token=self.vault.login_token(staff_id, login.id),
            ways=tuple(kind.value for kind in changed.ways),
            passkey_options=self.site.sign_in_options(login.challenge, changed.passkeys) if has_passkeys else None,
            expires_at=login.expires_at,
        )

    def seen(self, staff_id: str, factors: SecondFactors) -> tuple[SeenFactor, ...]:
        """Return the factors for their owner, oldest first."""
        found = [
            SeenFactor(factor.id, factor.kind, self.vault.name(factor.name, staff_id), factor.added_at, factor.used_at)
            for factor in factors.enrolled
        ]
        return tuple(sorted(found, key=lambda factor: (factor.added_at, factor.factor_id)))
