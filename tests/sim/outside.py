"""The world outside, in memory: agencies built on the simulators' own books, behind lines that break.

Each class is a port of one service. An agency may be down (nothing was done) or its answer may be lost (it was done).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, repeat
from typing import Any, TypeVar

from services.application.documents.ports import Inspected, InspectedPage
from services.application.issuance.ports import DpriFile, DpriPicture, DpriRefuses, DpriState
from services.application.letters.ports import LetterContent, RefusalContent
from services.application.paper_reading.ports import PageNotRead, ReaderUnavailable
from services.application.paper_reading.verdict import AskedPaper, Verdict
from services.billing.payment import Payment as KnownPayment
from services.billing.simponi import SimponiBilling, SimponiLine, SimponiRefused
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import RegistryAnswer
from services.identity.clients import read_answer
from services.notification.deliveries.ports import Mail, MessageRefused, Sms
from shared.errors import UpstreamDown
from simulators.dpri.files import Files, Handling
from simulators.dukcapil.registry import SEX_WORDS, Registry
from simulators.errors import Refusal
from simulators.signing import signed_headers
from simulators.simponi.app import booked, notice_of
from simulators.simponi.books import Billing, Books, Payment
from simulators.simponi.settlement import settlement_lines
from simulators.sms.messages import Messages
from tests.sim.calling import Asked
from tests.sim.process import ConnectionLost
from tests.sim.world import World
from tests.treasury import SimulatedTreasury

T = TypeVar("T")

NOTICE_SECRET = "s" * 32
NOTICE_TRIES = (0.5, 2.0, 5.0)
SURE_NOTICE_SECONDS = 60.0
"""Between further tries of a notice that only the settlement file could replace: as long as billing is away."""
USUAL_NOTICE_SECONDS = 2.0
AT_ONCE_SECONDS = 0.2
LATEST_NOTICE_SECONDS = 900.0
"""SIMPONI's notices come up to a quarter of an hour late."""

PRINT_SECONDS = 3600.0
SLOWEST_ANSWER_SECONDS = 2.0
READER_AWAY, READER_BROKEN, READER_LATE, READER_DOUBTS = 0.1, 0.15, 0.25, 0.35
"""A draw below each of these, from the first on, has that end."""
READING_SECONDS = 5.0
LATE_READING_SECONDS = 300.0
"""Often longer than the time that a reading has."""


class Line:
    """The way to one agency."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name

    async def call(self, work: Callable[[], T]) -> T:
        """Let the agency work and answer, as far as the line holds."""
        chaos = self._world.chaos
        await asyncio.sleep(chaos.dice(self._name).random() * SLOWEST_ANSWER_SECONDS)
        if self._world.storms.away(self._name) or chaos.happens("upstream_down", self._name):
            raise UpstreamDown(self._name, "timeout")
        answer = work()
        if chaos.happens("answer_lost", self._name):
            raise UpstreamDown(self._name, "timeout")
        return answer


class CivilRegistry:
    """Identity's port: compares as Dukcapil does, with the words that its adapter reads."""

    def __init__(self, world: World) -> None:
        self.people = Registry()
        self._world = world
        self._line = Line(world, "dukcapil")

    async def compare(self, particulars: Particulars, name_percent: int) -> RegistryAnswer:
        question = {
            "TRESHOLD": str(name_percent),
            "NIK": particulars.nik,
            "NAMA_LGKP": particulars.full_name,
            "TMPT_LHR": particulars.birth_place,
            "TGL_LHR": particulars.birth_date.strftime("%d-%m-%Y"),
            "JENIS_KLMIN": SEX_WORDS[particulars.sex.value],
        }
        said = await self._line.call(lambda: self.people.verify(question, self._world.clock.now()))
        return read_answer(said["content"][0])  # type: ignore[index]


