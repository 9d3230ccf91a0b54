"""What the mail sink keeps and finds."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from local_suite.mail_sink import Chaos, MailBox

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def raw(to: str = "sari@example.org", subject: str = "Kode Anda", text: str = "kode 123456") -> bytes:
    message = EmailMessage()
    message["To"], message["From"], message["Subject"] = to, "paspor@example.org", subject
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message.as_bytes()


def test_the_newest_comes_first_and_can_be_asked_for_by_name() -> None:
    box = MailBox()
    first, second = (box.add(raw(), ("sari@example.org",), NOW) for _ in range(2))
    assert [mail.mail_id for mail in box.newest_first()] == [second.mail_id, first.mail_id]
    assert box.get("latest") is second
    assert box.get(first.mail_id) is first
    assert box.get("nobody") is None
    assert MailBox().get("latest") is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("to:sari@example.org", True),
        ("to:SARI@EXAMPLE.ORG", True),
        ('to:"sari@example.org"', True),
        ("to:budi@example.org", False),
        ("subject:kode", True),
        ("subject:letter", False),
        ("from:paspor@example.org", True),
        ("123456", True),
        ("to:sari@example.org 654321", False),
        ("addressed:hidden@example.org", True),
        ("", True),
    ],
)
def test_a_query_finds_by_field_and_by_word(query: str, found: bool) -> None:
    box = MailBox()
    box.add(raw(), ("sari@example.org", "hidden@example.org"), NOW)
    assert bool(box.newest_first(query)) == found


def test_text_and_html_are_told_apart() -> None:
    mail = MailBox().add(raw(), (), NOW)
    assert mail.text.strip() == "kode 123456"
    assert mail.html.strip() == "<p>kode 123456</p>"


def test_the_oldest_goes_when_there_are_more_than_the_limit() -> None:
    box = MailBox(max_messages=2)
    mails = [box.add(raw(), (), NOW) for _ in range(3)]
    assert len(box) == 2
    assert box.get(mails[0].mail_id) is None


def test_the_oldest_goes_when_they_grow_bigger_than_the_limit() -> None:
    size = len(raw())
    box = MailBox(max_total_bytes=2 * size)
    mails = [box.add(raw(), (), NOW) for _ in range(2)]
    assert len(box) == 2
    box.add(raw(), (), NOW)
    assert box.get(mails[0].mail_id) is None
    assert len(box) == 2


def test_some_or_all_can_be_deleted() -> None:
    box = MailBox()
    mails = [box.add(raw(), (), NOW) for _ in range(3)]
    box.delete([mails[0].mail_id, "nobody"])
    assert len(box) == 2
    box.delete([])
    assert len(box) == 0


def test_refusals_come_on_demand_and_end_on_demand() -> None:
    chaos = Chaos()
    assert chaos.refusal("Recipient") is None
    chaos.set({"Recipient": {"ErrorCode": 550, "Probability": 100}})
    assert str(chaos.refusal("Recipient")).startswith("550")
    assert chaos.refusal("Sender") is None
    chaos.set({})
    assert chaos.refusal("Recipient") is None
