"""What people type, from the door to the letter and the mail: what is taken can be used by all services."""

from __future__ import annotations

from typing import Any

import pytest

from services.application.letters.pdf import write_letter
from services.notification.clients import MailServer, SmtpMailer
from shared.tokens import Role
from tests.assembled import OFFICE, Suite
from tests.integration.bad_input.ground import Ground, refused
from tests.unit.identity.world import nobody
from tests.walking import TYPED, Citizen, Officer

SENDER = "Layanan Paspor <no-reply@paspor.example>"


async def test_what_is_taken_at_the_door_is_used_to_the_end() -> None:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.register("Budi@b\u00fccher.example.org")
        mail = suite.agencies.mailer.taken[-1]
        assert mail.to == "budi@xn--bcher-kva.example.org"
        assert SmtpMailer(MailServer("mail.example", 25, SENDER), suite.clock).written(mail)
        nik = nobody(61).nik
        typed = "\u200e" + "-".join((nik[:6], nik[6:12], nik[12:]))
        await citizen.become_applicant(nik=typed, full_name="Nur\u2019aini \u0110o")
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        letter = suite.agencies.writer.written[-1]
        assert letter.full_name == "Nur'aini \u0110o"
        assert write_letter(letter).startswith(b"%PDF-")
        number = (await citizen.view())["number"]
        grouped = ".".join(number[start : start + 4] for start in range(0, len(number), 4))
        day = f"/v1/offices/{OFFICE}/applications?number={grouped}"
        found = await Officer(suite, Role.FRONT_OFFICER, OFFICE).done("application", "GET", day)
        assert [visit["number"] for visit in found["visits"]] == [number]
    assert await suite.broken_rules() == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"full_name": "BUDI\u0000"}, "person_name_sign"),
        ({"full_name": "\u6797"}, "person_name_sign"),
        ({"birth_place": "\ufeffBANDUNG"}, "place_name_sign"),
        ({"family_card_number": "3174 0101"}, "family_card_number"),
    ],
)
async def test_what_no_service_could_use_is_refused_and_changes_nothing(
    ground: Ground, change: dict[str, Any], rule: str
) -> None:
    citizen = ground["paid"]
    async with ground.unchanged():
        reply = await citizen.call("identity", "POST", "/v1/applicants", {**TYPED, **change})
        problem = refused(reply, 422, "malformed")
    assert problem["errors"][0]["rule"] == rule
    assert problem["errors"][0]["example"]
