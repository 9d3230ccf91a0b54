"""Identity on a store in memory, under a clock that is moved by hand, with a mailbox that opens what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from argon2 import PasswordHasher

from services.identity.accounts.repository import ACCOUNT
from services.identity.app import KINDS, build
from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Field, FieldAnswer, RegistryAnswer
from services.identity.config import Settings
from services.identity.privacy_notice.notice import Notices
from services.identity.sessions.credentials import Credentials
from services.identity.sessions.devices import Device, DeviceTokens, Visitor
from services.identity.sessions.refresh_tokens import Holder
from services.identity.use_cases import Identity
from shared.clock import ManualClock
from shared.crypto.sealed import Unsealer, new_keypair
from shared.deadlines import DeadlineWorker
from shared.errors import UpstreamDown
from shared.events.application import KeepIdentityCard
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.events.notification import KeepContactCard, SendOtp
from shared.ids import derived_id
from shared.service import Parts, Platform
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role, new_signing_key_pem
from tests.conftest import START
from tests.unit.world import NOWHERE, key, seeded_platform

NOTIFICATION = new_keypair()
APPLICATION = new_keypair()
SIGNING_PEM = new_signing_key_pem()
OLDER_PEM = new_signing_key_pem()
FAST_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
STAFF_PASSWORD = "a long demo password"


def make_settings(**changed: Any) -> Settings:
    given: dict[str, Any] = {
        **NOWHERE,
        "master_keys": key("k1", 1),
        "fingerprint_keys": key("k1", 2),
        "token_signing_keys": SIGNING_PEM + OLDER_PEM,
        "notification_sealing_public_key": NOTIFICATION.public_key_b64,
        "application_sealing_public_key": APPLICATION.public_key_b64,
        "dukcapil_password": "unused",
        "demo_staff_password": STAFF_PASSWORD,
        "second_factor_needed": False,
    }
    return Settings.load(**(given | changed))


BUDI = Particulars("BUDI CONTOH SANTOSO", "3174011203880002", "BANDUNG", date(1988, 3, 12), Sex.MALE)
SRI = Particulars("SRI CONTOH LESTARI", "3174014502900001", "JAKARTA", date(1990, 2, 5), Sex.FEMALE)
PUTRI = Particulars("PUTRI CONTOH SANTOSO", "3174015006150003", "JAKARTA", date(2015, 6, 10), Sex.FEMALE)


def nobody(serial: int) -> Particulars:
    return Particulars("ORANG CONTOH", f"317401120388{serial:04d}", "BANDUNG", date(1988, 3, 12), Sex.MALE)


def all_match(**changed: FieldAnswer) -> RegistryAnswer:
    needed = (Field.NIK, Field.FULL_NAME, Field.BIRTH_DATE, Field.SEX)
    fields = {name: FieldAnswer(True) for name in needed} | {Field(name): said for name, said in changed.items()}
    return RegistryAnswer(fields=fields)


@dataclass
class Registry:
    """A civil registry that says what it is told to say; an exception is raised."""

    says: RegistryAnswer | UpstreamDown = field(default_factory=all_match)
    asked: list[Particulars] = field(default_factory=list)

    async def compare(self, particulars: Particulars, name_percent: int) -> RegistryAnswer:
        self.asked.append(particulars)
        if isinstance(self.says, UpstreamDown):
            raise self.says
        return self.says


class World:
    """One identity service and what it has said so far."""

    def __init__(
        self,
        *,
        store: MemoryStore | None = None,
        clock: ManualClock | None = None,
        seed: int = 7,
        notices: Notices | None = None,
        **changed: Any,
    ) -> None:
        self._seed = seed
        self.clock = clock or ManualClock(START)
        self.store = store or MemoryStore("identity")
        self.registry = Registry()
        self.settings = make_settings(**changed)
        self.platform = self._platform()
        self.parts: Parts = build(
            self.settings, self.platform, dukcapil=self.registry, password_hasher=FAST_HASHER, notices=notices
        )
        self.identity: Identity = self.parts.service
        self.worker = DeadlineWorker(self.store, self.parts.kinds, self.parts.deadlines, self.clock, "test")
        self._unsealer = Unsealer([NOTIFICATION.private_key_b64])
        self._commands = 0

    def _platform(self) -> Platform:
        return seeded_platform(self.store, self.clock, self.settings.master_keyring(), seed=self._seed)

    def command(self) -> str:
        """A fresh command id."""
        self._commands += 1
        return f"command-{self._commands}"

    async def outbox(self) -> list[Envelope]:
        """Everything said so far, oldest first."""
        later = self.clock.now().replace(year=2100)
        found: list[Envelope] = []
        for kind in KINDS:
            if not kind.bare:
                found += await self.store.outbox_waiting(kind, before=later, limit=1000)
        return found

    async def said(self, message: type[Message]) -> list[Any]:
        """Everything said of one class."""
        return [each.data for each in await self.outbox() if isinstance(each.data, message)]

    async def codes(self) -> list[dict[str, Any]]:
        """What every SendOtp holds."""
        return [self._unsealer.open_json(each.sealed, each.challenge_id) for each in await self.said(SendOtp)]

    async def code(self, challenge_id: str | None = None) -> str:
        """The newest code, or the newest of this challenge."""
        sent = [each for each in await self.said(SendOtp) if challenge_id in (None, each.challenge_id)]
        return str(self._unsealer.open_json(sent[-1].sealed, sent[-1].challenge_id)["code"])

    async def cards(self) -> list[Mapping[str, Any]]:
        """What every contact card holds."""
        return [self._unsealer.open_json(each.sealed, each.account_id) for each in await self.said(KeepContactCard)]

    async def identity_cards(self) -> list[Mapping[str, Any]]:
        """What every identity card holds."""
        unsealer = Unsealer([APPLICATION.private_key_b64])
        return [unsealer.open_json(each.sealed, each.applicant_id) for each in await self.said(KeepIdentityCard)]

    async def sign_up(self, email: str = "budi@example.org") -> str:
        """A new account; its id."""
        seen = await self.identity.signing_in.register(email, "id", self.command())
        credentials = await self.identity.signing_in.verify(
            seen.challenge_id, await self.code(seen.challenge_id), self.command()
        )
        return credentials.account_id

    async def caller(self, account_id: str) -> Caller:
        """Whoever is signed in to this account: its newest session."""
        record = await self.store.get(ACCOUNT, account_id)
        assert record is not None
        return Caller(account_id, Role.APPLICANT, record.state.sessions[-1].id)

    def device(self, account_id: str) -> Visitor:
        """Whoever sits at a device on which this account has just signed in."""
        tokens = DeviceTokens(self.settings.fingerprint_keyring())
        return Visitor(device_token=tokens.make(Device(Holder.ACCOUNT, account_id, "device-1", self.clock.now())))

    async def codes_of(self, challenge_id: str) -> tuple[str, str]:
        """The newest code of a change of address, and the one that the old address got."""
        return await self.code(challenge_id), await self.code(derived_id("old address", challenge_id))

    async def change_address(self, account_id: str, *, email: str = "", phone: str = "") -> Credentials:
        """Change an address of the account, proven at both ends."""
        changes, caller = self.identity.address_changes, await self.caller(account_id)
        if email:
            seen = await changes.change_email(caller, email, "id", self.command())
        else:
            seen = await changes.change_phone(caller, phone, "id", self.command())
        code, old_code = await self.codes_of(seen.challenge_id)
        return await self.identity.signing_in.verify(seen.challenge_id, code, self.command(), old_code=old_code)

    async def confirmed(self, account_id: str, who: Particulars = BUDI, guardian_id: str | None = None) -> str:
        """An applicant whom the registry has confirmed; their id."""
        seen = await self.identity.applicants.add(account_id, who, guardian_id, self.command())
        await self.worker.run_due()
        return seen.applicant_id

    def now(self) -> datetime:
        return self.clock.now()
