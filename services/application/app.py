"""How application is put together: for the process, for tests and for the simulation alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from services.application.applications import repository as applications
from services.application.clients import CrossingsClient, DpriClient
from services.application.config import Settings
from services.application.context import UseCaseContext
from services.application.crossings import repository as crossings
from services.application.crossings.ports import BorderCrossings
from services.application.documents.pictures import PictureInspector, picture_pool
from services.application.documents.ports import Inspector
from services.application.documents.scanning import ScanningInspector
from services.application.earlier_books.client import EarlierBooksClient
from services.application.earlier_books.ports import EarlierBooks
from services.application.endpoints import ENDPOINTS
from services.application.erasures.end_time_notes import END_TIMES, EndTimeNotes
from services.application.erasures.shelves import ApplicationShelves, tell_erasure
from services.application.evidence.repository import EVIDENCE
from services.application.handlers import Handlers
from services.application.http import APPLICATION
from services.application.issuance.ports import Dpri
from services.application.leavings.repository import LEAVING_COPY
from services.application.letters.pdf import TypstWriter, letter_pool
from services.application.letters.ports import LetterWriter
from services.application.malware.clamd import ClamdScanner
from services.application.passport_imports.repository import PASSPORT_IMPORT
from services.application.passports.repository import PASSPORT
from services.application.requirements.rule_set import load_rules
from services.application.use_cases import UseCases
from shared.assistance import ASSISTANCE_COPY
from shared.audit import AUDIT_KINDS
from shared.chain import CHAIN_KINDS
from shared.events.identity import SessionEnded
from shared.key_turn.service import KEY_TURN
from shared.own_data.answers import EXPORT_ANSWER
from shared.retention.service import RETENTION_KINDS, Retention
from shared.service import Chore, Parts, Platform
from shared.sessions import ENDED_SESSION, EndedSessions
from shared.store.kinds import Kind
from shared.workers.pool import WorkerFigures

NAME: Final = "application"
KINDS: Final[tuple[Kind[Any], ...]] = (
    *applications.KINDS,
    PASSPORT,
    PASSPORT_IMPORT,
    EVIDENCE,
    LEAVING_COPY,
    ASSISTANCE_COPY,
    END_TIMES,
    *crossings.KINDS,
)


def build(
    settings: Settings,
    platform: Platform,
    *,
    dpri: Dpri,
    inspector: Inspector | None = None,
    writer: LetterWriter | None = None,
    border: BorderCrossings | None = None,
    earlier_books: EarlierBooks | None = None,
) -> Parts:
    """The service's parts. Without an `inspector` pictures are decoded in a thread, without a writer letters too;
    without a `border` system there are no border crossings, and without `earlier_books` they are not asked for.
    """
    context = UseCaseContext.on_platform(settings, platform)
    inspector, writer = inspector or PictureInspector(), writer or TypstWriter()
    service = UseCases(context, load_rules(), dpri, inspector, writer, border, earlier_books)
    shelves = ApplicationShelves(
        context,
        service.applications,
        service.passport_records,
        service.evidence,
        service.audit,
        service.crossings.repository,
    ).all()
    service.retention = retention = Retention(
        NAME,
        platform,
        shelves,
        told=tell_erasure,
        rules=settings.retention_rules(),
        per_second=settings.retention_per_second,
        look_again_after=settings.erasure_look_again_after(),
    )
    end_times = EndTimeNotes(
        context, service.applications, retention.sweeping.begin_again, settings.retention_per_second
    )
    handlers = Handlers(service)
    ended_sessions = EndedSessions(platform.store, platform.clock)

    async def sweep() -> None:
        await service.sweeper.sweep()

    return Parts(
        name=NAME,
        service=service,
        key=APPLICATION,
        kinds=(*KINDS, EXPORT_ANSWER, *AUDIT_KINDS, *CHAIN_KINDS, ENDED_SESSION, KEY_TURN, *RETENTION_KINDS),
        endpoints=ENDPOINTS,
        events={**handlers.events(), SessionEnded: ended_sessions.note, **retention.events()},
        sessions=ended_sessions,
        commands=handlers.commands(),
        deadlines={
            **handlers.deadlines(),
            **retention.deadlines(),
            **end_times.deadlines(),
            **service.key_turns.deadlines(),
        },
        chores=(
            Chore("sweep_files", settings.upload_rules.sweep_seconds, sweep),
            *service.audit_book.kept.chores(),
            *retention.chores(),
            *end_times.chores(),
        ),
        invariants={
            "I9": service.issuance.only_accepted_documents_were_handed_over,
            "I21": service.paper_readings.no_page_is_read_past_its_time,
            "I10_application_audit": service.audit_book.kept.checks.only_grow_and_miss_nothing,
        },
        close=dpri.close,
    )


def assemble(settings: Settings, platform: Platform) -> Parts:
    """The parts with the real agencies, and pictures and letters made in processes of their own."""
    dpri, figures = DpriClient.from_settings(settings, platform), WorkerFigures()
    border = CrossingsClient.from_settings(settings, platform)
    pictures, letters = picture_pool(settings.decodes_at_once, figures), letter_pool(figures)
    books = EarlierBooksClient.from_settings(settings, platform) if settings.earlier_books_asked else None

    async def close() -> None:
        await pictures.close()
        await letters.close()
        await dpri.close()
        for client in (border, books):
            if client is not None:
                await client.close()

    inspector, writer = PictureInspector(pictures), TypstWriter(letters)
    parts = build(settings, platform, dpri=dpri, inspector=inspector, writer=writer, border=border, earlier_books=books)
    return replace(parts, figures=(*parts.figures, *figures.collectors), close=close)


def scanning(settings: Settings, inspector: Inspector) -> Inspector:
    """The inspector that looks at what ClamAV has scanned, where the settings name its socket."""
    if not settings.clamd_socket:
        return inspector
    return ScanningInspector(ClamdScanner(settings.clamd_socket, settings.clamd_largest_bytes), inspector)
