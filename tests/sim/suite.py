"""The five services with settings of their own, put into a world with all their outside agencies."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import time
from functools import cache
from typing import Any, TypeVar

from services.application import app as application_app
from services.application.alerts import BOOK_WITHOUT_PAYMENT
from services.application.config import Settings as ApplicationSettings
from services.application.paper_reading.app import build_reading
from services.application.rules import PapersReading
from services.billing import app as billing_app
from services.billing.alerts import OPERATOR_ALERTS
from services.billing.config import Settings as BillingSettings
from services.identity import app as identity_app
from services.identity.config import Settings as IdentitySettings
from services.notification import app as notification_app
from services.notification.config import Settings as NotificationSettings
from services.scheduling import app as scheduling_app
from services.scheduling.config import Settings as SchedulingSettings
from services.scheduling.office import Office
from services.scheduling.offices.session import SessionPlan, WeeklyTemplate, WeeklyTemplates
from services.scheduling.terms import Pool
from services.scheduling.visit.day_sheets.day_sheet import DaySheet
from services.scheduling.visit.day_sheets.evening_sheets import SheetWriters
from services.scheduling.visit.day_sheets.views import sheet_json
from shared.crypto.sealed import new_keypair
from shared.events.subscriptions import SERVICES
from shared.service import Parts, Platform
from shared.settings import ServiceSettings
from shared.tokens import new_signing_key_pem
from tests.papers import PlainPapers
from tests.sim.outside import (
    NOTICE_SECRET,
    CivilRegistry,
    Eye,
    Issuance,
    Paymaster,
    PostOffice,
    Reader,
    Treasury,
    Writer,
)
from tests.sim.world import World

S = TypeVar("S", bound=ServiceSettings)

OFFICE = Office("bogor", "Bogor", "I", False, "Kota Bogor", "3271", "Jawa Barat", "WIB", "Asia/Jakarta")
"""One that makes both kinds of passport: scholars travel on an ordinary one."""
HORIZON_DAYS = 3
WATCH_ENDED_SECONDS = 12 * 3600
"""Longer than anybody here pays late."""
LEAVING_GRACE_SECONDS = 2 * 86400
"""Long enough for everything that somebody does meanwhile, and for storms."""


@dataclass(frozen=True)
class Rings:
    """The master keys and the fingerprint keys that a service is started with."""

    master: str
    fingerprints: str


def _key(key_id: str, letter: bytes) -> str:
    return f"{key_id}:{base64.b64encode(letter * 32).decode()}"


OLD_RINGS = Rings(_key("k1", b"m"), _key("k1", b"f"))
NEW_RINGS = Rings(_key("k2", b"n"), _key("k2", b"g"))
NEW_AND_OLD = Rings(f"{NEW_RINGS.master},{OLD_RINGS.master}", f"{NEW_RINGS.fingerprints},{OLD_RINGS.fingerprints}")


@dataclass(frozen=True)
class Keys:
    """Made once per test process: what is encrypted differs, what happens does not."""

    signing_pem: str
    notification_private: str
    notification_public: str
    application_private: str
    application_public: str


@cache
def keys() -> Keys:
    """The keys of this process."""
    notification, application = new_keypair(), new_keypair()
    return Keys(
        new_signing_key_pem(),
        notification.private_key_b64,
        notification.public_key_b64,
        application.private_key_b64,
        application.public_key_b64,
    )


def common(rings: Rings) -> dict[str, Any]:
    """What every service's settings need."""
    return {
        "environment": "test",
        "mongo_url": "mongodb://nowhere/",
        "amqp_url": "amqp://nowhere/",
        "master_keys": rings.master,
        "fingerprint_keys": rings.fingerprints,
    }


def settings_of(kind: type[S], rings: Rings, **own: Any) -> S:
    """A service's settings, read once per test process: they never change, and each life of a process asks."""
    known = _settings.get((kind, rings))
    if known is None:
        known = _settings[kind, rings] = kind.load(**common(rings), **own)
    assert isinstance(known, kind)
    return known


_settings: dict[tuple[type[ServiceSettings], Rings], ServiceSettings] = {}


