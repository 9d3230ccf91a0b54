"""The privacy notice: what each version says, what changed since the one before, and how it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.identity.privacy_notice.notice import (
    ChangeKind,
    Choice,
    Notice,
    Notices,
    PurposeChange,
    changes_between,
    mistakes_in,
)
from services.identity.privacy_notice.notice_file import load_notices, read_notices
from tests.unit.identity.notices import TWO_VERSIONS, notice_text
from tests.unit.identity.served import Client, served
from tests.unit.identity.world import World


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with served(world) as running:
        yield running


def versions() -> tuple[Notice, ...]:
    return read_notices(TWO_VERSIONS).versions


def test_every_sentence_that_is_shipped_is_there_in_both_languages() -> None:
    for notice in load_notices().versions:
        for purpose in notice.purposes:
            for words in (purpose.name, purpose.text, purpose.data, purpose.kept, purpose.recipients, purpose.ground):
                assert words.id and words.en and words.id != words.en, (notice.number, purpose.code)
        assert {right.code for right in notice.rights} >= {"access", "correct", "withdraw", "erase", "complain"}
        assert {purpose.choice for purpose in notice.purposes} == set(Choice)


def test_what_changed_is_worked_out_from_two_versions() -> None:
    first, second = versions()
    assert changes_between(first, second) == (
        PurposeChange("reminders", ChangeKind.CHANGED),
        PurposeChange("statistics", ChangeKind.ADDED),
        PurposeChange("surveys", ChangeKind.REMOVED),
    )
    assert changes_between(first, first) == ()


def test_a_version_is_in_force_from_its_moment_on() -> None:
    notices = Notices(versions())
    at = datetime(2027, 1, 1, tzinfo=UTC)
    assert [notices.in_force(moment).number for moment in (at.replace(year=2020), at.replace(year=2026), at)] == [
        1,
        1,
        2,
    ]
    assert notices.numbered(3) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("versions = []", "there is no version"),
        (notice_text(1) + notice_text(3, "2027-01-01T00:00:00Z"), "version 3 does not follow version 1"),
        (notice_text(1) + notice_text(2), "version 2 does not follow version 1"),
        (notice_text(1, twice=True), "version 1 names account twice"),
        (notice_text(1, ends=False), "does not say what ends without account"),
    ],
)
def test_a_file_that_is_no_notice_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_notices(text)


def test_what_is_shipped_has_no_mistakes() -> None:
    assert mistakes_in(load_notices().versions) == []


async def test_it_is_public_in_both_languages_with_the_controller(client: Client, world: World) -> None:
    async with client.get("/v1/privacy-notice") as answer:
        in_indonesian = await answer.json()
    async with client.get("/v1/privacy-notice", headers={"Accept-Language": "en"}) as answer:
        in_english = await answer.json()
    assert (answer.status, in_english["in_force"], in_english["versions"]) == (200, True, [1, 2])
    assert (in_indonesian["language"], in_english["language"]) == ("id", "en")
    assert in_english["controller"]["email"] == world.settings.data_protection_email
    account = next(purpose for purpose in in_english["purposes"] if purpose["purpose"] == "account")
    assert account["ends"].startswith("Without it your account ends")


async def test_the_same_text_is_not_sent_twice_and_another_language_is_another_text(client: Client) -> None:
    async with client.get("/v1/privacy-notice?language=en") as answer:
        etag = answer.headers["ETag"]
    async with client.get("/v1/privacy-notice?language=en", headers={"If-None-Match": etag}) as answer:
        assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", etag)
    async with client.get("/v1/privacy-notice?language=id", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 200


async def test_older_versions_are_found_by_number_with_what_changed(socket_enabled: None) -> None:
    world = World(notices=read_notices(TWO_VERSIONS))
    async with served(world) as client:
        async with client.get("/v1/privacy-notice?version=2&language=en") as answer:
            coming = await answer.json()
        async with client.get("/v1/privacy-notice?version=3&language=en") as answer:
            unknown = await answer.json()
    assert (coming["in_force"], coming["changes"][0]) == (False, {"purpose": "reminders", "kind": "changed"})
    assert (unknown["code"], unknown["next_call"]["href"]) == ("notice_version_unknown", "/v1/privacy-notice")
