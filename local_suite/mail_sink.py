"""``python -m local_suite.mail_sink``: takes every mail over SMTP and shows it over HTTP; sends nothing anywhere.

The HTTP side is the part of Mailpit's API that tests use, so the same tests run against Mailpit in compose.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import os
import re
import secrets
import signal
import sys
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as mail_policy
from email.utils import getaddresses
from functools import cached_property
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from local_suite.ports import LOOPBACK

MAX_MESSAGES = 5_000
MAX_TOTAL_BYTES = 64 * 1024 * 1024
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
MAX_LISTED = 1_000
DEFAULT_LISTED = 50
SNIPPET_CHARACTERS = 120
DEFAULT_SMTP_PORT = 8205
DEFAULT_HTTP_PORT = 8206
_WHOLE_ADDRESS = re.compile(r"to:[^@\s\"]+@[^@\s\"]+\.[^@\s\"]+")
_FIELDS = ("to", "from", "subject", "cc", "bcc", "message-id", "addressed")


@dataclass(frozen=True, eq=False)
class Mail:
    """One received mail."""

    mail_id: str
    received_at: datetime
    recipients: tuple[str, ...]
    raw: bytes
    message: EmailMessage

    @cached_property
    def text(self) -> str:
        """The plain text, empty if there is none."""
        return self._content("plain")

    @cached_property
    def html(self) -> str:
        """The HTML, empty if there is none."""
        return self._content("html")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Its line in a listing; worked out once, because listings are asked for often."""
        nobody = {"Name": "", "Address": ""}
        return {
            "ID": self.mail_id,
            "MessageID": str(self.message.get("message-id", "")).strip("<>"),
            "Read": False,
            "From": next(iter(self.addresses("from")), nobody),
            "To": self.addresses("to"),
            "Cc": self.addresses("cc"),
            "Bcc": [{"Name": "", "Address": address} for address in self.recipients if not _named(self, address)],
            "ReplyTo": self.addresses("reply-to"),
            "Subject": str(self.message.get("subject", "")),
            "Created": self.received_at.isoformat(),
            "Tags": [],
            "Size": len(self.raw),
            "Attachments": len(self.attachments()),
            "Snippet": " ".join(self.text.split())[:SNIPPET_CHARACTERS],
        }

    def attachments(self) -> list[EmailMessage]:
        """Files that came with it."""
        return [part for part in self.message.iter_attachments() if isinstance(part, EmailMessage)]

    def addresses(self, header: str) -> list[dict[str, str]]:
        """Names and addresses in a header."""
        values = [str(value) for value in self.message.get_all(header, [])]
        return [{"Name": name, "Address": address} for name, address in getaddresses(values) if address]

    def _content(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        content = part.get_content()
        return content if isinstance(content, str) else ""


class MailBox:
    """The mails, newest last, the oldest dropped when there are too many or they grow too big."""

    def __init__(self, max_messages: int = MAX_MESSAGES, max_total_bytes: int = MAX_TOTAL_BYTES) -> None:
        self._max_messages = max_messages
        self._max_total_bytes = max_total_bytes
        self._mails: OrderedDict[str, Mail] = OrderedDict()
        self._by_recipient: dict[str, list[Mail]] = {}
        self._bytes = 0

    def add(self, raw: bytes, recipients: tuple[str, ...], received_at: datetime) -> Mail:
        """Keeps a mail and returns it."""
        message = email.message_from_bytes(raw, policy=mail_policy)
        mail = Mail(secrets.token_urlsafe(16), received_at, recipients, raw, message)
        self._mails[mail.mail_id] = mail
        self._bytes += len(raw)
        for recipient in recipients:
            self._by_recipient.setdefault(recipient.lower(), []).append(mail)
        while len(self._mails) > self._max_messages or self._bytes > self._max_total_bytes:
            self._forget(next(iter(self._mails)))
        return mail

    def get(self, mail_id: str) -> Mail | None:
        """A mail by id; `latest` is the newest."""
        if mail_id == "latest":
            return next(reversed(self._mails.values()), None)
        return self._mails.get(mail_id)

    def newest_first(self, query: str = "") -> list[Mail]:
        """All mails that fit every word of a query: `to:ADDRESS`, `subject:WORD` and so on, or words of the text."""
        terms = query.lower().split()
        if len(terms) == 1 and _WHOLE_ADDRESS.fullmatch(terms[0]):
            # asked again and again by those who wait: found without reading everybody's mail
            return self._by_recipient.get(terms[0].removeprefix("to:"), [])[::-1]
        return [mail for mail in reversed(self._mails.values()) if all(_fits(mail, term) for term in terms)]

    def delete(self, mail_ids: list[str]) -> None:
        """Forgets these mails, or all if none is named."""
        for mail_id in mail_ids or list(self._mails):
            self._forget(mail_id)

    def _forget(self, mail_id: str) -> None:
        mail = self._mails.pop(mail_id, None)
        if mail is None:
            return
        self._bytes -= len(mail.raw)
        for recipient in mail.recipients:
            known = self._by_recipient[recipient.lower()]
            known.remove(mail)
            if not known:
                del self._by_recipient[recipient.lower()]

    def __len__(self) -> int:
        return len(self._mails)


def _fits(mail: Mail, term: str) -> bool:
    field, colon, value = term.partition(":")
    if not colon or field not in _FIELDS:
        return term.strip('"') in f"{mail.message['subject']} {mail.text} {mail.html}".lower()
    value = value.strip('"')
    if field in ("to", "addressed") and any(value in recipient.lower() for recipient in mail.recipients):
        return True
    return value in str(mail.message.get("to" if field == "addressed" else field, "")).lower()


class Chaos:
    """Refusals on demand, as in Mailpit: per step an SMTP error code and a probability in percent."""

    STEPS = ("Sender", "Recipient", "Authentication")

    def __init__(self) -> None:
        self.triggers: dict[str, dict[str, int]] = {}
        self.set({})

    def set(self, triggers: dict[str, dict[str, int]]) -> None:
        """Replaces all triggers; a step that is not named never fails."""
        self.triggers = {
            step: {"ErrorCode": int(given.get("ErrorCode", 451)), "Probability": int(given.get("Probability", 0))}
            for step in self.STEPS
            for given in [triggers.get(step, {})]
        }

    def refusal(self, step: str) -> str | None:
        """The answer that refuses this step now; None to go on."""
        trigger = self.triggers[step]
        if secrets.randbelow(100) < trigger["Probability"]:
            return f"{trigger['ErrorCode']} refused on demand"
        return None


class Receiver:
    """aiosmtpd's handler."""

    def __init__(self, box: MailBox, chaos: Chaos) -> None:
        self._box = box
        self._chaos = chaos

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks the name up
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes or refuses the sender."""
        refusal = self._chaos.refusal("Sender")
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes or refuses a recipient."""
        refusal = self._chaos.refusal("Recipient")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the mail."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = self._box.add(raw, tuple(envelope.rcpt_tos), datetime.now(UTC))
        return f"250 OK: queued as {mail.mail_id}"


BOX = web.AppKey("box", MailBox)
CHAOS = web.AppKey("chaos", Chaos)


def create_app(box: MailBox, chaos: Chaos) -> web.Application:
    """The HTTP side."""
    app = web.Application()
    app[BOX], app[CHAOS] = box, chaos
    app.add_routes(
        [
            web.get("/api/v1/messages", _list),
            web.delete("/api/v1/messages", _delete),
            web.get("/api/v1/search", _list),
            web.get("/api/v1/message/{id}", _show),
            web.get("/api/v1/message/{id}/raw", _raw),
            web.get("/api/v1/message/{id}/headers", _headers),
            web.get("/api/v1/message/{id}/part/{part}", _part),
            web.get("/api/v1/chaos", _chaos),
            web.put("/api/v1/chaos", _set_chaos),
            *(web.get(path, _healthy) for path in ("/livez", "/readyz", "/health/live", "/health/ready")),
        ]
    )
    return app


async def _list(request: web.Request) -> web.Response:
    box = request.app[BOX]
    found = box.newest_first(request.query.get("query", ""))
    start = max(0, _number(request, "start", 0))
    limit = min(max(0, _number(request, "limit", DEFAULT_LISTED)), MAX_LISTED)
    page = [mail.summary for mail in found[start : start + limit]]
    totals = {"total": len(box), "unread": len(box), "messages_count": len(found), "count": len(page), "start": start}
    return web.json_response({**totals, "tags": [], "messages": page})


async def _delete(request: web.Request) -> web.Response:
    ids: list[str] = []
    if request.can_read_body:
        with contextlib.suppress(ValueError):
            ids = list((await request.json()).get("IDs") or [])
    request.app[BOX].delete(ids)
    return web.Response(text="ok")


async def _show(request: web.Request) -> web.Response:
    mail = _asked_for(request)
    files = [_file(part, number) for number, part in enumerate(mail.attachments(), start=1)]
    body = {"Date": mail.received_at.isoformat(), "Text": mail.text, "HTML": mail.html, "Inline": []}
    return web.json_response({**mail.summary, **body, "Attachments": files})


async def _raw(request: web.Request) -> web.Response:
    return web.Response(body=_asked_for(request).raw, content_type="text/plain")


async def _headers(request: web.Request) -> web.Response:
    headers: dict[str, list[str]] = {}
    for name, value in _asked_for(request).message.items():
        headers.setdefault(name, []).append(str(value))
    return web.json_response(headers)


async def _part(request: web.Request) -> web.Response:
    parts = _asked_for(request).attachments()
    number = request.match_info["part"]
    if not number.isdigit() or not 1 <= int(number) <= len(parts):
        raise web.HTTPNotFound(text="There is no such attachment.")
    part = parts[int(number) - 1]
    payload = part.get_payload(decode=True)
    return web.Response(body=payload if isinstance(payload, bytes) else b"", content_type=part.get_content_type())


async def _chaos(request: web.Request) -> web.Response:
    return web.json_response(request.app[CHAOS].triggers)


async def _set_chaos(request: web.Request) -> web.Response:
    try:
        request.app[CHAOS].set(await request.json())
    except (ValueError, TypeError, AttributeError):
        raise web.HTTPBadRequest(text='Expected {"Recipient": {"ErrorCode": 451, "Probability": 100}}.') from None
    return await _chaos(request)


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _asked_for(request: web.Request) -> Mail:
    mail = request.app[BOX].get(request.match_info["id"])
    if mail is None:
        raise web.HTTPNotFound(text="There is no such message.")
    return mail


def _number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name} must be a number.") from None


