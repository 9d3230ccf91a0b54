"""The registry behind CALL_VERIFY_BY_ELEMEN: it says whether fields match, never what it knows.

The official interface text is not public. Field names and answers follow public code and vendors' documents; the answer
to a used-up quota (RESPONSE_CODE 05) is this project's assumption.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from difflib import SequenceMatcher
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulators.errors import RequestMalformed, SimulatorFull

MAX_PEOPLE = 200_000
WIB = timezone(timedelta(hours=7))
THRESHOLD_FIELD = "TRESHOLD"  # spelt so by the service
DEFAULT_THRESHOLD_PERCENT = 100
CREDENTIAL_FIELDS = frozenset({"user_id", "password", "ip_user"})
SIMILAR_FIELDS = frozenset({"NAMA_LGKP", "TMPT_LHR", "ALAMAT"})
SEX_WORDS = {"male": "Laki-Laki", "female": "Perempuan"}

SixteenDigits = Annotated[str, Field(pattern=r"^[0-9]{16}$")]
Status = Literal["active", "deceased", "duplicate", "inactive"]

REFUSALS: dict[str, tuple[str, str]] = {
    "deceased": ("11", "Data Ditemukan, Status Meninggal Dunia"),
    "duplicate": ("12", "Data Ditemukan, Status Duplicate"),
    "unknown": ("13", "Data Tidak Ditemukan"),
    "inactive": ("14", "Data Ditemukan, Status Non Aktif, Silakan Hubungi Dinas Dukcapil"),
    "malformed": ("15", "NIK Tidak Sesuai Format Dukcapil"),
    "quota": ("05", "Kuota Akses Hari Ini Telah Habis"),
}


class Person(BaseModel):
    """An invented person. ``elements`` holds further fields under their service names (ALAMAT, STATUS_KAWIN, ...)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    nik: SixteenDigits
    full_name: str = Field(min_length=1, max_length=100)
    birth_place: str = Field(min_length=1, max_length=60)
    birth_date: date
    sex: Literal["male", "female"]
    family_card_number: SixteenDigits
    status: Status = "active"
    elements: dict[str, str] = Field(default_factory=dict, max_length=30)

    def expected(self) -> dict[str, str]:
        """Return the registry's values under the service's field names."""
        return {
            **self.elements,
            "NIK": self.nik,
            "NO_KK": self.family_card_number,
            "NAMA_LGKP": self.full_name,
            "TMPT_LHR": self.birth_place,
            "TGL_LHR": self.birth_date.strftime("%d-%m-%Y"),
            "JENIS_KLMIN": SEX_WORDS[self.sex],
        }


class KeptRegistry(BaseModel):
    """The registry as a restart must not lose it."""

    people: list[Person]
    day: date | None
    used: int


class Registry:
    """People by NIK and the daily quota of calls (WIB days)."""

    def __init__(self, people: Iterable[Person] = (), quota_per_day: int = 100_000) -> None:
        self.people: dict[str, Person] = {}
        self.quota_per_day = quota_per_day
        self._day: date | None = None
        self._used = 0
        self.add(people)

    def add(self, people: Iterable[Person]) -> int:
        """Add people; one with a known NIK replaces the earlier. Refuses all when MAX_PEOPLE would be passed."""
        added = {person.nik: person for person in people}
        if len(self.people.keys() | added.keys()) > MAX_PEOPLE:
            raise SimulatorFull(f"The registry holds at most {MAX_PEOPLE} people.", field="people")
        self.people.update(added)
        return len(added)

    def verify(self, fields: Mapping[str, str], now: datetime) -> dict[str, object]:
        """Answer one check: per field Sesuai or Tidak Sesuai, or a RESPONSE_CODE. Each call uses one of the quota."""
        threshold_percent = _threshold(fields)
        if not self._use_quota(now):
            return envelope(refusal("quota"), 0)
        return envelope(self._judge(fields, threshold_percent), self.quota_left(now))

    def state(self) -> KeptRegistry:
        """Return the people and what is used of the quota."""
        return KeptRegistry(people=list(self.people.values()), day=self._day, used=self._used)

    def take_up(self, state: KeptRegistry) -> None:
        """Add the people that were known before, and go on counting."""
        self.add(state.people)
        self._day, self._used = state.day, state.used

    def quota_left(self, now: datetime) -> int:
        """Return the calls left today."""
        used = self._used if now.astimezone(WIB).date() == self._day else 0
        return max(0, self.quota_per_day - used)

    def _use_quota(self, now: datetime) -> bool:
        today = now.astimezone(WIB).date()
        if today != self._day:
            self._day, self._used = today, 0
        if self._used >= self.quota_per_day:
            return False
        self._used += 1
        return True

    def _judge(self, fields: Mapping[str, str], threshold_percent: int) -> dict[str, str]:
        nik = fields.get("NIK", "")
        if not nik_is_well_formed(nik):
            return refusal("malformed")
        person = self.people.get(nik)
        if person is None:
            return refusal("unknown")
        if person.status != "active":
            return refusal(person.status)
        expected = person.expected()
        asked = (name for name in fields if name != THRESHOLD_FIELD and name.lower() not in CREDENTIAL_FIELDS)
        return {name: compare(name, fields[name], expected.get(name), threshold_percent) for name in asked}


def nik_is_well_formed(nik: str) -> bool:
    """16 digits; day 01-31, or 41-71 for women; a real date in some century; serial from 0001."""
    if not re.fullmatch(r"[0-9]{16}", nik) or nik.endswith("0000"):
        return False
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    day = day - 40 if day > 40 else day
    return any(_is_date(century + year, month, day) for century in (1900, 2000))


def compare(name: str, stated: str, expected: str | None, threshold_percent: int) -> str:
    """Say whether a field matches. Names and places match by likeness, with the percentage in the answer."""
    if expected is None:
        return "Tidak Sesuai"
    ours, theirs = _plain(expected), _plain(stated)
    if name not in SIMILAR_FIELDS:
        return "Sesuai" if ours == theirs else "Tidak Sesuai"
    percent = int(SequenceMatcher(None, ours, theirs, autojunk=False).ratio() * 100)
    return f"Sesuai ({percent})" if percent >= threshold_percent else "Tidak Sesuai"


def refusal(reason: str) -> dict[str, str]:
    """Return content[0] of an answer that says why there is no comparison."""
    code, text = REFUSALS[reason]
    return {"RESPON": text, "RESPONSE_CODE": code}


def envelope(content: Mapping[str, str], quota_left: int) -> dict[str, object]:
    """Wrap the content as the service does, in one page of one element."""
    return {
        "content": [content],
        "lastPage": True,
        "firstPage": True,
        "numberOfElements": 1,
        "totalElements": 1,
        "size": 1,
        "number": 0,
        "sort": None,
        "quotaLimiter": quota_left,
    }


def _threshold(fields: Mapping[str, str]) -> int:
    stated = fields.get(THRESHOLD_FIELD, str(DEFAULT_THRESHOLD_PERCENT))
    if not re.fullmatch(r"[0-9]{1,3}", stated) or int(stated) > 100:
        raise RequestMalformed("TRESHOLD is a percentage from 0 to 100.", field=THRESHOLD_FIELD)
    return int(stated)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        return bool(datetime(year, month, day, tzinfo=UTC))
    except ValueError:
        return False


def _plain(text: str) -> str:
    return " ".join(text.upper().split())
