"""Incoming events and commands, and due deadlines, to use cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notification.notices import notice_table as notices
from services.notification.use_cases import Notification
from shared.events.message import Command, Event
from shared.events.notification import KeepContactCard, SendLetter, SendOtp
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


def events(service: Notification) -> Mapping[type[Event], MessageHandler]:
    """Every event of the notices' table."""
    return dict.fromkeys(notices.RULES, service.tell)


def commands(service: Notification) -> Mapping[type[Command], MessageHandler]:
    """The commands that notification takes."""
    return {
        SendOtp: service.send_otp,
        KeepContactCard: service.keep_contact_card,
        SendLetter: service.send_letter,
    }


def deadlines(service: Notification) -> Mapping[tuple[str, str], DeadlineHandler]:
    """What falls due."""

    async def send(record: Record[Any], _name: str) -> None:
        await service.send(record)

    return {("delivery", "send"): send}
