"""The adapters against a real SMTP server and the simulated gateway, over loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import SecretStr

from services.notification.clients import HttpSmsGateway, MailServer, SmtpMailer
from services.notification.deliveries.ports import Attachment, Mail, MessageRefused, Sms
from services.notification.rules import MailRules
from shared.clock import ManualClock
from shared.errors import UpstreamDown
from shared.fields.email import read_email
from shared.http.client import Circuit, CircuitBreaker
from shared.randomness import SeededRandomness
from simulators.config import Settings as SimulatorSettings
from simulators.sms.app import create_app

SENDER = "Layanan Paspor <no-reply@paspor.example>"
MAIL = Mail("delivery-1", "sri.contoh@example.org", "Kode billing Anda", "Kode billing: 820261123000001\n")


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@dataclass
class Sink:
    """A mail server that answers as told and counts its connections."""

    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    recipient: str = "250 OK"
    data: str = "250 OK"
    connections: list[SMTP] = field(default_factory=list)
    silent: bool = False
    port: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.silent:
            await asyncio.sleep(3600)
        if self.data.startswith("250"):
            self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return self.data

    def drop_connections(self) -> None:
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.close()


@pytest.mark.parametrize(
    "typed", ["budi@b\u00fccher.example.org", "Sri.Contoh+paspor@example.org", "o'neil@example.org"]
)
async def test_an_address_that_the_door_takes_is_delivered_to(sink: Sink, clock: ManualClock, typed: str) -> None:
    mailer = SmtpMailer(MailServer("127.0.0.1", sink.port, SENDER), clock)
    await mailer.send(replace(MAIL, to=read_email(typed)))
    await mailer.close()
    assert sink.mails[0][1] == [read_email(typed)]


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    found = Sink()

    def accept() -> SMTP:
        found.connections.append(SMTP(found, hostname="localhost", authenticator=_authenticate, auth_require_tls=False))
        return found.connections[-1]

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    found.drop_connections()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


Mailers = Callable[..., SmtpMailer]


@pytest.fixture
async def mailer(sink: Sink, clock: ManualClock) -> AsyncIterator[Mailers]:
    made: list[SmtpMailer] = []

    def make(breaker: CircuitBreaker | None = None, **settings: Any) -> SmtpMailer:
        server = MailServer(**{"host": "127.0.0.1", "port": sink.port, "sender": SENDER, **settings})
        made.append(SmtpMailer(server, clock, breaker=breaker))
        return made[-1]

    yield make
    for made_mailer in made:
        await made_mailer.close()


async def test_a_mail_is_recognisable_when_it_is_repeated(mailer: Mailers, sink: Sink) -> None:
    sender = mailer()
    for _ in range(2):
        await sender.send(MAIL)
    (envelope_from, to, raw), (_, _, again) = sink.mails
    assert (envelope_from, to) == ("no-reply@paspor.example", ["sri.contoh@example.org"])
    assert raw == again
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Message-ID"] == "<delivery-1@paspor.example>"
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, MAIL.to, MAIL.subject)
    assert message["Date"].datetime.isoformat() == "2026-11-23T02:00:00+00:00"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().strip() == MAIL.body.strip()


async def test_a_letter_is_attached(mailer: Mailers, sink: Sink) -> None:
    letter = Attachment("surat.pdf", "application/pdf", b"%PDF-1.7 \x00\xff" * 1000)
    await mailer().send(Mail("d", "a@example.org", "Surat", "Terlampir", letter))
    message = email.message_from_bytes(sink.mails[0][2], policy=email.policy.default)
    [attached] = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("surat.pdf", "application/pdf")
    assert attached.get_content() == letter.content


async def test_words_beyond_ascii_arrive_whole(mailer: Mailers, sink: Sink) -> None:
    long_line = "é" * 2000
    mail = Mail("d", MAIL.to, "Surat — 1", f"Terlampir “PDF”\n{long_line}\n.\nakhir\n")
    await mailer(sender="Pelayanan Café <no-reply@paspor.example>").send(mail)
    message = email.message_from_bytes(sink.mails[0][2], policy=email.policy.default)
    assert (message["Subject"], message["From"]) == (mail.subject, "Pelayanan Café <no-reply@paspor.example>")
    assert message.get_content().replace("\r\n", "\n").strip() == mail.body.strip()


async def test_connections_are_few_and_kept(mailer: Mailers, sink: Sink) -> None:
    sender = mailer(rules=MailRules(connections=3))
    await asyncio.gather(*(sender.send(MAIL) for _ in range(30)))
    assert len(sink.mails) == 30
    assert len(sink.connections) <= 3


async def test_a_connection_that_died_is_opened_again(mailer: Mailers, sink: Sink) -> None:
    sender = mailer()
    await sender.send(MAIL)
    sink.drop_connections()
    await sender.send(MAIL)
    assert len(sink.mails) == 2


@pytest.mark.parametrize(
    ("step", "answer", "refusal"),
    [
        ("recipient", "550 no such mailbox", MessageRefused),
        ("recipient", "450 mailbox busy", UpstreamDown),
        ("data", "554 refused", MessageRefused),
        ("data", "451 try later", UpstreamDown),
    ],
)
async def test_what_the_server_says_of_a_mail_is_told_and_the_connection_kept(
    mailer: Mailers, sink: Sink, step: str, answer: str, refusal: type[Exception]
) -> None:
    sender = mailer()
    setattr(sink, step, answer)
    with pytest.raises(refusal) as refused:
        await sender.send(MAIL)
    assert getattr(refused.value, "reason", "") == f"smtp_{answer[:3]}"
    setattr(sink, step, "250 OK")
    await sender.send(MAIL)
    assert len(sink.connections) == 1


async def test_a_server_that_is_away_opens_the_breaker_and_greylisting_does_not(
    mailer: Mailers, sink: Sink, clock: ManualClock
) -> None:
    breaker = CircuitBreaker("smtp", clock, failures_to_open=2)
    sink.recipient = "450 later"
    for _ in range(3):
        with pytest.raises(UpstreamDown):
            await mailer(breaker).send(MAIL)
    assert breaker.state is Circuit.CLOSED
    for _ in range(2):
        with pytest.raises(UpstreamDown) as refused:
            await mailer(breaker, port=1).send(MAIL)
        assert refused.value.reason == "connection_lost"
    with pytest.raises(UpstreamDown) as refused:
        await mailer(breaker).send(MAIL)
    assert refused.value.reason == "circuit_open"


async def test_a_silent_server_is_given_up(mailer: Mailers, sink: Sink) -> None:
    sink.silent = True
    with pytest.raises(UpstreamDown) as refused:
        await mailer(rules=MailRules(answer_seconds=0.2)).send(MAIL)
    assert refused.value.reason == "timeout"


async def test_giving_up_ourselves_says_nothing_about_the_server(
    mailer: Mailers, sink: Sink, clock: ManualClock
) -> None:
    sink.silent = True
    breaker = CircuitBreaker("smtp", clock, failures_to_open=1)
    sending = asyncio.create_task(mailer(breaker).send(MAIL))
    async with asyncio.timeout(10):
        while not sink.connections:  # noqa: ASYNC110 - the server tells no event
            await asyncio.sleep(0.005)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert breaker.state is Circuit.CLOSED


@pytest.mark.parametrize(("password", "reason"), [("right", ""), ("wrong", "smtp_535")])
async def test_the_password_is_used_and_a_wrong_one_is_our_trouble(
    mailer: Mailers, sink: Sink, password: str, reason: str
) -> None:
    sender = mailer(username="paspor", password=SecretStr(password), starttls=False)
    if not reason:
        await sender.send(MAIL)
        return
    with pytest.raises(UpstreamDown) as refused:
        await sender.send(MAIL)
    assert refused.value.reason == reason


async def test_encryption_that_is_demanded_and_not_offered_sends_nothing(mailer: Mailers, sink: Sink) -> None:
    with pytest.raises(UpstreamDown):
        await mailer(starttls=True).send(MAIL)
    assert sink.mails == []


@pytest.mark.parametrize("address", ["a@example.org\r\nBcc: b@example.org", "bö@example.org"])
async def test_an_address_that_cannot_be_written_is_refused(mailer: Mailers, sink: Sink, address: str) -> None:
    with pytest.raises(MessageRefused):
        await mailer().send(Mail("d", address, "s", "b"))
    assert sink.connections == []


# ---- the SMS gateway ----

SMS = Sms("delivery-1", "+6281200000678", "Paspor: kode verifikasi 012345.")
SECRET = "invented-secret"


@dataclass
class Gateway:
    """The simulator, and how to tell it to misbehave."""

    server: TestServer
    behave: Callable[..., Awaitable[None]]
    messages: Callable[[], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def gateway(clock: ManualClock) -> AsyncIterator[Gateway]:

    settings = SimulatorSettings(sms_client_secret=SecretStr(SECRET))
    server = TestServer(create_app(settings, clock.now))
    await server.start_server()
    session = aiohttp.ClientSession(server.make_url("/"))

    async def behave(mode: str) -> None:
        async with session.put("/control/behaviour", json={"operation": "send", "mode": mode}) as said:
            assert said.status == 200

    async def messages() -> list[dict[str, Any]]:
        async with session.get("/control/messages") as said:
            return list((await said.json())["messages"])

    yield Gateway(server, behave, messages)
    await session.close()
    await server.close()


@pytest.fixture
async def client(gateway: Gateway, clock: ManualClock) -> AsyncIterator[HttpSmsGateway]:
    url = str(gateway.server.make_url("/")).rstrip("/")
    found = HttpSmsGateway(url, SecretStr(SECRET), clock, SeededRandomness(1))
    yield found
    await found.close()


async def test_an_sms_is_handed_in_once_however_often_it_is_sent(client: HttpSmsGateway, gateway: Gateway) -> None:
    for _ in range(2):
        await client.send(SMS)
    [message] = await gateway.messages()
    assert (message["to"], message["text"], message["reference"]) == (SMS.to, SMS.text, "delivery-1")


async def test_a_lost_answer_is_no_second_sms(client: HttpSmsGateway, gateway: Gateway) -> None:
    await gateway.behave("lose_answer")
    with pytest.raises(UpstreamDown):
        await client.send(SMS)
    await gateway.behave("ok")
    await client.send(SMS)
    assert len(await gateway.messages()) == 1


async def test_other_words_under_a_key_that_was_taken_count_as_sent(client: HttpSmsGateway, gateway: Gateway) -> None:
    await client.send(SMS)
    await client.send(Sms(SMS.delivery_id, SMS.to, "Paspor: kode baru."))
    assert len(await gateway.messages()) == 1


async def test_a_number_that_is_rejected_is_never_tried_again(client: HttpSmsGateway, gateway: Gateway) -> None:
    await gateway.behave("reject")
    with pytest.raises(MessageRefused) as refused:
        await client.send(SMS)
    assert refused.value.reason == "sms_422"


@pytest.mark.parametrize("mode", ["unavailable", "error", "down"])
async def test_a_gateway_in_trouble_is_tried_later(client: HttpSmsGateway, gateway: Gateway, mode: str) -> None:
    await gateway.behave(mode)
    with pytest.raises(UpstreamDown):
        await client.send(SMS)


async def test_a_wrong_secret_is_our_trouble_and_tried_later(gateway: Gateway, clock: ManualClock) -> None:
    url = str(gateway.server.make_url("/"))
    stranger = HttpSmsGateway(url, SecretStr("another-secret"), clock, SeededRandomness(1))
    with pytest.raises(UpstreamDown) as refused:
        await stranger.send(SMS)
    await stranger.close()
    assert refused.value.reason == "status_401"
