"""How often one mail is handed in: once, but for a process that ends between the server's word and the write of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from services.notification.clients import UNANSWERED, MailServer, SmtpMailer
from services.notification.deliveries import sender
from services.notification.deliveries.delivery import State
from services.notification.deliveries.ports import Mail
from services.notification.rules import MailRules
from shared.clock import ManualClock
from shared.errors import UpstreamDown
from shared.events import billing
from shared.store.port import StoreUnavailable
from tests.conftest import START
from tests.unit.notification.samples import event_of
from tests.unit.notification.world import World, a_card


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.hears(a_card(phone=None))
    await made.hears(event_of(billing.BillPaid))
    yield made


class Killed(BaseException):
    """The process ends here: no handler of ours sees it as trouble."""


POINTS: Final = {
    "before it is claimed": 1,
    "between claim and the mail itself": 1,
    "while the mail is on its way": 1,
    "between the server's word and the write": 2,
    "after the write": 1,
}
"""Where the process is killed, and how often the mail arrives then: at-least-once leaves exactly one such window."""


def rig(world: World, point: str) -> None:
    """Kill the process at the point, once."""
    taken, save = world.mailer.taken, world.store.save
    left = [point]

    def at(name: str) -> None:
        if left == [name]:
            left.clear()
            raise Killed

    async def hand_in(message: Any) -> None:
        at("between claim and the mail itself")
        at("while the mail is on its way")  # without its last line the server keeps nothing
        taken.append(message)

    async def save_or_die(*given: Any, **named: Any) -> Any:
        if taken:
            at("between the server's word and the write")
        saved = await save(*given, **named)
        if taken:
            at("after the write")
        return saved

    world.mailer.send = hand_in  # type: ignore[method-assign]
    world.store.save = save_or_die  # type: ignore[method-assign]


def reborn(world: World) -> None:
    """Another process goes on with the same store; what the dead one had in memory is gone."""
    world.service.sender._in_hand.clear()


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_doubles_a_mail_in_one_window_only(world: World, point: str) -> None:
    rig(world, point)
    if point != "before it is claimed":
        with pytest.raises(Killed):
            await world.works()
    reborn(world)
    await world.passes(60)
    await world.passes(60)
    assert len(world.mails) == POINTS[point]
    assert len({mail.delivery_id for mail in world.mails}) == 1  # one Message-ID: receivers can tell
    assert [record.state.state for record in await world.deliveries()] == [State.SENT]


def store_that_is_away(world: World, failures: int) -> list[int]:
    """The next saves meet a store that is away; tells how often it was asked."""
    save, asked = world.store.save, [0]

    async def away(*given: Any, **named: Any) -> Any:
        asked[0] += 1
        if world.mails and asked[0] <= failures:
            raise StoreUnavailable("no primary")
        return await save(*given, **named)

    world.store.save = away  # type: ignore[method-assign]
    return asked


async def works_while_time_passes(world: World) -> None:
    """Run what is due while the clock goes on in steps of a fifth of a second."""
    working = asyncio.create_task(world.works())
    for _ in range(200):
        await asyncio.sleep(0)
        if working.done():
            break
        world.clock.advance(0.2)
    await working


async def test_a_store_that_is_away_after_the_servers_word_is_waited_for(world: World) -> None:
    asked = store_that_is_away(world, 50)
    await works_while_time_passes(world)
    await world.passes(60)
    assert (len(world.mails), asked[0]) == (1, 51)
    assert [record.state.state for record in await world.deliveries()] == [State.SENT]


async def test_without_waiting_for_the_store_it_comes_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: an acceptance that is written once or not at all, as it was."""

    async def once(self: Any, record: Any) -> None:
        await self.end(record, sender.delivery.accept(record.state, record.id, self._context.now()))

    monkeypatch.setattr(sender.Sender, "_note_taken", once)
    store_that_is_away(world, 1)
    with pytest.raises(StoreUnavailable):
        await world.works()
    await world.passes(60)
    assert len(world.mails) == 2


async def test_a_write_whose_answer_was_lost_is_found_again(world: World) -> None:
    save, lost = world.store.save, []

    async def lose_the_answer(*given: Any, **named: Any) -> Any:
        saved = await save(*given, **named)
        if world.mails and not lost:
            lost.append(1)
            raise StoreUnavailable("the connection broke")
        return saved

    world.store.save = lose_the_answer  # type: ignore[method-assign]
    await works_while_time_passes(world)
    await world.passes(60)
    assert (len(world.mails), lost) == (1, [1])


