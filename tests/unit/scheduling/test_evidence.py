"""Evidence of visitors: under the key of their account, or of the visit where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.special_reschedule_right import Special, SpecialState
from services.scheduling.booking.appointments.walk_in import WalkIn, WalkInReason
from services.scheduling.visit.evidence import (
    COUNTER_EVIDENCE,
    OFFLINE_EVIDENCE,
    SPECIAL_EVIDENCE,
    EvidenceVault,
    evidence_subject,
    is_appointment_current,
    is_offline_day_current,
    line_owner,
)
from services.scheduling.visit.offline.offline_day import LineKind, OfflineDay, RecordedLine
from shared.clock import ManualClock
from shared.crypto.fields import FieldCipher
from shared.events.codes import SpecialCause
from shared.person_keys.errors import PersonErased
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from tests.conftest import START
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD

VISIT: Any = Appointment(Status.CONFIRMED, True, "application-1", "account-1", "person-1", START)
DAY = date(2026, 11, 23)
TEXT = "surat keterangan rumah sakit"


def keys_of(table: MemoryKeyTable, keyring: Any = NEW) -> PersonKeys:
    return PersonKeys(table, keyring, ManualClock(START), "scheduling")


def old(text: str, owner_id: str, field: str) -> str:
    return FieldCipher(OLD).seal(text, owner_id=owner_id, field=field)


async def test_evidence_dies_with_the_key_of_the_account() -> None:
    keys = keys_of(MemoryKeyTable())
    vault = EvidenceVault(keys)
    named = {"subject_id": evidence_subject("visit-1", VISIT), "owner_id": "visit-1", "field": SPECIAL_EVIDENCE}
    sealed = await vault.seal(TEXT, **named)
    assert await vault.open(sealed, **named) == TEXT
    await keys.destroy("account-1")
    assert await vault.open(sealed, **named) is None
    with pytest.raises(PersonErased):
        await vault.seal(TEXT, **named)


def test_a_visit_without_account_is_its_own_subject() -> None:
    assert evidence_subject("visit-1", VISIT) == "account-1"
    assert evidence_subject("visit-1", replace(VISIT, account_id="")) == "visit-1"


async def test_an_appointments_evidence_is_turned() -> None:
    special = Special(SpecialState.ASKED, next(iter(SpecialCause)), START, old(TEXT, "visit-1", SPECIAL_EVIDENCE))
    walk_in = WalkIn(WalkInReason.ELDERLY, "officer-1", START, old("KTP", "visit-1", COUNTER_EVIDENCE))
    visit = replace(VISIT, special=special, walk_in=walk_in)
    assert not is_appointment_current("visit-1", visit)
    table = MemoryKeyTable()
    turned = await EvidenceVault(keys_of(table, BOTH)).appointment_turned("visit-1", visit)
    assert is_appointment_current("visit-1", turned)
    assert turned.special is not None and turned.walk_in is not None
    vault = EvidenceVault(keys_of(table, NEW))
    of_special = {"subject_id": "account-1", "owner_id": "visit-1", "field": SPECIAL_EVIDENCE}
    assert await vault.open(str(turned.special.evidence), **of_special) == TEXT
    of_walk_in = {"subject_id": "visit-1", "owner_id": "visit-1", "field": COUNTER_EVIDENCE}
    assert await vault.open(str(turned.walk_in.evidence), **of_walk_in) == "KTP"


async def test_an_offline_days_evidence_is_turned_line_by_line() -> None:
    owner = line_owner("office-1", DAY, "line-1")
    shown = RecordedLine(LineKind.COUNTER, START, "officer-1", START, evidence=old(TEXT, owner, OFFLINE_EVIDENCE))
    plain = RecordedLine(LineKind.COUNTER, START, "officer-1", START)
    day = OfflineDay("office-1", DAY, {"line-1": shown, "line-2": plain})
    assert not is_offline_day_current("day", day)
    table = MemoryKeyTable()
    turned = await EvidenceVault(keys_of(table, BOTH)).offline_day_turned("day", day)
    assert is_offline_day_current("day", turned)
    assert turned.lines["line-2"] == plain
    named = {"subject_id": owner, "owner_id": owner, "field": OFFLINE_EVIDENCE}
    assert await EvidenceVault(keys_of(table, NEW)).open(str(turned.lines["line-1"].evidence), **named) == TEXT


async def test_what_has_no_evidence_needs_no_key() -> None:
    table = MemoryKeyTable()
    assert await EvidenceVault(keys_of(table)).appointment_turned("visit-1", VISIT) == VISIT
    assert is_appointment_current("visit-1", VISIT)
    assert table.records == {}
