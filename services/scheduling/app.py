"""Composition root of scheduling."""

from __future__ import annotations

import csv
import tomllib
from datetime import time
from pathlib import Path
from typing import Final

from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.config import Settings
from services.scheduling.endpoints import ENDPOINTS
from services.scheduling.erasures.shelves import SchedulingShelves, tell_erasure
from services.scheduling.handlers import Handlers
from services.scheduling.http import USE_CASES
from services.scheduling.office import Office, office_from_row, slug
from services.scheduling.offices.facts import FactsTable, facts_table
from services.scheduling.offices.session import WeeklyTemplates, templates_from
from services.scheduling.repositories import KINDS
from services.scheduling.use_cases import Scheduling
from services.scheduling.visit.day_sheets.evening_sheets import SheetWriters
from services.scheduling.visit.day_sheets.pdf import write_sheet
from services.scheduling.visit.day_sheets.views import sheet_json
from shared.audit import AUDIT_KINDS
from shared.calendar.decree_check import decree_chore
from shared.chain import CHAIN_KINDS
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.events.identity import SessionEnded
from shared.key_turn.service import KEY_TURN
from shared.own_data.answers import EXPORT_ANSWER
from shared.retention.service import RETENTION_KINDS, Retention
from shared.service import Parts, Platform
from shared.sessions import ENDED_SESSION, EndedSessions

DATA: Final = Path(__file__).parent / "data"


def _read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; lines that begin with # are remarks."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def read_offices(path: Path = DATA / "offices.csv") -> list[Office]:
    """Return the reference table of offices with the regencies that each serves."""
    areas: dict[str, list[str]] = {}
    for row in _read_rows(path.with_name("working_areas.csv")):
        areas.setdefault(row["office_id"], []).append(row["regency"])
    return [office_from_row(row, tuple(areas.get(slug(row["name"]), ()))) for row in _read_rows(path)]


def read_templates(path: Path = DATA / "weekly_template.toml") -> WeeklyTemplates:
    """Return the weekly templates and the closed days of the file."""
    return templates_from(tomllib.loads(path.read_text(encoding="utf-8")))


def read_facts(folder: Path = DATA) -> FactsTable:
    """Return the facts that offices start with: by class, products with dates, positions, priority limits."""
    positions = _read_rows(folder / "positions.csv")
    facts, products = (
        tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in ("office_facts.toml", "products.toml")
    )
    return facts_table(facts, products, positions)


def build(
    settings: Settings,
    platform: Platform,
    *,
    offices: list[Office] | None = None,
    templates: WeeklyTemplates | None = None,
    writers: SheetWriters | None = None,
) -> Parts:
    """Return the service's parts; tests and the simulation may bring offices, templates and paper of their own."""
    service = Scheduling(
        platform,
        rules=settings.rules(),
        codes=QueueCodes(settings.queue_code_keyring()),
        templates=templates or read_templates(),
        horizon_days=settings.horizon_days,
        facts=read_facts(),
        four_eyes=settings.four_eyes(),
        cipher=FieldCipher(settings.master_keyring()),
        opening_rules=settings.opening_rules(),
        fingerprints=Fingerprints(settings.fingerprint_keyring()),
        writers=writers or SheetWriters(sheet_json, write_sheet),
        evening_at=time.fromisoformat(settings.day_sheet_at),
        limits_scale=settings.limits_scale,
    )
    retention = Retention(
        "scheduling",
        platform,
        SchedulingShelves(service.context, platform.store, service.audit).all(),
        told=tell_erasure,
        rules=settings.retention_rules(),
        per_second=settings.retention_per_second,
        look_again_after=settings.erasure_look_again_after(),
    )
    service.keep_retention(retention)
    handlers = Handlers(service)
    ended_sessions = EndedSessions(platform.store, platform.clock)
    known_offices = read_offices() if offices is None else offices

    async def start() -> None:
        await service.bookable_sessions.load_offices(known_offices)
        await service.bookable_sessions.roll_horizon()
        await service.evenings.plan()

    return Parts(
        name="scheduling",
        service=service,
        key=USE_CASES,
        kinds=(*KINDS, EXPORT_ANSWER, *AUDIT_KINDS, *CHAIN_KINDS, ENDED_SESSION, KEY_TURN, *RETENTION_KINDS),
        endpoints=ENDPOINTS,
        events={**handlers.events(), SessionEnded: ended_sessions.note, **retention.events()},
        sessions=ended_sessions,
        deadlines={**handlers.deadlines(), **retention.deadlines(), **service.key_turns.deadlines()},
        chores=[
            *handlers.chores(),
            decree_chore(platform.clock),
            *service.seat_chains.chores(),
            *service.audit_book.kept.chores(),
            *retention.chores(),
        ],
        invariants={
            "I1": service.checks.seats_add_up,
            "I1_offers": service.waiting_list.offers_have_seats,
            "I2": service.checks.one_appointment_each,
            "I4_visits": service.paid_visits.each_is_in_one_place,
            "I10_seats": service.seat_chains.kept.checks.only_grow_and_miss_nothing,
            "I10_scheduling_audit": service.audit_book.kept.checks.only_grow_and_miss_nothing,
        },
        start=start,
    )
