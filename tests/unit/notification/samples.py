"""One event of every class that notification hears, with every field filled by its widest plausible value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from types import UnionType
from typing import Any, Union, get_args, get_origin

from services.notification.notices.notice_table import RULES
from shared.events.message import Event
from tests.conftest import START

UUID = "0193c0de-0000-7000-8000-000000000001"
WIDEST: dict[str, Any] = {
    "office_name": "Kantor Imigrasi Kelas I Non TPI Kabupaten Kepulauan Seberang Contoh",
    "office_id": "kepulauan-seberang-contoh",
    "office_timezone": "Asia/Makassar",
    "billing_code": "820261123000001",
    "queue_number": "PRIORITAS-0123",
    "queue_code": "PSP1." + "A" * 200,
    "amount": 1_350_000,
    "account_id": "account-1",
    "language": "en",
}


def event_of(kind: type[Event], /, **given: Any) -> Any:
    """An event with every field filled; ``given`` wins."""
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        values[name] = given.get(name, _value(name, field.annotation))
    return kind(**values)


def events() -> Iterator[Event]:
    """Every class, in every case that its rule tells apart, and in one that it does not know."""
    for kind, rule in RULES.items():
        for case in (*rule.cases, "a_new_case") if rule.by else (None,):
            yield event_of(kind, **({rule.by: case} if case else {}), **({rule.quiet: False} if rule.quiet else {}))


def _value(name: str, annotation: Any) -> Any:
    if name in WIDEST:
        return WIDEST[name]
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(argument for argument in get_args(annotation) if argument is not type(None))
    if annotation is datetime:
        return START + timedelta(hours=2)
    if annotation is date:
        return (START + timedelta(days=365)).date()
    if annotation is bool:
        return True
    if annotation is float:
        return -6.26
    if annotation is int:
        return 5
    if get_origin(annotation) is tuple:
        return ("nik_not_found", "full_name_differs", "never_heard_of")
    return UUID
