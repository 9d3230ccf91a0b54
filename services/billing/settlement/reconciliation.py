"""Reconciliation: a day's settlement file is taken whole or not at all, and compared with what is booked here.

Both directions: a payment in the file that is unknown here becomes a receipt and gets its outcome; a payment booked
here that no file shows in time becomes a case. Every step is safe to repeat, and progress is written every few
thousand lines.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import Final

from services.billing.alerts import SETTLEMENT_FILE_MISSING, SETTLEMENT_FILE_REFUSED, alert
from services.billing.cases.follow_up import CaseFollowUp, about_receipt
from services.billing.cases.model import Subject
from services.billing.cases.payment_confirmation import SETTLEMENT, PaymentConfirmation
from services.billing.context import UseCaseContext
from services.billing.receipts.model import SimponiWord
from services.billing.receipts.payments import PaymentIntake
from services.billing.receipts.repository import ReceiptRepository
from services.billing.receipts.settled_lines import SettledLine, SettledLineRepository
from services.billing.rules import seconds
from services.billing.settlement import model as settlements
from services.billing.settlement.model import (
    FROM_SIMPONI,
    LEARNT_PER_RUN,
    LINES_PER_BATCH,
    LINES_PER_RUN,
    Counts,
    FileNotSigned,
    FileRefused,
    Settlement,
    SettlementDay,
    SettlementLine,
    SettlementSource,
    SettlementState,
    Splitter,
    Verifier,
)
from services.billing.settlement.repository import SETTLEMENT_DAYS, SETTLEMENTS, SettlementRepository
from services.billing.simponi import Simponi, SimponiBilling
from shared.calendar.working_days import day_in_jakarta
from shared.crypto.detached import DetachedVerifier, SignatureDoesNotFit
from shared.errors import UpstreamDown
from shared.events.codes import PaymentCaseKind
from shared.files.port import PIECE_BYTES, FileMeta, FileStore
from shared.ids import Ids
from shared.logs import get_logger
from shared.store.kinds import Record

log = get_logger(__name__)

TRIES_TO_ALERT: Final = 6
"""Tries to fetch a day's file after which the operators hear of it: an hour."""

HOUR: Final = timedelta(hours=1)
LEFT_BEHIND: Final = timedelta(days=1)
"""A stored file that nothing refers to for so long was left behind by a crash."""


