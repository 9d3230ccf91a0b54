"""Children counted apart up to the family card, children without NIK, and people who know only their year of birth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from services.identity.applicants.applicant import IdentityState
from services.identity.applicants.correction import CorrectionState, Original
from services.identity.applicants.errors import (
    NikNeeded,
    PaperOfAnotherPerson,
    TooManyApplicants,
    TooManyChildren,
    TooManyIdentityTries,
)
from services.identity.applicants.officer_corrections import Proposal
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Cause, RegistryAnswer
from services.identity.applicants.repository import APPLICANT
from shared.events.identity import ApplicantConfirmed
from shared.tokens import Caller, Role
from tests.unit.identity.served import served
from tests.unit.identity.world import BUDI, PUTRI, SRI, World, nobody

CARD = "3174010101150001"
PARENT = replace(BUDI, family_card_number=CARD)
NO_NIK = replace(PUTRI, nik=None, birth_place="KUALA LUMPUR", family_card_number=CARD)
Client = TestClient[web.Request, web.Application]


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


def child(serial: int, **changes: Any) -> Particulars:
    given = replace(PUTRI, nik=f"317401500615{serial:04d}", full_name=f"ANAK CONTOH {serial}", family_card_number=CARD)
    return replace(given, **changes)


async def parent_of(world: World, email: str = "budi@example.org") -> tuple[str, str]:
    """An account with a confirmed adult; both ids."""
    account_id = await world.sign_up(email)
    return account_id, await world.confirmed(account_id, PARENT)


async def state_of(world: World, applicant_id: str) -> Any:
    record = await world.store.get(APPLICANT, applicant_id)
    assert record is not None
    return record.state


@pytest.mark.acceptance("F75.five_adults", "F75.children_by_family_card")
async def test_ten_children_of_the_family_card_stand_beside_five_adults(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    add = world.identity.applicants.add
    for serial in range(2, 6):
        await world.confirmed(account_id, nobody(10 + serial))
    for serial in range(1, 11):
        await add(account_id, child(serial), parent_id, f"child-{serial}")
    with pytest.raises(TooManyChildren) as children:
        await add(account_id, child(11), parent_id, "child-11")
    assert children.value.facts["limit"] == 10
    with pytest.raises(TooManyApplicants):
        await add(account_id, nobody(16), None, "adult-6")
    assert len(await world.identity.applicants.list_applicants(account_id)) == 15
    assert (await world.identity.applicant_invariants.five_applicants()).holds


@pytest.mark.acceptance("F75.children_by_family_card")
@pytest.mark.parametrize("number", [None, "3174010101150009"])
async def test_a_child_of_no_or_another_family_card_takes_one_of_the_five(world: World, number: str | None) -> None:
    account_id, parent_id = await parent_of(world)
    for serial in range(1, 5):
        await world.identity.applicants.add(
            account_id, child(serial, family_card_number=number), parent_id, f"c{serial}"
        )
    with pytest.raises(TooManyApplicants):
        await world.identity.applicants.add(account_id, child(9, family_card_number=number), parent_id, "c9")
    await world.identity.applicants.add(account_id, child(9), parent_id, "c10")


async def test_a_corrected_family_card_changes_the_sort_of_place(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    child_id = await world.confirmed(account_id, child(1, family_card_number=None), parent_id)
    assert not (await state_of(world, child_id)).by_family_card
    await world.identity.applicants.correct(account_id, child_id, child(1), parent_id)
    assert (await state_of(world, child_id)).by_family_card
    for serial in range(2, 6):
        await world.identity.applicants.add(account_id, nobody(10 + serial), None, f"adult-{serial}")
    with pytest.raises(TooManyApplicants):
        await world.identity.applicants.correct(account_id, child_id, child(1, family_card_number=None), parent_id)
    assert (await state_of(world, child_id)).by_family_card


async def test_a_correction_that_is_refused_takes_no_other_place(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    world.registry.says = RegistryAnswer(refusal=Cause.NOT_FOUND)
    child_id = await world.confirmed(account_id, child(1), parent_id)
    for number in range(4):
        await world.identity.applicants.ask_again(account_id, child_id, f"ask-{number}")
        await world.worker.run_due()
    with pytest.raises(TooManyIdentityTries):
        await world.identity.applicants.correct(account_id, child_id, child(2, family_card_number=None), parent_id)
    for serial in range(2, 6):
        await world.identity.applicants.add(account_id, nobody(10 + serial), None, f"adult-{serial}")


async def test_a_broken_count_of_children_is_seen(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    child_id = await world.confirmed(account_id, child(1), parent_id)
    state = await state_of(world, child_id)
    for serial in range(10):
        stray = replace(state, nik_fingerprints=(f"k1:{serial}",))
        await world.store.insert(APPLICANT, f"stray-{serial}", stray, now=world.now())
    assert (await world.identity.applicant_invariants.five_applicants()).broken == (account_id,)


# Without NIK


async def test_a_child_born_abroad_is_confirmed_without_the_registry(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    asked = len(world.registry.asked)
    child_id = await world.confirmed(account_id, NO_NIK, parent_id)
    state = await state_of(world, child_id)
    assert (state.identity.state, state.identity.warnings) == (IdentityState.PASSED, ("nik_missing",))
    assert len(world.registry.asked) == asked
    assert (await world.identity_cards())[-1]["nik"] == ""
    assert (await world.said(ApplicantConfirmed))[-1].guardian_applicant_id == parent_id
    assert (await world.identity.applicant_invariants.confirmed_persons()).holds
    other_account, other_parent = await parent_of(world, "other@example.org")
    again_id = await world.confirmed(other_account, replace(NO_NIK, full_name="putri contoh  santoso"), other_parent)
    assert (await state_of(world, again_id)).person_id == state.person_id


async def test_the_nik_that_comes_later_is_typed_before_the_submission(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    child_id = await world.confirmed(account_id, NO_NIK, parent_id)
    await world.identity.applicants.correct(account_id, child_id, replace(NO_NIK, full_name="PUTRI CONTOH"), parent_id)
    await world.worker.run_due()
    await world.identity.applicants.correct(account_id, child_id, replace(PUTRI, family_card_number=CARD), parent_id)
    await world.worker.run_due()
    state = await state_of(world, child_id)
    assert (state.identity.state, state.identity.warnings) == (IdentityState.PASSED, ())


async def test_officers_add_the_nik_of_a_child_by_the_guardians_card(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    child_id = await world.confirmed(account_id, NO_NIK, parent_id)
    person_id = (await state_of(world, child_id)).person_id
    officers = [Caller(f"officer-{number}", Role.FRONT_OFFICER, "s", "A") for number in (1, 2)]
    corrections = world.identity.officer_corrections
    wanted = Proposal(BUDI.nik or "", {"nik": PUTRI.nik}, Original.FAMILY_CARD, "nik_given")
    with pytest.raises(PaperOfAnotherPerson):
        await corrections.propose(officers[0], child_id, replace(wanted, nik_shown=SRI.nik or ""), "no")
    seen = await corrections.propose(officers[0], child_id, wanted, "yes")
    made = await corrections.decide(officers[1], child_id, seen.correction.correction_id, approved=True)
    assert made.correction.state is CorrectionState.MADE
    state = await state_of(world, child_id)
    assert (state.person_id, state.identity.warnings) == (person_id, ())
    assert (await world.identity_cards())[-1]["nik"] == PUTRI.nik


async def test_an_adult_needs_a_nik(world: World) -> None:
    account_id, parent_id = await parent_of(world)
    for guardian_id in (None, parent_id):
        with pytest.raises(NikNeeded):
            await world.identity.applicants.add(account_id, replace(SRI, nik=None), guardian_id, "add")


# Over HTTP


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with served(world) as running:
        yield running


async def call(client: Client, world: World, account_id: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
    token = world.identity.issuer.issue(await world.caller(account_id), 900)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{world.command()}-0000"}
    method = "GET" if body is None else "POST"
    async with client.request(method, "/v1/applicants", json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_child_without_nik_over_http(client: Client, world: World) -> None:
    account_id, parent_id = await parent_of(world)
    body = {
        "full_name": "PUTRI CONTOH SANTOSO",
        "birth_place": "KUALA LUMPUR",
        "birth_year": 2015,
        "sex": "female",
        "family_card_number": CARD,
        "guardian_applicant_id": parent_id,
    }
    status, problem = await call(client, world, account_id, body)
    assert (status, problem["code"]) == (422, "malformed")
    status, added = await call(client, world, account_id, body | {"born_abroad": True})
    assert (status, added["nik"], added["birth_date"]) == (201, "", "2015-07-01")
    assert [note["code"] for note in added["identity"]["warnings"]] == ["nik_missing"]
    await world.worker.run_due()
    _, listed = await call(client, world, account_id)
    assert [each["identity"]["state"] for each in listed["applicants"]] == ["passed", "passed"]
    assert (listed["places_left"], listed["child_places_left"]) == (4, 9)
    adult = body | {"birth_year": 1990, "born_abroad": True, "guardian_applicant_id": None}
    status, problem = await call(client, world, account_id, adult)
    assert (status, problem["code"], problem["field"]) == (422, "nik_needed", "/nik")


async def test_only_the_year_of_birth_is_known(client: Client, world: World) -> None:
    account_id = await world.sign_up()
    body = {"full_name": SRI.full_name, "nik": SRI.nik, "birth_place": "JAKARTA", "birth_year": 1990, "sex": "female"}
    status, added = await call(client, world, account_id, body)
    assert (status, added["birth_date"], added["identity"]["warnings"]) == (201, "1990-02-05", [])
    await world.worker.run_due()
    assert world.registry.asked[-1].birth_date == SRI.birth_date
    for wrong in ({"birth_date": "1990-02-05"}, {"birth_year": None}):
        status, problem = await call(client, world, account_id, body | wrong)
        assert (status, problem["code"]) == (422, "malformed")
