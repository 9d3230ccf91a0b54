"""The contract of the templates: every message is there in every language and for every channel, and short enough."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from services.notification.contacts.contact import LANGUAGES
from services.notification.notices import notice_table as notices
from services.notification.texts import DATA, LARGEST_SMS_CHARACTERS, Texts, rupiah
from shared.events.codes import DeliveryChannel
from tests.unit.notification.samples import UUID, events

PORTAL = "https://paspor.example.go.id"
TEXTS = Texts(portal_url=PORTAL + "/", timezone="Asia/Jakarta")
MOMENT = datetime(2026, 11, 21, 1, 2, tzinfo=UTC).isoformat()

UNDO_URL = f"{PORTAL}/v1/address-undo/{UUID}.{'x' * 22}"
UNDOS: tuple[dict[str, str | None], ...] = (
    {"undo_url": UNDO_URL, "undo_until": MOMENT},
    {"undo_url": None, "undo_until": None},
)

OLD = ("phone_change_old", "email_change_old")

FROM_COMMANDS: dict[str, tuple[dict[str, Any], ...]] = {
    "otp": tuple(
        {"code": "012345", "purpose": purpose, "expires_at": MOMENT, "long_code": long_code}
        for purpose in (
            "sign_in",
            "sign_in_second",
            "phone_change",
            "email_change",
            "phone_change_old",
            "email_change_old",
            "account_join",
            "account_join_old",
            "account_leaving",
            "account_leaving_old",
        )
        for long_code in (None, "ABCD-EFGH-2345")
    ),
    "assistance_code": (
        {"code": "012345", "purpose": "assistance", "expires_at": MOMENT, "office_id": "kepulauan-seberang-contoh"},
    ),
    "new_device": tuple(
        {"url": f"{PORTAL}/v1/logins/pn1.{UUID}.1796000000.1796600000.{'x' * 43}/disown", **times}
        for times in (
            {"until": MOMENT, "told_at": MOMENT, "opens_at": None, "for_staff": False},
            {"until": MOMENT, "told_at": MOMENT, "opens_at": None, "for_staff": True},
            {"until": MOMENT, "told_at": MOMENT, "opens_at": MOMENT, "for_staff": False},
        )
    ),
    "leaving": tuple(
        {"url": f"{PORTAL}/v1/leaving-undo/pl1.{UUID}.{'x' * 43}", "what": what, "ends_at": MOMENT}
        for what in ("account", "applicant", "address")
    ),
    "accounts_joined": ({"joined_at": MOMENT},),
    "letter": ({"application_id": UUID},),
    "refusal_letter": ({"application_id": UUID},),
    "email_changed": tuple(
        {"new_address": "b***@a-rather-long-domain.example.org", "changed_at": MOMENT, **undo} for undo in UNDOS
    ),
    "phone_changed": (
        {"new_address": "+62*********678", "changed_at": MOMENT, **UNDOS[0]},
        {"new_address": "", "changed_at": MOMENT, **UNDOS[1]},
    ),
}


def cases() -> list[tuple[str, dict[str, Any]]]:
    told = [(notices.notice_for(event), event) for event in events()]
    found = [(notice.template, event.model_dump(mode="json")) for notice, event in told if notice is not None]
    return found + [(template, values) for template, variables in FROM_COMMANDS.items() for values in variables]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("template", "variables"), cases(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_message_can_be_written(template: str, variables: dict[str, Any], language: str) -> None:
    for name in (None, "SRI CONTOH LESTARI"):
        mail = TEXTS.render(template, language, DeliveryChannel.EMAIL, {**variables, "name": name})
        assert mail.subject
        assert "\n" not in mail.subject
        assert PORTAL in mail.body
        assert "None" not in mail.body
        assert "\n\n\n" not in mail.body
        assert (name or "") in mail.body
    sms = TEXTS.render(template, language, DeliveryChannel.SMS, variables)
    assert sms.subject == ""
    assert len(sms.body) <= LARGEST_SMS_CHARACTERS
    # A character outside the GSM alphabet would cut each part of an SMS from 160 to 70.
    assert re.fullmatch(r"[A-Za-z0-9 @_.,:;!?'()/*+-]+", sms.body), sms.body


def test_every_template_is_asked_for_and_every_one_asked_for_is_there() -> None:
    there = {path.name for path in (DATA / "templates").iterdir()} - {"_layout"}
    assert there == notices.templates()
    assert {template for template, _ in cases()} == notices.templates()
    wanted = {f"{language}.{part}" for language in LANGUAGES for part in ("subject.txt", "txt", "sms.txt")}
    for template in there:
        assert {path.name for path in (DATA / "templates" / template).iterdir()} == wanted, template


def test_every_message_names_the_next_action() -> None:
    words = {
        "id": re.compile("Langkah berikutnya|Tindakan|Jika|Masukkan"),
        "en": re.compile("Next step|Action|If|Enter"),
    }
    for template in notices.templates():
        for language, expected in words.items():
            assert expected.search((DATA / "templates" / template / f"{language}.txt").read_text("utf-8")), template


def test_both_languages_know_the_same_reasons() -> None:
    assert TEXTS.reason_codes("id") == TEXTS.reason_codes("en")


def test_an_unknown_reason_is_told_in_general_words() -> None:
    variables = {"application_id": UUID, "reason_code": "never_heard_of"}
    assert "Lihat keterangannya" in TEXTS.render("application_refused", "id", DeliveryChannel.EMAIL, variables).body
    variables["reason_code"] = "nik_not_found"
    assert "NIK tidak ditemukan" in TEXTS.render("application_refused", "id", DeliveryChannel.EMAIL, variables).body


def test_a_missing_variable_is_an_error_and_so_is_a_missing_template() -> None:
    with pytest.raises(UndefinedError):
        TEXTS.render("otp", "id", DeliveryChannel.SMS, {"code": "012345"})
    with pytest.raises(TemplateNotFound):
        TEXTS.render("invented", "id", DeliveryChannel.SMS, {})
    with pytest.raises(TemplateNotFound):
        TEXTS.render("otp", "fr", DeliveryChannel.SMS, {"code": "012345", "expires_at": MOMENT})


def test_amounts_are_written_as_indonesians_write_them() -> None:
    assert rupiah(350000) == "Rp350.000"
    assert rupiah(0) == "Rp0"
    assert rupiah(1_350_000) == "Rp1.350.000"


@pytest.mark.acceptance("F55.local_zone", "X8.office_zone")
@pytest.mark.parametrize(
    ("zone", "language", "written"),
    [
        (None, "id", "Sabtu, 21 November 2026 08.02 WIB"),
        ("Asia/Makassar", "id", "Sabtu, 21 November 2026 09.02 WITA"),
        ("Asia/Jayapura", "en", "Saturday, 21 November 2026 10.02 WIT"),
        ("Asia/Tokyo", "en", "Saturday, 21 November 2026 10.02 Asia/Tokyo"),
    ],
)
def test_times_are_told_in_the_offices_zone_else_in_the_usual_one(
    zone: str | None, language: str, written: str
) -> None:
    variables = {"billing_code": "820261123000001", "amount": 350000, "expires_at": MOMENT}
    if zone:
        variables["office_timezone"] = zone
    assert written in TEXTS.render("bill_issued", language, DeliveryChannel.SMS, variables).body


def test_an_otp_mail_holds_one_number_of_six_digits() -> None:
    variables = FROM_COMMANDS["otp"][0]
    for channel in DeliveryChannel:
        body = TEXTS.render("otp", "id", channel, variables).body
        assert re.findall(r"(?<!\d)\d{6}(?!\d)", body) == ["012345"]


@pytest.mark.parametrize(("language", "agreed"), [("id", "MENYETUJUI PERANGKAT BARU"), ("en", "LET A NEW DEVICE")])
def test_an_sms_with_a_second_code_says_in_one_part_that_it_agrees_to_a_new_device(language: str, agreed: str) -> None:
    variables = {"code": "012345", "purpose": "sign_in_second", "expires_at": MOMENT}
    body = TEXTS.render("otp", language, DeliveryChannel.SMS, variables).body
    assert agreed in body
    assert len(body) <= 160, body