class Treasury:
    """Billing's port SIMPONI, and the bank at its side, with notices that get lost, doubled and late."""

    def __init__(self, world: World) -> None:
        self.books = Books(random.Random(f"{world.chaos.seed}/books"))
        self.paid: list[Payment] = []
        self._world = world
        self._line = Line(world, "simponi")
        self._notices = 0

    async def issue(
        self,
        reference: str,
        amount: int,
        expires_at: datetime,
        description: str,
        lines: Sequence[SimponiLine] = (),
    ) -> SimponiBilling:
        return await self._line.call(lambda: self._issue(reference, amount, expires_at, description))

    async def cancel(self, billing_code: str) -> None:
        def cancel() -> None:
            try:
                self.books.cancel(billing_code, self._world.clock.now())
            except Refusal as refusal:
                raise SimponiRefused(refusal.code) from None

        await self._line.call(cancel)

    async def status(self, billing_code: str) -> SimponiBilling | None:
        def look() -> SimponiBilling | None:
            billing = self.books.find(billing_code)
            return _seen(billing) if billing is not None else None

        return await self._line.call(look)

    async def statuses(self, billing_codes: Sequence[str]) -> Mapping[str, SimponiBilling]:
        def look() -> Mapping[str, SimponiBilling]:
            found = [billing for code in billing_codes if (billing := self.books.find(code)) is not None]
            return {billing.code: _seen(billing) for billing in found}

        return await self._line.call(look)

    async def settlement(self, day: date) -> AsyncIterator[bytes]:
        lines = await self._line.call(lambda: list(settlement_lines(day, booked(self.books, day))))
        yield "".join(lines).encode()

    async def close(self) -> None:
        return None

    def pay(self, code: str, *, force: bool = False, ntb_only: bool = False, at_once: bool = False) -> Payment:
        """Somebody pays at the bank; ``at_once``: its notice is soon on its way. Refuses with the bank's refusals."""
        rules = frozenset({"allow_expired", "allow_cancelled", "allow_double"}) if force else frozenset()
        billing = self.books.billing(code)
        now = self._world.clock.now()
        payment = self.books.pay(code, billing.amount, "teller", now, force=rules, ntb_only=ntb_only)
        self.paid.append(payment)
        again_and_late = len(billing.payments) > 1 and now > billing.expires_at
        self._world.journal.note("bank", f"takes {payment.amount} for {code}{' (NTB only)' if ntb_only else ''}")
        self._notify(payment, surely=again_and_late, usual_seconds=AT_ONCE_SECONDS if at_once else USUAL_NOTICE_SECONDS)
        return payment

    def settle(self, code: str) -> None:
        """The treasury books what had only an NTB."""
        for payment in self.books.settle(code, self._world.clock.now()):
            self._world.journal.note("bank", f"settles {code}")
            self._notify(payment)

    def _issue(self, reference: str, amount: int, expires_at: datetime, description: str) -> SimponiBilling:
        now = self._world.clock.now()
        try:
            billing, _ = self.books.issue(reference, amount, expires_at, now, description=description)
        except Refusal as refusal:
            raise SimponiRefused(refusal.code) from None
        return _seen(billing)

    def _notify(self, payment: Payment, *, surely: bool = False, usual_seconds: float = USUAL_NOTICE_SECONDS) -> None:
        """Send a notice. ``surely``: nobody looks at this code any more; only the notice or, later, the settlement
        file tells of this money, so the notice is sent until it is taken.
        """
        chaos = self._world.chaos
        self._notices += 1
        body = json.dumps(notice_of(payment, f"notice-{self._notices}")).encode()
        if not surely and chaos.happens("notice_lost", "notices"):
            self._world.counts["notices lost"] += 1
            return
        for _ in range(2 if chaos.happens("notice_repeated", "notices") else 1):
            longest = LATEST_NOTICE_SECONDS if chaos.happens("notice_late", "notices") else usual_seconds
            tries = chain(NOTICE_TRIES, repeat(SURE_NOTICE_SECONDS)) if surely else NOTICE_TRIES
            self._world.spawn(self._deliver(body, chaos.dice("notices").random() * longest, tries))

    async def _deliver(self, body: bytes, seconds: float, tries: Iterable[float]) -> None:
        await asyncio.sleep(seconds)
        for wait in tries:
            if await self._posted(body):
                return
            await asyncio.sleep(wait)

    async def _posted(self, body: bytes) -> bool:
        unix = int(self._world.clock.now().timestamp())
        headers = signed_headers("X-Simponi", "k1", NOTICE_SECRET, unix, body)
        asked = Asked("POST", "/v1/payment-notices", raw=body, headers=headers)
        try:
            return (await self._world.ask("billing", asked)).ok
        except ConnectionLost:
            return False


class Paymaster(SimulatedTreasury):
    """Billing's port for refunds: bank and treasury on SIMPONI's line; an order is paid within the hour."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock, pay_seconds=3600.0)
        self._line = Line(world, "simponi")

    async def _asked(self, work: Callable[[], T]) -> T:
        return await self._line.call(work)


def _seen(billing: Billing) -> SimponiBilling:
    payments = tuple(
        KnownPayment(billing.code, each.ntpn, each.ntb, each.amount, each.paid_at, each.channel)
        for each in billing.payments
    )
    return SimponiBilling(billing.code, billing.reference, billing.amount, billing.expires_at, payments)


@dataclass(frozen=True)
class Letter:
    """Something in somebody's mailbox or telephone."""

    to: str
    text: str
    at: datetime


