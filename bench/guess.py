"""Guessing codes: many addresses ask for codes of one account and try them for two days, against the real policy.

No suite runs: the functions that decide (`services/identity/sign_in/challenge.py`) are called with a clock of their
own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from bench.figures import Figure, Table
from services.identity.accounts.channel import Channel
from services.identity.rules import CodeRules
from services.identity.sign_in import challenge as rules
from services.identity.sign_in.challenge import Challenge, FreshCode, Purpose, Trier, Trying, Verdict

ADDRESSES: Final = 1_000
DAYS: Final = 2
CODES: Final = 1_000_000
"""Six digits."""

MOST_CHANCE: Final = 1 / 1_000
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
OWNER_EVERY: Final = timedelta(minutes=13)
"""The owner tries to sign in so often: less than five times an hour, at another minute each time."""

PATIENCE: Final = DAY - timedelta(minutes=5)
"""A patient attacker begins a day's count with one guess and waits: so the guesses of two days come together."""

STEP: Final = timedelta(seconds=60)
DEVICE: Final = Trier(Trying.DEVICE, "owner")


@dataclass
class GuessingAttack:
    """A running attack on one account: its challenge, the guesses that were compared, and the owner's sign-ins.

    ``holds_address``: the attacker reads one of the account's two addresses, and guesses the code of the other one too.
    """

    limits: CodeRules
    addresses: int
    holds_address: bool = False
    state: Challenge | None = None
    guessed_at: list[datetime] = field(default_factory=list)
    owner_tried: int = 0
    by_message: int = 0
    by_device: int = 0
    tried_code: int = 0
    commands: count[int] = field(default_factory=count)

    def ask(self, now: datetime, *, by_device: bool = False) -> bool:
        """Ask for a code; whether one was sent."""
        fresh = FreshCode(f"right {next(self.commands)}", Channel.EMAIL, "ask", by_device=by_device)
        if self.state is None:
            self.state = rules.open_challenge(Purpose.SIGN_IN, "", fresh, self.limits, now, language="id")
            return True
        if rules.must_wait(self.state, self.limits, now, by_device=by_device) is not None:
            return False
        self.state = rules.send_again(self.state, fresh, self.limits, now)
        return True

    def guess(self, now: datetime, most: int = CODES) -> None:
        """Try the newest code, once it is there, as its asker and from every address, until no more is compared."""
        assert self.state is not None  # noqa: S101 - somebody has asked
        if self.state.code.serial == self.tried_code:
            return
        self.tried_code = self.state.code.serial
        self._try_all(now, most)
        if self.holds_address:
            self.state = rules.with_second_code(self.state, "second", Channel.SMS, self.limits, now)
            self._try_all(now, most, is_long_code=True)

    def _try_all(self, now: datetime, most: int, *, is_long_code: bool = False) -> None:
        for trier in (Trier(Trying.ASKER), *(Trier(Trying.NETWORK, str(number)) for number in range(self.addresses))):
            before = len(self.guessed_at)
            self._try(now, trier, most, is_long_code=is_long_code)
            if len(self.guessed_at) == before or most == 1:
                return  # an address that has not tried is refused as well: the guesses of the day are used up

    def _try(self, now: datetime, trier: Trier, most: int, *, is_long_code: bool) -> None:
        for _ in range(most):
            assert self.state is not None  # noqa: S101 - somebody has asked
            verdict, self.state = rules.judge(
                self.state, lambda _: False, "guess", self.limits, now, is_long_code=is_long_code, trier=trier
            )
            if verdict not in (Verdict.WRONG, Verdict.SECOND_WRONG):
                return
            self.guessed_at.append(now)

    def try_owner(self, now: datetime) -> None:
        """Count whether the owner gets in: by the newest message alone, and by a known device."""
        self.owner_tried += 1
        self.ask(now)
        self.by_message += self._judge(now, is_long_code=True)
        self.by_device += self.ask(now, by_device=True) and self._judge(now, trier=DEVICE)

    def _judge(self, now: datetime, *, is_long_code: bool = False, trier: Trier = rules.UNKNOWN_TRIER) -> bool:
        assert self.state is not None  # noqa: S101 - somebody has asked
        right = self.state.code.hashed
        verdict, _ = rules.judge(
            self.state,
            lambda hashed: hashed == right and not is_long_code,
            "owner",
            self.limits,
            now,
            old_matches=lambda hashed: hashed == "second",
            is_long_code=is_long_code,
            trier=trier,
            one_is_enough=trier is DEVICE,
        )
        return verdict is Verdict.RIGHT


def attack(
    limits: CodeRules, addresses: int = ADDRESSES, *, patience: timedelta = timedelta(), holds_address: bool = False
) -> GuessingAttack:
    """Return the attack after `DAYS`: each minute a code is asked for, and whatever code there is is tried.

    With ``patience`` a single guess is made at the beginning, and the others after that time. The owner comes by as
    well; codes that their device asks for are tried too.
    """
    running, now, owner_at = GuessingAttack(limits, addresses, holds_address), BEGIN, BEGIN
    while now < BEGIN + DAYS * DAY:
        running.ask(now)
        if now >= owner_at:
            running.try_owner(now)
            owner_at += OWNER_EVERY
        if now == BEGIN and patience:
            running.guess(now, most=1)
        elif now >= BEGIN + patience:
            running.guess(now)
        now += STEP
    return running


def chance(guessed_at: list[datetime]) -> float:
    """Return the chance that one of the guesses of the worst 24 hours was right. Times are in order."""
    worst = begin = 0
    for end, at in enumerate(guessed_at):
        while at - guessed_at[begin] >= DAY:
            begin += 1
        worst = max(worst, end - begin + 1)
    return 1 - (1 - 1 / CODES) ** worst


async def measure() -> Table:
    """Attack one account from a thousand addresses."""
    attacks = [
        attack(CodeRules(), patience=patience, holds_address=holds_address)
        for patience in (timedelta(), PATIENCE)
        for holds_address in (False, True)
    ]
    worst = max(chance(ended.guessed_at) for ended in attacks)
    by_strangers = [ended for ended in attacks if not ended.holds_address]
    by_message = sum(ended.by_message for ended in by_strangers) / sum(ended.owner_tried for ended in by_strangers)
    by_device = sum(ended.by_device for ended in attacks) / sum(ended.owner_tried for ended in attacks)
    return Table(
        title="Guessing one-time codes",
        method=(
            f"{ADDRESSES:,} network addresses ask for codes of one account as often as they are sent and try each code "
            f"as often as it is compared, for {DAYS} days, at once or all towards the end of a day's count, with or "
            "without one of the account's two addresses in hand, which leaves the second code to guess; the worst "
            f"24 hours count. Every {OWNER_EVERY.seconds // 60} minutes the owner comes by: without a known device, "
            "with nothing but the newest message (its long code) after strangers, and with a known device, which asks "
            "for a code and types it. Computed with the functions that decide, without a suite."
        ),
        figures=(
            Figure("otp.guess.chance", worst / MOST_CHANCE, "in 1,000", target=1.0, less_is_better=True),
            Figure("otp.guess.owner_by_message", by_message, "", target=1.0),
            Figure("otp.guess.owner_by_device", by_device, "", target=1.0),
        ),
    )
