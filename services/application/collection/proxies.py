"""Proxies: the holder announces a person who may collect the passport, or takes it back; the counter checks them.

A member of the family comes with the family card, anybody else with a letter of authority that the holder signed
(notice of the immigration offices on collection).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.application.applications.access import refuse_strangers
from services.application.applications.application import Application
from services.application.applications.collection import Collector, Proxy
from services.application.applications.errors import ApplicationEnded, StepComesFirst
from services.application.applications.next_step import Step
from services.application.applications.service import Applications
from services.application.applications.timeline import author_of, with_line
from services.application.collection.errors import (
    CollectedOtherwise,
    CollectorNotNeeded,
    CollectorsPapersNotSeen,
    NoProxyAnnounced,
    ProxyIsHolder,
    ProxyNotAuthorised,
)
from services.application.collection.transitions import proxy_announced, proxy_taken_back
from services.application.context import Actor, UseCaseContext
from shared.errors import SomeoneElseChangedIt
from shared.events.codes import CollectedBy
from shared.store.decision import Decision
from shared.store.kinds import Record


class CollectorsPaper(StrEnum):
    """Papers of a person who collects a passport for its holder."""

    IDENTITY_CARD = "identity_card"
    FAMILY_CARD = "family_card"
    LETTER_OF_AUTHORITY = "letter_of_authority"


PAPERS: Final[Mapping[str, tuple[CollectorsPaper, ...]]] = {
    CollectedBy.SELF: (),
    CollectedBy.FAMILY: (CollectorsPaper.IDENTITY_CARD, CollectorsPaper.FAMILY_CARD),
    CollectedBy.PROXY: (CollectorsPaper.IDENTITY_CARD, CollectorsPaper.LETTER_OF_AUTHORITY),
}
"""The papers that must be seen of each."""


@dataclass(frozen=True)
class CheckedCollector:
    """A collector who was compared with the proxy that the holder had announced by then."""

    sealed: str | None
    compared_with: Proxy | None
    is_compared: bool

    def refuse(self, application: Application) -> None:
        """Return if the holder has not announced or taken back a proxy meanwhile.

        Raises:
            SomeoneElseChangedIt: they have.
        """
        if self.is_compared and application.proxy != self.compared_with:
            raise SomeoneElseChangedIt


@dataclass(frozen=True)
class SeenProxy:
    """A proxy as its holder sees them; ``collector`` is None where there is none."""

    application_id: str
    proxy: Proxy | None
    collector: Collector | None


class Proxies:
    """The use cases of proxies."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def see(self, application_id: str, who: Actor) -> SeenProxy:
        """Return the proxy of an application of the caller's own.

        Raises:
            NotFound: it is not the caller's.
        """
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        return await self._seen(record)

    async def announce(self, application_id: str, collector: Collector, who: Actor) -> SeenProxy:
        """Let a person collect the passport, in place of the one who was announced before; the same again is no error.

        Raises:
            NotFound: it is not the caller's. ApplicationEnded. StepComesFirst: it is not submitted or confirmed.
            ProxyIsHolder: the NIK is the holder's own.
        """
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        refuse_unless_confirmed(record.state)
        if (await self._applications.card(record.state.applicant_id)).nik == collector.nik:
            raise ProxyIsHolder(field="/nik")
        known = await self._seen(record)
        if known.collector == collector and known.proxy is not None and known.proxy.is_announced:
            return known
        sealed = await self._applications.vault.seal_collector(collector, application_id, record.state.applicant_id)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application]:
            refuse_unless_confirmed(application)
            decision = proxy_announced(application_id, application, sealed, now)
            return with_line(decision, f"proxy:{now.isoformat()}", now, "proxy_announced", author_of(who))

        return await self._seen(await self._applications.change(application_id, decide))

    async def take_back(self, application_id: str, who: Actor) -> SeenProxy:
        """Let the announced person collect the passport no more; again is no error.

        Raises:
            NotFound: it is not the caller's. ApplicationEnded: it was collected, or ended.
            NoProxyAnnounced: there is no such person.
        """
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            refuse_unless_confirmed(application)
            if application.proxy is None:
                raise NoProxyAnnounced
            if not application.proxy.is_announced:
                return None
            decision = proxy_taken_back(application, application.proxy, now)
            return with_line(decision, f"proxy_back:{now.isoformat()}", now, "proxy_taken_back", author_of(who))

        return await self._seen(await self._applications.change(application_id, decide))

    async def check(
        self,
        record: Record[Application],
        collected_by: str,
        collector: Collector | None,
        papers_seen: Collection[str],
    ) -> CheckedCollector:
        """Return the collector, sealed, once the papers are seen and the holder is not against them.

        An application that is not live is not looked at: what is told of it is decided later.

        Raises:
            CollectorNotNeeded: the holder comes in person, and a collector is named.
            CollectorsPapersNotSeen: a paper is missing, or the person is not named.
            ProxyIsHolder: the NIK is the holder's own.
            ProxyNotAuthorised: the holder has announced another person, or has taken this one back.
        """
        if collected_by == CollectedBy.SELF and collector is not None:
            raise CollectorNotNeeded(field="/collector")
        if collected_by == CollectedBy.SELF or not record.state.live:
            return CheckedCollector(None, None, is_compared=False)
        missing = [paper.value for paper in PAPERS[collected_by] if collector is None or paper not in papers_seen]
        if missing or collector is None:
            raise CollectorsPapersNotSeen(missing)
        application, vault = record.state, self._applications.vault
        if (await self._applications.card(application.applicant_id)).nik == collector.nik:
            raise ProxyIsHolder(field="/collector/nik")
        is_proxy = collected_by == CollectedBy.PROXY
        if is_proxy and application.proxy is not None:
            known = await vault.collector(application.proxy.sealed, record.id, application.applicant_id)
            if application.proxy.is_announced is not (known.nik == collector.nik):
                raise ProxyNotAuthorised(field="/collector/nik")
        sealed = await vault.seal_collector(collector, record.id, application.applicant_id)
        return CheckedCollector(sealed, application.proxy, is_compared=is_proxy)

    async def refuse_other_collector(
        self, record: Record[Application], collected_by: str, collector: Collector | None
    ) -> None:
        """Return if the passport was collected as told; a collector whose name is not kept any more is not compared.

        Raises:
            CollectedOtherwise: another person collected it.
        """
        application = record.state
        if application.collected_by != collected_by:
            raise CollectedOtherwise(field="/collected_by")
        sealed = application.collector_sealed
        if sealed is None:
            return
        if await self._applications.vault.collector(sealed, record.id, application.applicant_id) != collector:
            raise CollectedOtherwise(field="/collector")

    async def _seen(self, record: Record[Application]) -> SeenProxy:
        proxy = record.state.proxy
        if proxy is None:
            return SeenProxy(record.id, None, None)
        vault, applicant_id = self._applications.vault, record.state.applicant_id
        return SeenProxy(record.id, proxy, await vault.collector(proxy.sealed, record.id, applicant_id))


def refuse_unless_confirmed(application: Application) -> None:
    """Return if the application was submitted, its identity is confirmed, and it has not ended.

    Raises:
        ApplicationEnded. StepComesFirst.
    """
    if not application.live:
        raise ApplicationEnded(state=application.status.value)
    if application.submitted_at is None:
        raise StepComesFirst(Step.SUBMIT)
    if not application.identity_confirmed:
        raise StepComesFirst(Step.IDENTITY)
