"""Renders a template with an event's fields, in the reader's language and local time."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from shared.breach_notice import write_breach_notice
from shared.events.codes import DeliveryChannel

DATA: Final = Path(__file__).parent / "data"
LOCALES: Final[Mapping[str, str]] = {"id": "id_ID", "en": "en_GB"}
ZONE_NAMES: Final[Mapping[str, str]] = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}
LARGEST_SMS_CHARACTERS: Final = 3 * 160
"""Three parts; the templates' test holds every SMS to it."""

_MOMENT: Final = "EEEE, d MMMM y HH.mm"
_DAY: Final = "EEEE, d MMMM y"
_CLOCK: Final = "HH.mm"


@dataclass(frozen=True)
class Text:
    """A rendered text. An SMS has no subject."""

    body: str
    subject: str = ""


class Texts:
    """Renders plain text. A variable that a template names and an event lacks is an error, never an empty place."""

    def __init__(self, *, portal_url: str, timezone: str, data: Path = DATA) -> None:
        """Load the templates and sentences; ``timezone`` is the zone of messages that name no office's zone."""
        self._timezone = timezone
        self._reasons: dict[str, dict[str, str]] = tomllib.loads((data / "reasons.toml").read_text("utf-8"))
        self._templates = Environment(
            loader=FileSystemLoader(data / "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._templates.globals["portal_url"] = portal_url.rstrip("/")
        self._templates.filters |= {
            "rupiah": rupiah,
            "local": self._local,
            "clock": self._clock,
            "day": _day,
            "reason": self._reason,
        }
        self._templates.globals["breach_lines"] = _breach_lines

    def render(self, template: str, language: str, channel: DeliveryChannel, variables: Mapping[str, Any]) -> Text:
        """Return the text of a message.

        Raises:
            jinja2.TemplateError: the template or one of its variables is missing.
        """
        words = {"name": None, **variables, "language": language}
        if channel is DeliveryChannel.SMS:
            return Text(self._one_line(f"{template}/{language}.sms.txt", words))
        subject = self._one_line(f"{template}/{language}.subject.txt", words)
        body = self._read(f"{template}/{language}.txt", words)
        greeting = self._read(f"_layout/{language}.greeting.txt", words)
        ending = self._read(f"_layout/{language}.ending.txt", words)
        return Text(f"{greeting}\n\n{body}\n\n{ending}\n", subject)

    def reason_codes(self, language: str) -> frozenset[str]:
        """Return the coded reasons that have a sentence."""
        return frozenset(self._reasons[language])

    def _read(self, name: str, words: Mapping[str, Any]) -> str:
        return self._templates.get_template(name).render(words).strip()

    def _one_line(self, name: str, words: Mapping[str, Any]) -> str:
        return " ".join(self._read(name, words).split())

    @pass_context
    def _local(self, context: Context, moment: str | datetime) -> str:
        zone = self._zone(context)
        words = format_datetime(_moment(moment), _MOMENT, ZoneInfo(zone), LOCALES[context["language"]])
        return f"{words} {ZONE_NAMES.get(zone, zone)}"

    @pass_context
    def _clock(self, context: Context, moment: str | datetime) -> str:
        zone = self._zone(context)
        words = format_datetime(_moment(moment), _CLOCK, ZoneInfo(zone), LOCALES[context["language"]])
        return f"{words} {ZONE_NAMES.get(zone, zone)}"

    def _zone(self, context: Context) -> str:
        zone: str = context.get("office_timezone") or self._timezone
        return zone

    @pass_context
    def _reason(self, context: Context, code: str | None) -> str:
        sentences = self._reasons[context["language"]]
        return sentences.get(code or "other", sentences["other"])


@pass_context
def _day(context: Context, on: str | date) -> str:
    """Return a day that is the same everywhere in the country: "Kamis, 4 November 2027"."""
    day = date.fromisoformat(on) if isinstance(on, str) else on
    return str(format_date(day, _DAY, LOCALES[context["language"]]))


@pass_context
def _breach_lines(context: Context) -> tuple[str, ...]:
    begun_at, ended_at = context["begun_at"], context["ended_at"]
    return write_breach_notice(
        context["language"],
        cause=context["cause"],
        kinds=context["kinds"],
        measures=context["measures"],
        found_at=_moment(context["found_at"]),
        begun_at=_moment(begun_at) if begun_at else None,
        ended_at=_moment(ended_at) if ended_at else None,
    )


def rupiah(amount: int) -> str:
    """Return whole rupiah as Indonesians write it: ``Rp350.000``."""
    return str(format_currency(amount, "IDR", format="¤#,##0", locale="id_ID", currency_digits=False))


def _moment(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
