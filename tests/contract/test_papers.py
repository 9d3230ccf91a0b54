"""An officer looks at papers before the day, asks for one again, and its owner is told and replaces it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.tokens import Role
from tests.assembled import Suite
from tests.unit.application.world import picture
from tests.walking import Citizen, Officer


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Services are served on loopback."""


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.until_paid()
        yield citizen


async def upload(citizen: Citizen, requirement: str, page: int) -> Any:
    content = picture()
    body = {
        "requirement": requirement,
        "page": page,
        "file_name": "x",
        "media_type": "image/jpeg",
        "size_bytes": len(content),
    }
    begun = await citizen.done("application", "POST", f"{citizen.application}/documents", body)
    return (await citizen.send(begun["upload_url"], content)).body


@pytest.mark.acceptance("F46.precheck", "F46.notified", "F46.replaceable", "F46.history")
async def test_a_paper_is_asked_for_again_before_the_day_and_its_owner_is_told(citizen: Citizen) -> None:
    suite, papers = citizen.suite, f"{citizen.application}/documents"
    second = await upload(citizen, "family_card", 2)
    await suite.settle()
    mails, texts = len(suite.agencies.mailer.taken), len(suite.agencies.sms.taken)
    async with Officer(suite, Role.FRONT_OFFICER) as officer:
        seen = await officer.done("application", "GET", f"{papers}?reason=document_check")
        card = next(paper for paper in seen["papers"] if paper["requirement"] == "family_card")
        assert [page["page"] for page in card["pages"]] == [1, 2]
        words = [
            {"document_id": card["pages"][0]["document_id"], "decision": "accepted"},
            {"document_id": card["pages"][1]["document_id"], "decision": "refused", "reason_code": "blurred"},
        ]
        await officer.done("application", "POST", f"{citizen.application}/document-decisions", {"decisions": words})
    (mail,) = suite.agencies.mailer.taken[mails:]
    assert mail.subject == "Ada dokumen yang harus diunggah ulang"
    assert "halaman 2" in mail.body and "Dapat diganti sampai" in mail.body
    assert len(suite.agencies.sms.taken) - texts <= 1
    view = await citizen.view()
    found = next(item for item in view["requirements"] if item["code"] == "family_card")
    assert (found["state"], found["reason"], found["missing_pages"]) == ("refused", "blurred", [2])
    newer = await upload(citizen, "family_card", 2)
    await suite.settle()
    history = [
        (document["document_id"], document["state"])
        for document in (await citizen.view())["documents"]
        if (document["requirement"], document["page"]) == ("family_card", 2)
    ]
    assert history == [(second["document_id"], "refused"), (newer["document_id"], "accepted")]
    assert (await citizen.view())["hand_over"]["state"] == "acknowledged"
    assert suite.troubles == []
