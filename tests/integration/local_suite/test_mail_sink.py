"""The mail sink over SMTP and HTTP, as services and tests use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import aiosmtplib
import pytest

from local_suite.parts import Part, Ports
from local_suite.ports import free_port
from local_suite.suite import Suite

Sink = tuple[int, aiohttp.ClientSession]


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[Sink]:
    smtp, http = free_port(), free_port()
    environment = {"PASPOR_MAIL_SMTP_PORT": str(smtp), "PASPOR_MAIL_HTTP_PORT": str(http)}
    address = f"http://127.0.0.1:{http}"
    part = Part("mail", "local_suite.mail_sink", 1, {"smtp": smtp, "http": http}, (f"{address}/readyz",), environment)
    async with Suite(tmp_path, Ports(), parts=[part]), aiohttp.ClientSession(address) as client:
        yield smtp, client


async def send(smtp: int, to: str) -> None:
    message = EmailMessage()
    message["To"], message["From"], message["Subject"] = to, "Paspor <paspor@example.org>", "Surat pengantar"
    message.set_content("kode antrean ABC")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="surat.pdf")
    await aiosmtplib.send(message, hostname="127.0.0.1", port=smtp)


async def test_a_mail_is_found_by_its_addressee_read_and_deleted(sink: Sink) -> None:
    smtp, client = sink
    await send(smtp, "Sari <sari@example.org>")
    await send(smtp, "budi@example.org")

    found = await (await client.get("/api/v1/search", params={"query": "to:sari@example.org"})).json()
    assert (found["messages_count"], found["total"]) == (1, 2)
    summary = found["messages"][0]
    assert summary["To"] == [{"Name": "Sari", "Address": "sari@example.org"}]
    assert summary["From"] == {"Name": "Paspor", "Address": "paspor@example.org"}

    mail = await (await client.get(f"/api/v1/message/{summary['ID']}")).json()
    assert mail["Text"].strip() == "kode antrean ABC"
    [file] = mail["Attachments"]
    assert (file["FileName"], file["ContentType"]) == ("surat.pdf", "application/pdf")
    content = await client.get(f"/api/v1/message/{summary['ID']}/part/{file['PartID']}")
    assert await content.read() == b"%PDF-1.7"

    assert (await client.delete("/api/v1/messages")).status == 200
    assert (await (await client.get("/api/v1/messages")).json())["total"] == 0
    assert (await client.get(f"/api/v1/message/{summary['ID']}")).status == 404


async def test_pages_are_limited(sink: Sink) -> None:
    smtp, client = sink
    for _ in range(3):
        await send(smtp, "sari@example.org")
    page = await (await client.get("/api/v1/messages", params={"start": "1", "limit": "1"})).json()
    assert (page["count"], page["total"], len(page["messages"])) == (1, 3, 1)
    assert (await client.get("/api/v1/messages", params={"limit": "many"})).status == 400


async def test_a_recipient_is_refused_on_demand(sink: Sink) -> None:
    smtp, client = sink
    await client.put("/api/v1/chaos", json={"Recipient": {"ErrorCode": 550, "Probability": 100}})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(smtp, "sari@example.org")
    await client.put("/api/v1/chaos", json={})
    await send(smtp, "sari@example.org")
    assert (await client.put("/api/v1/chaos", data=b"nonsense")).status == 400