def _named(mail: Mail, address: str) -> bool:
    return any(named["Address"] == address for named in [*mail.addresses("to"), *mail.addresses("cc")])


def _file(part: EmailMessage, number: int) -> dict[str, Any]:
    payload = part.get_payload(decode=True)
    return {
        "PartID": str(number),
        "FileName": part.get_filename() or "",
        "ContentType": part.get_content_type(),
        "ContentID": str(part.get("content-id", "")).strip("<>"),
        "Size": len(payload) if isinstance(payload, bytes) else 0,
    }


async def serve(smtp_port: int, http_port: int) -> None:
    """Takes mail until INT or TERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    box, chaos = MailBox(), Chaos()
    receiver = Receiver(box, chaos)
    smtp = await loop.create_server(
        lambda: SMTP(receiver, data_size_limit=MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, hostname="localhost"),
        LOOPBACK,
        smtp_port,
    )
    runner = web.AppRunner(create_app(box, chaos), access_log=None, shutdown_timeout=1)
    try:
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, http_port).start()
        await stop.wait()
    finally:
        smtp.close()
        await runner.cleanup()


def main() -> int:
    """Reads the two ports from the environment and serves."""
    smtp_port = int(os.environ.get("PASPOR_MAIL_SMTP_PORT", DEFAULT_SMTP_PORT))
    http_port = int(os.environ.get("PASPOR_MAIL_HTTP_PORT", DEFAULT_HTTP_PORT))
    try:
        asyncio.run(serve(smtp_port, http_port))
    except OSError as error:
        print(f"The mail sink cannot listen: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