class Slow:
    """A mail server that has the mail and takes its time to say so."""

    def __init__(self, world: World) -> None:
        self.answer = asyncio.Event()
        self.asked = 0
        self._world = world

    async def send(self, mail: Any) -> None:
        self.asked += 1
        await self.answer.wait()
        self._world.mailer.taken.append(mail)


async def slowly(world: World, monkeypatch: pytest.MonkeyPatch, *, held: bool) -> int:
    """How often a mail is handed in whose server answers after a minute, with two workers that look for work."""
    slow = Slow(world)
    world.mailer.send = slow.send  # type: ignore[method-assign]
    monkeypatch.setattr(sender, "HOLD_SECONDS", 0.01 if held else 60.0)
    first = asyncio.create_task(world.works())
    while not slow.asked:  # noqa: ASYNC110 - nothing to wait on
        await asyncio.sleep(0)
    known = [record.version for record in await world.deliveries()]
    while held and [record.version for record in await world.deliveries()] == known:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    world.clock.advance(sender.HOLD_SECONDS if held else 40)
    other = _another_process(world)
    second = asyncio.create_task(other)
    await asyncio.sleep(0.05)
    slow.answer.set()
    await asyncio.gather(first, second)
    return slow.asked


async def _another_process(world: World) -> None:
    """A replica: it shares the store and knows nothing of what this one has in hand."""
    in_hand, world.service.sender._in_hand = world.service.sender._in_hand, set()
    try:
        await world.works()
    finally:
        world.service.sender._in_hand = in_hand


async def test_a_slow_server_is_not_given_the_mail_by_a_second_replica(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await slowly(world, monkeypatch, held=True) == 1
    assert [record.state.state for record in await world.deliveries()] == [State.SENT]


async def test_without_holding_it_a_slow_server_gets_it_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the lease runs out while the server thinks."""
    assert await slowly(world, monkeypatch, held=False) == 2


# ---- on the wire -----------------------------------------------------------

MAIL: Final = Mail("delivery-1", "sri.contoh@example.org", "Kode", "Kode\n")


class Script:
    """A mail server of a few lines: it says what it is told to, once per mail."""

    def __init__(self, *, breaks: bool, delay_seconds: float = 0.0) -> None:
        self.breaks = breaks
        self.delay_seconds = delay_seconds
        self.whole_mails = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                self.whole_mails += 1
                await asyncio.sleep(self.delay_seconds)
                if self.breaks:
                    break
            writer.write(b"250 taken\r\n")
        writer.close()


async def handed_in(script: Script, **settings: Any) -> str:
    """Hand one mail in twice over, the second on the kept connection; the trouble of the last try, if any."""
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mailer = SmtpMailer(
        MailServer("127.0.0.1", port, "Paspor <a@paspor.example>", rules=MailRules(**settings)), _clock()
    )
    script.breaks, breaks = False, script.breaks
    await mailer.send(MAIL)
    script.breaks = breaks
    try:
        await mailer.send(MAIL)
    except UpstreamDown as trouble:
        return trouble.reason
    finally:
        await mailer.close()
        server.close()
    return ""


def _clock() -> ManualClock:
    return ManualClock(START)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_kept_connection_that_breaks_after_the_mail_is_not_tried_again_at_once() -> None:
    script = Script(breaks=True)
    assert await handed_in(script) == UNANSWERED
    assert script.whole_mails == 2  # one for each of the two times it was handed in


@pytest.mark.usefixtures("socket_enabled")
async def test_the_servers_word_may_take_longer_than_everything_before() -> None:
    script = Script(breaks=False, delay_seconds=0.5)
    assert await handed_in(script, timeout_seconds=0.3, answer_seconds=30.0) == ""
    assert script.whole_mails == 2


@pytest.mark.usefixtures("socket_enabled")
async def test_with_one_patience_for_all_it_would_be_given_up_and_sent_again() -> None:
    """The twin: the answer is awaited no longer than the rest."""
    server = await asyncio.start_server(Script(breaks=False, delay_seconds=0.5), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    short = MailServer("127.0.0.1", port, "Paspor <a@paspor.example>", rules=MailRules(0.3, 0.1))
    mailer = SmtpMailer(short, _clock())
    with pytest.raises(UpstreamDown, match="timeout"):
        await mailer.send(MAIL)
    await mailer.close()
    server.close()