class PostOffice:
    """Notification's two ports: mails and SMS arrive, sometimes although the sender never hears so."""

    def __init__(self, world: World) -> None:
        self.arrived: list[Letter] = []
        self._messages = Messages(random.Random(f"{world.chaos.seed}/sms"))
        self._world = world
        self._mail_line = Line(world, "smtp")
        self._sms_line = Line(world, "sms")
        self.mailer = _Mailer(self)
        self.sms_gateway = _SmsGateway(self)

    def newest_code(self, address: str, since: datetime) -> str | None:
        """The newest one-time code that has arrived at an address."""
        for letter in reversed(self.arrived):
            if letter.to == address and letter.at >= since:
                found = re.search(r"(?<!\d)\d{6}(?!\d)", letter.text)
                if found:
                    return found.group(0)
        return None

    async def _send_mail(self, mail: Mail) -> None:
        text = f"{mail.subject}\n{mail.body}"
        await self._mail_line.call(lambda: self.arrived.append(Letter(mail.to, text, self._world.clock.now())))

    async def _send_sms(self, sms: Sms) -> None:
        def accept() -> None:
            try:
                _, new = self._messages.accept(
                    sms.delivery_id,
                    sms.to,
                    sms.text,
                    sms.delivery_id,
                    self._world.clock.now(),
                    outcome="delivered",
                    after_seconds=1.0,
                )
            except Refusal as refusal:
                raise MessageRefused(refusal.code) from None
            if new:
                self.arrived.append(Letter(sms.to, sms.text, self._world.clock.now()))

        await self._sms_line.call(accept)


class _Mailer:
    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def send(self, mail: Mail) -> None:
        await self._office._send_mail(mail)

    async def close(self) -> None:
        return None


class _SmsGateway:
    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def send(self, sms: Sms) -> None:
        await self._office._send_sms(sms)

    async def close(self) -> None:
        return None


class Issuance:
    """Application's port DPRI."""

    def __init__(self, world: World) -> None:
        self.files = Files(random.Random(f"{world.chaos.seed}/dpri"))
        self._world = world
        self._line = Line(world, "dpri")

    async def hand_over(self, number: str, file: DpriFile) -> DpriState:
        seconds = self._world.chaos.dice("dpri").random() * 120
        handling = Handling(acknowledge_seconds=seconds)
        return await self._line.call(lambda: self._hand_over(number, file, handling))

    async def hand_over_picture(self, number: str, picture: DpriPicture, pieces: AsyncIterable[bytes]) -> str:
        content = b"".join([piece async for piece in pieces])
        found = hashlib.sha256(content).hexdigest()

        def work() -> str:
            now = self._world.clock.now()
            file = self.files.wanted(number, picture.delivery_id, picture.document_id, picture.sha256)
            self.files.take_picture(file, picture.document_id, found, len(content), now, Handling())
            return file.picture_state(picture.document_id, now)

        return await self._line.call(lambda: self._refusing(work))

    async def recall(self, number: str, recall: Mapping[str, Any]) -> None:
        def work() -> None:
            self.files.recall(number, recall["order_id"], self._world.clock.now())

        await self._line.call(lambda: self._refusing(work))

    async def get_state(self, number: str) -> DpriState:
        return await self._line.call(lambda: self._refusing(lambda: self._state(number)))

    async def approve(self, number: str, approval: Mapping[str, Any]) -> None:
        def work() -> None:
            self.files.approve(number, approval, self._world.clock.now(), PRINT_SECONDS)

        await self._line.call(lambda: self._refusing(work))

    async def close(self) -> None:
        return None

    def _hand_over(self, number: str, file: DpriFile, handling: Handling) -> DpriState:
        def work() -> DpriState:
            self.files.hand_over(number, file.delivery_id, dict(file.content), self._world.clock.now(), handling)
            return self._state(number)

        return self._refusing(work)

    def _state(self, number: str) -> DpriState:
        file = self.files.file(number)
        now = self._world.clock.now()
        state, missing = file.state(now), file.missing(now)
        there = {document_id: sha256 for document_id, sha256 in file.wanted.items() if document_id not in missing}
        return DpriState(state, file.passport_number if state == "printed" else None, pictures=there)

    @staticmethod
    def _refusing(work: Callable[[], T]) -> T:
        try:
            return work()
        except Refusal as refusal:
            raise DpriRefuses(refusal.code) from None


class Eye:
    """Application's port for pictures: a decoder with nothing to decode."""

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        return Inspected((InspectedPage(content, media_type, 1000, 640),))


class Reader:
    """Application's port for what reads papers: slow, away for a while, broken by a page, late, and now and then in
    doubt; or not there at all.
    """

    def __init__(self, world: World) -> None:
        self._dice = world.chaos.dice("reader of papers")
        self.is_there = True

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        draw = self._dice.random()
        if not self.is_there or draw < READER_AWAY:
            raise ReaderUnavailable
        if draw < READER_BROKEN:
            raise PageNotRead
        await asyncio.sleep(self._dice.random() * (LATE_READING_SECONDS if draw < READER_LATE else READING_SECONDS))
        if draw < READER_DOUBTS:
            return Verdict("flagged", "unknown_kind")
        return Verdict("accepted", None, asked.paper, 0.99)


class Writer:
    """Application's port for papers."""

    async def letter(self, content: LetterContent) -> bytes:
        return f"%PDF {content.number} {content.queue_number} {content.queue_code}".encode()

    async def refusal(self, content: RefusalContent) -> bytes:
        return f"%PDF {content.number} refused".encode()

    async def form(self, requirement: str, title: str) -> bytes:
        return f"%PDF {requirement} {title}".encode()


def later(moment: datetime, seconds: float) -> datetime:
    """A moment that many seconds on."""
    return moment + timedelta(seconds=seconds)