class Agencies:
    """Everybody outside."""

    def __init__(self, world: World) -> None:
        self.registry = CivilRegistry(world)
        self.treasury = Treasury(world)
        self.paymaster = Paymaster(world)
        self.post = PostOffice(world)
        self.issuance = Issuance(world)
        self.eye = Eye()
        self.reader: Reader | None = None
        """Reads papers; without it no machine does."""
        self.writer = Writer()
        self.rings = dict.fromkeys(SERVICES, OLD_RINGS)
        """By service; an operator gives others."""


def build_suite(world: World, agencies: Agencies, *, seats: int) -> None:
    """Put all five services into the world; every session has that many seats."""
    world.add("identity", lambda platform: _identity(platform, agencies))
    world.add("application", lambda platform: _application(platform, agencies))
    world.add("scheduling", lambda platform: _scheduling(platform, agencies, seats))
    world.add("billing", lambda platform: _billing(platform, agencies))
    world.add("notification", lambda platform: _notification(platform, agencies))
    world.told_to_operators |= {*OPERATOR_ALERTS, "seat_waits_too_long", BOOK_WITHOUT_PAYMENT}


def _identity(platform: Platform, agencies: Agencies) -> Parts:
    settings = settings_of(
        IdentitySettings,
        agencies.rings["identity"],
        token_signing_keys=keys().signing_pem,
        notification_sealing_public_key=keys().notification_public,
        application_sealing_public_key=keys().application_public,
        dukcapil_password="x",
        leaving_grace_seconds=LEAVING_GRACE_SECONDS,
    )
    return identity_app.build(settings, platform, dukcapil=agencies.registry)


def _application(platform: Platform, agencies: Agencies) -> Parts:
    settings = settings_of(
        ApplicationSettings,
        agencies.rings["application"],
        sealing_private_keys=keys().application_private,
        notification_sealing_public_key=keys().notification_public,
    )
    if agencies.reader is not None:
        settings = settings.model_copy(update={"papers_reading": PapersReading.WANTED})
    parts = application_app.build(
        settings, platform, dpri=agencies.issuance, inspector=agencies.eye, writer=agencies.writer
    )
    if agencies.reader is None:
        return parts
    return replace(parts, events={**parts.events, **build_reading(settings, platform, reader=agencies.reader).events})


def _scheduling(platform: Platform, agencies: Agencies, seats: int) -> Parts:
    settings = settings_of(
        SchedulingSettings,
        agencies.rings["scheduling"],
        queue_code_signing_keys=OLD_RINGS.master,
        horizon_days=HORIZON_DAYS,
    )
    plans = tuple(_plan(hour, seats) for hour in (9, 13))
    templates = WeeklyTemplates(WeeklyTemplate(frozenset(range(7)), plans))
    return scheduling_app.build(settings, platform, offices=[OFFICE], templates=templates, writers=PLAIN_SHEETS)


async def _no_typesetting(sheet: DaySheet) -> bytes:
    return sheet.signed.encode()


PLAIN_SHEETS = SheetWriters(sheet_json, _no_typesetting)


def _plan(hour: int, seats: int) -> SessionPlan:
    return SessionPlan(time(hour), time(hour + 3), seats, 30, seats, {Pool.REGULAR: seats})


def _billing(platform: Platform, agencies: Agencies) -> Parts:
    settings = settings_of(
        BillingSettings,
        agencies.rings["billing"],
        simponi_client_secret="x",
        simponi_callback_secrets=f"k1:{NOTICE_SECRET}",
        bill_watch_ended_seconds=WATCH_ENDED_SECONDS,
    )
    return billing_app.build(settings, platform, simponi=agencies.treasury, treasury=agencies.paymaster)


def _notification(platform: Platform, agencies: Agencies) -> Parts:
    settings = settings_of(
        NotificationSettings,
        agencies.rings["notification"],
        sealing_private_keys=keys().notification_private,
        sms_secret="x" * 16,
        sms_callback_secret="y" * 16,
        operator_email="operator@paspor.example",
    )
    return notification_app.build(
        settings, platform, mailer=agencies.post.mailer, sms=agencies.post.sms_gateway, typesetter=PlainPapers()
    )