class Reconciliation:
    """Fetch, accept and compare settlement files."""

    def __init__(
        self,
        context: UseCaseContext,
        files: FileStore,
        ids: Ids,
        receipts: ReceiptRepository,
        settlements: SettlementRepository,
        settled_lines: SettledLineRepository,
        simponi: Simponi,
        signatures: DetachedVerifier,
        payments: PaymentIntake,
        cases: CaseFollowUp,
        confirming: PaymentConfirmation,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.settlement
        self._files = files
        self._ids = ids
        self._receipts = receipts
        self._settlements = settlements
        self._settled_lines = settled_lines
        self._simponi = simponi
        self._signatures = signatures
        self._payments = payments
        self._cases = cases
        self._confirming = confirming

    # the days

    async def owe_days(self) -> None:
        """Note that each ended day owes a file, and delete files that a crash left behind. Safe to repeat."""
        for day in settlements.owed_days(self._clock.now(), self._policy):
            if await self._settlements.settlement_day(day) is None:
                owed = settlements.owe(day, self._policy)
                await self._aggregates.insert(SETTLEMENT_DAYS, day.isoformat(), owed)
        await self._delete_left_behind()

    async def fetch_due(self, record: Record[SettlementDay]) -> None:
        """Fetch the day's file; an incomplete one has no effect and is fetched again."""
        day = record.state.day
        try:
            taken = await self.take_file(
                self._simponi.settlement(day), FROM_SIMPONI, day, source=SettlementSource.FETCHED
            )
        except UpstreamDown as down:
            log.warning("billing.settlement_not_fetched", day=day.isoformat(), reason=down.reason)
            await self._fetch_later(record)
        except FileRefused as broken:
            tell = alert if record.state.tries + 1 in (1, TRIES_TO_ALERT) else log.warning
            tell(SETTLEMENT_FILE_REFUSED, day=day.isoformat(), why=type(broken).__name__, line=broken.line)
            await self._fetch_later(record)
        else:
            log.info("billing.settlement_fetched", settlement_id=taken.settlement_id, lines=taken.lines)

    async def _fetch_later(self, record: Record[SettlementDay]) -> None:
        if record.state.tries + 1 == TRIES_TO_ALERT:
            alert(SETTLEMENT_FILE_MISSING, day=record.state.day.isoformat())
        later = settlements.fetch_later(record.state, self._clock.now(), self._policy)
        await self._aggregates.save(SETTLEMENT_DAYS, record, later)

    async def missing_due(self, record: Record[SettlementDay]) -> None:
        """Open a case for each receipt learnt that day that no settlement file has shown by now."""
        day, now = record.state.day, self._clock.now()
        if not await self._files_are_here(day):
            await self._aggregates.save(
                SETTLEMENT_DAYS, record, settlements.check_later(record.state, now, self._policy)
            )
            return
        end = settlements.day_end(day)
        start = settlements.day_end(day - timedelta(days=1))
        while start < end:
            await self._open_cases_of_missing(await self._settled_lines.learnt_between(start, min(start + HOUR, end)))
            start += HOUR
        await self._aggregates.save(SETTLEMENT_DAYS, record, settlements.receipts_checked(record.state))

    async def _files_are_here(self, day: date) -> bool:
        """Return whether the file of this day and of each day after it, whose file is due, was compared."""
        ready = self._clock.now() - seconds(self._policy.ready_seconds)
        last = day_in_jakarta(ready)
        while day < last:
            owed = await self._settlements.settlement_day(day)
            file = await self._settlements.settlement(owed.state.settlement_id or "") if owed else None
            if file is None or file.state.state != SettlementState.COMPARED:
                return False
            day += timedelta(days=1)
        return True

    async def _open_cases_of_missing(self, ntpns: Sequence[str]) -> None:
        for start in range(0, len(ntpns), LINES_PER_BATCH):
            batch = ntpns[start : start + LINES_PER_BATCH]
            shown = await self._settled_lines.shown(batch)
            for ntpn in batch:
                receipt = None if ntpn in shown else await self._receipts.receipt(ntpn)
                if receipt is not None:
                    await self._cases.open(PaymentCaseKind.PAID_HERE_UNSETTLED, (ntpn,), about_receipt(receipt.state))

    # the file

    async def take_file(
        self,
        pieces: AsyncIterable[bytes],
        received_from: str,
        day: date | None = None,
        *,
        source: SettlementSource = SettlementSource.CLAIMED,
        signature: str | None = None,
    ) -> Settlement:
        """Keep a file once it was seen to be whole; the same content again meets the first. Constant memory.

        With SIMPONI's signature it is SIMPONI's word, regardless of the uploader. A claimed file becomes
        SIMPONI's word when the same content is fetched or comes signed. Only SIMPONI's word is the file that its day
        owes.

        Raises:
            FileRefused: it is not whole, or the signature is not SIMPONI's; nothing of it was kept.
        """
        file_id = f"{SETTLEMENT}-{self._ids.new()}"
        try:
            summary = await self._store(file_id, pieces, day)
            if signature is not None:
                source = self._verify_source(signature, summary)
        except BaseException:
            await self._files.delete(file_id)
            raise
        # Where the store does not answer here, what was stored may be referred to: only the sweeper may judge.
        taken = settlements.take_in(summary, file_id, received_from, self._clock.now(), source)
        new = await self._aggregates.insert(SETTLEMENTS, taken.state.settlement_id, taken)
        if new is None:
            await self._files.delete(file_id)
        kept = new or await self._aggregates.change(
            SETTLEMENTS,
            taken.state.settlement_id,
            lambda known: settlements.vouch(known, source, self._clock.now()),
        )
        if not kept.state.is_claim:
            await self._record_file_of_day(kept.state.day, kept.state.settlement_id)
        return kept.state

    def _verify_source(self, signature: str, summary: settlements.Summary) -> SettlementSource:
        try:
            key_id = self._signatures.verify(signature, settlements.signed_words(summary))
        except SignatureDoesNotFit:
            raise FileNotSigned(summary.lines + 1) from None
        log.info("billing.settlement_signed", settlement_id=settlements.settlement_id(summary), key_id=key_id)
        return SettlementSource.SIGNED

    async def _store(self, file_id: str, pieces: AsyncIterable[bytes], day: date | None) -> settlements.Summary:
        verifier, waiting, offset = Verifier(), bytearray(), 0
        await self._files.create(file_id, FileMeta("text/csv"))
        async for piece in pieces:
            verifier.feed(piece)
            waiting += piece
            while len(waiting) >= PIECE_BYTES:
                offset = await self._files.append(file_id, offset, bytes(waiting[:PIECE_BYTES]))
                del waiting[:PIECE_BYTES]
        summary = verifier.finish(day)
        if waiting:
            await self._files.append(file_id, offset, bytes(waiting))
        await self._files.finish(file_id)
        return summary

    async def _record_file_of_day(self, day: date, settlement_id: str) -> None:
        owed = settlements.owe(day, self._policy)
        if await self._aggregates.insert(
            SETTLEMENT_DAYS, day.isoformat(), settlements.file_received(owed.state, settlement_id)
        ):
            return
        await self._aggregates.change(
            SETTLEMENT_DAYS, day.isoformat(), lambda known: settlements.file_received(known, settlement_id)
        )

    async def _delete_left_behind(self) -> None:
        before = self._clock.now() - LEFT_BEHIND
        async for file_id in self._files.older_than(before, not_before=before - LEFT_BEHIND):
            if file_id.startswith(f"{SETTLEMENT}-") and not await self._settlements.refers_to(file_id):
                await self._files.delete(file_id)

    # the lines

    async def compare_due(self, record: Record[Settlement]) -> None:
        """Compare the next lines and store the progress; the remaining lines are due at once."""
        counts, offset = Counts(), record.state.offset_bytes
        compare = self._compare_claim if record.state.is_claim else self._compare
        async with aclosing(self._batches(record.state)) as batches:
            async for batch, end in batches:
                try:
                    counts, offset = counts.plus(await compare(record.state, batch)), end
                except UpstreamDown as down:
                    await self._ask_again(record, counts, offset, down)
                    return
                if counts.lines >= LINES_PER_RUN or counts.new_here >= LEARNT_PER_RUN:
                    break
        now = self._clock.now()
        saved = await self._aggregates.save(SETTLEMENTS, record, settlements.advance(record.state, counts, offset, now))
        if saved.state.state != SettlementState.COMPARING:
            log.info("billing.settlement_compared", settlement_id=record.id, lines=saved.state.counts.lines)

    async def _ask_again(self, record: Record[Settlement], counts: Counts, offset: int, down: UpstreamDown) -> None:
        """Store the progress of a claimed file while SIMPONI does not answer; the remaining lines wait."""
        log.info("billing.claim_not_answered", settlement_id=record.id, reason=down.reason)
        waiting = settlements.ask_again(record.state, counts, offset, self._clock.now(), self._policy)
        await self._aggregates.save(SETTLEMENTS, record, waiting)

    async def _batches(self, settlement: Settlement) -> AsyncGenerator[tuple[list[SettlementLine], int], None]:
        """Yield the lines after the stored progress in batches, each with the byte offset of its end."""
        splitter, batch, skip = Splitter(), list[SettlementLine](), settlement.offset_bytes
        number, offset, day = settlement.counts.lines, settlement.offset_bytes, settlement.day.isoformat()
        async for piece in self._files.read(settlement.file_id):
            part, skip = piece[skip:], max(0, skip - len(piece))
            for raw in splitter.feed(part):
                if number >= settlement.lines:
                    break
                number += 1
                offset += len(raw) + 1
                batch.append(settlements.read_line(raw, number, day))
                if len(batch) == LINES_PER_BATCH:
                    yield batch, offset
                    batch = []
        if batch:
            yield batch, offset

    async def _compare(self, settlement: Settlement, batch: Sequence[SettlementLine]) -> Counts:
        lines = {line.ntpn: line for line in reversed(batch)}  # of one number twice, the first
        doubled = [line for line in batch if lines[line.ntpn] is not line]
        doubled += await self._shown_before(settlement, lines)
        for line in doubled:
            if lines.get(line.ntpn) is line:
                del lines[line.ntpn]
            await self._cases.open(PaymentCaseKind.DOUBLE_LINE, _key(settlement, line), _about(settlement, line))
        strange, differing = await self._find_new_and_differing(settlement, lines)
        learnt = 0
        for line in strange:
            learnt += await self._book_new_payment(settlement, line)
        return Counts(
            known=len(lines) - len(strange) - len(differing),
            learnt=learnt,
            unknown=len(strange) - learnt,
            differing=len(differing),
            doubled=len(doubled),
        )

    async def _find_new_and_differing(
        self, settlement: Settlement, lines: dict[str, SettlementLine]
    ) -> tuple[list[SettlementLine], list[SettlementLine]]:
        """Return the lines that are new here and those that contradict a receipt; each of the latter gets a case."""
        booked = await self._settled_lines.booked(list(lines))
        strange = [line for ntpn, line in lines.items() if ntpn not in booked]
        differing = [
            line for ntpn, line in lines.items() if ntpn in booked and booked[ntpn] != (line.amount, line.billing_code)
        ]
        for line in differing:
            subject = _about(settlement, line, amount_here=booked[line.ntpn][0])
            await self._cases.open(PaymentCaseKind.AMOUNT_DIFFERS, (line.ntpn,), subject)
        return strange, differing

    async def _compare_claim(self, settlement: Settlement, batch: Sequence[SettlementLine]) -> Counts:
        """Compare lines of a file that a person brought. They book nothing by themselves, and do not count as shown:
        SIMPONI is asked about each payment that is new here, and what it does not know becomes a case.

        Raises:
            UpstreamDown: SIMPONI does not answer; no line of this batch has had an effect on money.
        """
        lines = {line.ntpn: line for line in reversed(batch)}
        doubled = [line for line in batch if lines[line.ntpn] is not line]
        for line in doubled:
            await self._cases.open(PaymentCaseKind.DOUBLE_LINE, _key(settlement, line), _about(settlement, line))
        strange, differing = await self._find_new_and_differing(settlement, lines)
        answers = await self._confirming.ask_about(line.billing_code for line in strange)
        counts = Counts(
            known=len(lines) - len(strange) - len(differing), differing=len(differing), doubled=len(doubled)
        )
        for line in strange:
            counts = counts.plus(await self._book_claimed_payment(settlement, line, answers[line.billing_code]))
        return counts

    async def _book_claimed_payment(
        self, settlement: Settlement, line: SettlementLine, billing: SimponiBilling | None
    ) -> Counts:
        """Book a claimed payment with the values that SIMPONI gives, or open a case if SIMPONI does not know it."""
        told = next((payment for payment in billing.payments if payment.ntpn == line.ntpn), None) if billing else None
        if told is None:
            await self._cases.open(PaymentCaseKind.CLAIMED_BY_FILE, (line.ntpn,), _about(settlement, line))
            return Counts(unconfirmed=1)
        if told.amount != line.amount:
            subject = _about(settlement, line, amount_here=told.amount)
            await self._cases.open(PaymentCaseKind.AMOUNT_DIFFERS, (line.ntpn,), subject)
        known = await self._payments.knows_code(told.billing_code)
        if not known:
            await self._cases.open(PaymentCaseKind.SETTLED_UNKNOWN_HERE, (line.ntpn,), _about(settlement, line))
        await self._confirming.book_claimed(told)
        if told.amount != line.amount:
            return Counts(differing=1)
        return Counts(learnt=1) if known else Counts(unknown=1)

    async def _shown_before(self, settlement: Settlement, lines: dict[str, SettlementLine]) -> list[SettlementLine]:
        """Return the lines that a file has shown before; a newer file of the same day corrects an earlier one."""
        shown = [_settled_line(settlement, line) for line in lines.values()]
        if await self._settled_lines.keep_lines(shown) == len(shown):
            return []
        earlier, again = await self._settled_lines.settled_lines(list(lines)), []
        for line in shown:
            known = earlier.get(line.ntpn, line)
            if known.day != line.day or (known.settlement_id == line.settlement_id and known.number != line.number):
                again.append(lines[line.ntpn])
            elif (known.amount, known.billing_code) != (line.amount, line.billing_code):
                await self._settled_lines.replace_line(line)
        return again

    async def _book_new_payment(self, settlement: Settlement, line: SettlementLine) -> bool:
        """Book a payment that is new here and return whether its bill is known; if not, open a case first."""
        known = await self._payments.knows_code(line.billing_code)
        if not known:  # first, for once the receipt is here nothing else would ask
            await self._cases.open(PaymentCaseKind.SETTLED_UNKNOWN_HERE, (line.ntpn,), _about(settlement, line))
        signed = settlement.source is SettlementSource.SIGNED
        word = SimponiWord.SIGNED_SETTLEMENT if signed else SimponiWord.FETCHED_SETTLEMENT
        await self._payments.take(line.payment(), SETTLEMENT, word)
        return known


def _settled_line(settlement: Settlement, line: SettlementLine) -> SettledLine:
    return SettledLine(line.ntpn, line.billing_code, line.amount, settlement.day, settlement.settlement_id, line.number)


def _key(settlement: Settlement, line: SettlementLine) -> tuple[str, ...]:
    return (line.ntpn, settlement.settlement_id, str(line.number))


def _about(settlement: Settlement, line: SettlementLine, *, amount_here: int | None = None) -> Subject:
    return Subject(
        billing_code=line.billing_code,
        ntpn=line.ntpn,
        ntb=line.ntb,
        amount_here=amount_here,
        amount_there=line.amount,
        settlement_id=settlement.settlement_id,
        line=line.number,
        brought_by=settlement.received_from if settlement.is_claim else None,
    )
