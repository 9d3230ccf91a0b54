"""The register of breaches: entries, the search for the persons concerned, notices that two operators agree to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from services.identity.accounts.repository import ACCOUNT
from services.identity.alerts import BREACH_NOTICE_DUE, alert
from services.identity.breaches import breach as rules
from services.identity.breaches.breach import (
    BREACH_TRANSITIONS,
    Breach,
    BreachCommand,
    BreachFacts,
    BreachScope,
    BreachState,
)
from services.identity.breaches.errors import (
    BreachSearchNotDone,
    BreachStepNotNow,
    BreachStillOwed,
    BreachTimesWrong,
    BreachUnknown,
)
from services.identity.breaches.repository import (
    BATCH,
    BREACH,
    BREACH_NOTICE,
    BREACH_PERSON,
    BreachNotice,
    BreachPerson,
    BreachRepository,
)
from services.identity.breaches.vault import BreachVault
from services.identity.context import UseCaseContext
from services.identity.data_reads.repository import DataReadRepository
from services.identity.metrics import Metrics
from services.identity.staff.errors import SecondOperatorNeeded
from shared.errors import Refusal
from shared.events.identity import PersonalDataBreached
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller

_REFUSALS: dict[type[Exception], type[Refusal]] = {
    rules.TimesContradict: BreachTimesWrong,
    rules.SearchNotDone: BreachSearchNotDone,
    rules.SecondPersonNeeded: SecondOperatorNeeded,
    rules.StillToBeTold: BreachStillOwed,
}


@dataclass(frozen=True)
class BreachSeen:
    """An entry with its words in clear, for operators."""

    breach_id: str
    breach: Breach
    words: str | None = None


class Breaches:
    """The use cases of the register."""

    def __init__(self, context: UseCaseContext, metrics: Metrics) -> None:
        self._context = context
        self._breaches = BreachRepository(context)
        self._reads = DataReadRepository(context)
        self._vault = BreachVault(context.seals)
        self._metrics = metrics

    async def open(self, caller: Caller, facts: BreachFacts, words: str | None, command_id: str) -> BreachSeen:
        """Open an entry; a repeat of the command meets the first one.

        Raises:
            BreachTimesWrong
        """
        breach_id, now = derived_id("breach", command_id), self._context.now()
        try:
            opened = rules.open_breach(facts, self._vault.seal(breach_id, words), caller.account_id, now)
        except rules.TimesContradict:
            raise BreachTimesWrong from None
        try:
            return self._seen(await self._context.store.insert(BREACH, breach_id, opened, now=now))
        except AlreadyExists:
            return await self.get_breach(breach_id)

    async def describe(self, breach_id: str, facts: BreachFacts, words: str | None) -> BreachSeen:
        """Write down what is known now. When it was found stays.

        Raises:
            BreachUnknown, BreachStepNotNow, BreachTimesWrong
        """
        sealed, now = self._vault.seal(breach_id, words), self._context.now()
        return await self._change(breach_id, lambda breach: rules.describe(breach, facts, sealed, now))

    async def search(self, caller: Caller, breach_id: str, scope: BreachScope, command_id: str) -> BreachSeen:
        """Ask for a search of the persons concerned; it runs by itself. Again is no error.

        Raises:
            BreachUnknown, BreachStepNotNow, BreachTimesWrong
        """
        search_id, now = derived_id("breach_search", command_id), self._context.now()

        def ask(breach: Breach) -> Breach:
            if breach.search is not None and breach.search.search_id == search_id:
                return breach
            return rules.ask_search(breach, search_id, scope, caller.account_id, now)

        return await self._change(breach_id, ask)

    async def propose(self, caller: Caller, breach_id: str, command: BreachCommand) -> BreachSeen:
        """Propose the notices, or the dismissal, to a second operator. Again by the same operator is no error.

        Raises:
            BreachUnknown, BreachStepNotNow. BreachSearchNotDone: no search has ended.
        """
        wanted, now = BREACH_TRANSITIONS.after(BreachState.OPEN, command), self._context.now()

        def ask(breach: Breach) -> Breach:
            if (breach.state, breach.proposed_by) == (wanted, caller.account_id):
                return breach
            return rules.propose(breach, command, caller.account_id, now)

        return await self._change(breach_id, ask)

    async def decide(self, caller: Caller, breach_id: str, *, approved: bool) -> BreachSeen:
        """Agree as a second operator, or send the entry back. Again by the same operator is no error.

        Raises:
            BreachUnknown, BreachStepNotNow. SecondOperatorNeeded: the caller proposed it.
        """
        command, now = BreachCommand.APPROVE if approved else BreachCommand.SEND_BACK, self._context.now()
        after = (BreachState.NOTIFIED, BreachState.DISMISSED) if approved else (BreachState.OPEN,)

        def answer(breach: Breach) -> Breach:
            if breach.decided_by == caller.account_id and breach.state in after:
                return breach
            return rules.decide(breach, command, caller.account_id, now)

        return await self._change(breach_id, answer)

    async def note_agency(self, breach_id: str, told_at: datetime, reference: str) -> BreachSeen:
        """Write down that the agency was told, with its reference; the first word stays.

        Raises:
            BreachUnknown, BreachTimesWrong
        """
        now = self._context.now()
        return await self._change(breach_id, lambda breach: rules.tell_agency(breach, told_at, reference, now))

    async def reopen(self, breach_id: str) -> BreachSeen:
        """Open a notified entry again, because more was found out.

        Raises:
            BreachUnknown, BreachStepNotNow
        """
        return await self._change(breach_id, rules.reopen)

    async def close(self, breach_id: str) -> BreachSeen:
        """Close an entry whose agency and persons were told.

        Raises:
            BreachUnknown, BreachStepNotNow, BreachStillOwed
        """
        now = self._context.now()
        return await self._change(breach_id, lambda breach: rules.close(breach, now))

    async def get_breach(self, breach_id: str) -> BreachSeen:
        """Return one entry.

        Raises:
            BreachUnknown
        """
        record = await self._breaches.breach(breach_id)
        if record is None:
            raise BreachUnknown
        return self._seen(record)

    async def register(self) -> list[Record[Breach]]:
        """Return the register, newest first."""
        return await self._breaches.newest()

    async def persons(self, breach_id: str, after: str, limit: int) -> list[str]:
        """Return the accounts that the entry's last search found, in order, from behind ``after`` on.

        Raises:
            BreachUnknown
        """
        search = (await self.get_breach(breach_id)).breach.search
        return await self._breaches.persons_after(search.search_id, after, limit) if search is not None else []

    # by itself

    async def run_search(self, record: Record[Breach]) -> None:
        """Find the accounts of the scope. It may run twice: what was found is not found again."""
        search = record.state.search
        if search is None or search.done_at is not None:
            return
        waiting: dict[str, BreachPerson] = {}
        async for account_id in self._accounts_in(search.scope):
            person_id = derived_id("breach_person", search.search_id, account_id)
            waiting[person_id] = BreachPerson(search.search_id, account_id)
            if len(waiting) >= BATCH:
                await self._breaches.add_persons(list(waiting.items()), self._context.now())
                waiting.clear()
        await self._breaches.add_persons(list(waiting.items()), self._context.now())
        persons, now = await self._breaches.count_persons(search.search_id), self._context.now()
        await self._save(record, rules.finish_search(record.state, search.search_id, persons, now))

    async def tell_persons(self, record: Record[Breach]) -> None:
        """Hand a notice for each person to notification; one who was told of this breach before is not told again."""
        search, facts = record.state.search, record.state.facts
        if search is None or record.state.state is not BreachState.NOTIFIED:
            return
        while untold := await self._breaches.untold(search.search_id):
            for person in untold:
                await self._tell(record.id, facts, person)
        await self._save(record, rules.finish_telling(record.state, self._context.now()))

    async def alert_if_due(self, record: Record[Breach]) -> None:
        """Alert operators that the agency or a person is still to be told."""
        hours = rules.due_alert(record.state, self._context.now())
        if hours is None:
            return
        alert(BREACH_NOTICE_DUE, breach_id=record.id, hours=hours, due_at=record.state.due_at.isoformat())
        self._metrics.breach_alerts.labels(hours=str(hours)).inc()
        await self._save(record, rules.alerted(record.state, hours))

    async def _accounts_in(self, scope: BreachScope) -> AsyncIterator[str]:
        if scope.everybody:
            async for account in self._context.store.scan(ACCOUNT):
                yield account.id
            return
        async for entry in self._reads.entries_between(scope.since, scope.until):
            if scope.takes_in(entry.kind, entry.office_id, entry.reader_id):
                yield entry.account_id

    async def _tell(self, breach_id: str, facts: BreachFacts, person: Record[BreachPerson]) -> None:
        account_id, now = person.state.account_id, self._context.now()
        notice, event = BreachNotice(breach_id, account_id, now), _told(breach_id, account_id, facts)
        notice_id = derived_id("breach_notice", breach_id, account_id)
        with suppress(AlreadyExists):  # told by an earlier search, or before a crash
            await self._context.store.insert(BREACH_NOTICE, notice_id, notice, now=now, events=[event])
        await self._context.store.save(BREACH_PERSON, person, replace(person.state, told=True), now=now)

    async def _save(self, record: Record[Breach], state: Breach) -> None:
        await self._context.store.save(BREACH, record, state, now=self._context.now())

    async def _change(self, breach_id: str, decide: Callable[[Breach], Breach]) -> BreachSeen:
        record = await self._breaches.breach(breach_id)
        if record is None:
            raise BreachUnknown

        def attempt(breach: Breach) -> Decision[Breach]:
            try:
                return Decision(decide(breach))
            except IllegalTransition:
                raise BreachStepNotNow(state=breach.state.value, breach_id=breach_id) from None
            except tuple(_REFUSALS) as refused:
                raise _REFUSALS[type(refused)](breach_id=breach_id) from None

        store, clock = self._context.store, self._context.clock
        return self._seen(await change(store, clock, BREACH, breach_id, attempt, first=record))

    def _seen(self, record: Record[Breach]) -> BreachSeen:
        return BreachSeen(record.id, record.state, self._vault.open(record.id, record.state.words_sealed))


def _told(breach_id: str, account_id: str, facts: BreachFacts) -> PersonalDataBreached:
    return PersonalDataBreached(
        breach_id=breach_id,
        account_id=account_id,
        cause=facts.cause.value,
        kinds=tuple(kind.value for kind in facts.kinds),
        measures=tuple(measure.value for measure in facts.measures),
        found_at=facts.found_at,
        begun_at=facts.begun_at,
        ended_at=facts.ended_at,
    )
