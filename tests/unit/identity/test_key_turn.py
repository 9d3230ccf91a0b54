"""A key turn of identity: addresses that can come back, children without NIK, corrections, persons and staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import ACCOUNT
from services.identity.accounts.vault import AccountVault
from services.identity.app import KINDS
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.correction import Correction, Field, Original
from services.identity.applicants.person import Person
from services.identity.applicants.repository import APPLICANT, PERSON, ApplicantRepository
from services.identity.applicants.turned_kinds import ApplicantTurn
from services.identity.applicants.vault import ApplicantVault
from services.identity.breaches.breach import BreachFacts, open_breach
from services.identity.breaches.repository import BREACH
from services.identity.breaches.vault import BreachVault
from services.identity.leaving.leaving import LeavingKind, Wish
from services.identity.leaving.repository import LEAVING
from services.identity.office_sign_in.link import OfficeLink, OfficeLinkState, end_link
from services.identity.office_sign_in.provider import IdTokenAlgorithm, ProviderTerms, propose_provider
from services.identity.office_sign_in.repository import OFFICE_LINK, PROVIDER, OfficeSignInRepository
from services.identity.office_sign_in.vault import OfficeSignInVault
from services.identity.second_factors.factors import Passkey, SecondFactors, Totp
from services.identity.second_factors.repository import SECOND_FACTORS
from services.identity.second_factors.vault import SecondFactorVault
from services.identity.staff.repository import STAFF
from services.identity.staff.vault import StaffVault
from services.identity.use_cases import Identity
from shared.crypto.fingerprints import key_id_of
from shared.events.codes import BreachCause
from shared.key_turn.turn import KeyTurn, TurnState
from shared.store.kinds import Record
from tests.conftest import START
from tests.unit.identity.test_children import child
from tests.unit.identity.world import BUDI, SRI, World
from tests.unit.world import key

DAY = 86_400
LATER = START.replace(year=2100)
BOTH: Mapping[str, Any] = {
    "master_keys": f"{key('k2', 91)},{key('k1', 1)}",
    "fingerprint_keys": f"{key('k2', 92)},{key('k1', 2)}",
}
NEW: Mapping[str, Any] = {"master_keys": key("k2", 91), "fingerprint_keys": key("k2", 92)}


def restarted(world: World, **changed: Any) -> World:
    return World(store=world.store, clock=world.clock, **changed)


async def turn(world: World, *, seconds: int = 30) -> KeyTurn:
    """Begin, wait until the one-time codes of before have ended, and let it come to its end."""
    await world.identity.key_turns.begin("operator-1")
    for kind in KINDS:
        if not kind.bare:  # a challenge is forgotten once its messages are on their way
            sent = await world.store.outbox_waiting(kind, before=LATER, limit=1000)
            await world.store.mark_published(kind, sent, now=world.clock.now())
    for waited in (0, 2 * DAY, 600):
        world.clock.advance(waited)
        for _ in range(seconds):
            await world.worker.run_due()
            world.clock.advance(1)
    found = await world.identity.key_turns.find()
    assert found is not None
    return found


async def filled(world: World) -> tuple[str, str, str, str]:
    """An account that changed its address, a confirmed adult, a child without NIK, a correction that waits."""
    account_id = await world.sign_up()
    await world.change_address(account_id, email="baru@example.org")
    adult_id = await world.confirmed(account_id)
    child_id = await world.confirmed(account_id, replace(child(1), nik=None), adult_id)
    vault = ApplicantVault(world.identity.context.seals)
    sealed = await vault.seal_particulars(SRI, adult_id)
    correction = Correction(
        "c-1", (Field.FULL_NAME,), Original.IDENTITY_CARD, "typing_error", "officer-1", "office", START, LATER, sealed
    )
    record = await world.store.get(APPLICANT, adult_id)
    assert record is not None
    await world.store.save(APPLICANT, record, replace(record.state, corrections=(correction,)), now=START)
    await world.identity.staff.seed_demo()
    (member, *_) = [each async for each in world.store.scan(STAFF)]
    named = replace(member.state, name=StaffVault(world.identity.context.seals).seal_staff_name("RINI", member.id))
    await world.store.save(STAFF, member, named, now=START)
    return account_id, adult_id, child_id, correction.correction_id


async def test_everything_is_read_and_found_with_the_new_keys_alone() -> None:
    world = World()
    account_id, adult_id, child_id, _ = await filled(world)
    assert (await turn(restarted(world, **BOTH))).state is TurnState.DONE
    after = restarted(world, **NEW)
    seals = after.identity.context.seals
    account = await world.store.get(ACCOUNT, account_id)
    assert account is not None
    unlocked = await AccountVault(seals).unlock(account_id)
    email = unlocked.address_of(account.state, Channel.EMAIL)
    assert email is not None and email.text == "baru@example.org"
    applicants = ApplicantVault(seals)
    for applicant_id, particulars in ((adult_id, BUDI), (child_id, replace(child(1), nik=None))):
        record = await world.store.get(APPLICANT, applicant_id)
        assert record is not None
        assert await applicants.particulars(record.state.particulars, applicant_id) == particulars
        person = await world.store.get(PERSON, record.state.person_id or "")
        assert person is not None
        new = {found for found in record.state.nik_fingerprints if key_id_of(found) == "k2"}
        assert new and new <= set(person.state.nik_fingerprints)
        assert set(record.state.confirmed_nik) in (set(), set(record.state.nik_fingerprints))
    adult = await world.store.get(APPLICANT, adult_id)
    assert adult is not None
    waiting = adult.state.correction("c-1")
    assert waiting is not None and waiting.sealed is not None
    assert await applicants.particulars(waiting.sealed, adult_id) == SRI
    named = [member async for member in world.store.scan(STAFF) if member.state.name is not None]
    assert [StaffVault(seals).staff_name(member.state.name or "", member.id) for member in named] == ["RINI"]


async def test_an_address_that_can_come_back_is_turned_too() -> None:
    world = World()
    account_id = await world.sign_up()
    await world.change_address(account_id, email="baru@example.org")
    later = restarted(world, **BOTH)
    await later.identity.key_turns.begin("operator-1")
    for _ in range(30):
        await later.worker.run_due()
        world.clock.advance(1)
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None and record.state.changes
    before = record.state.changes[0].email
    assert before is not None and before.sealed.startswith("P1.")
    assert {key_id_of(found) for found in before.fingerprints} == {"k1", "k2"}
    assert set(before.fingerprints) <= set(record.state.fingerprints), "nobody else takes it meanwhile"


async def test_an_account_that_let_its_addresses_go_does_not_take_them_back() -> None:
    world = World()
    account_id = await world.sign_up()
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    gone = replace(record.state, fingerprints=("none:account",))
    await world.store.save(ACCOUNT, record, gone, now=START)
    await turn(restarted(world, **BOTH))
    turned = await world.store.get(ACCOUNT, account_id)
    assert turned is not None and turned.state.fingerprints == ("none:account",)


async def person_of(world: World, applicant_id: str) -> Record[Person]:
    applicant = await world.store.get(APPLICANT, applicant_id)
    assert applicant is not None
    person = await world.store.get(PERSON, applicant.state.person_id or "")
    assert person is not None
    return person


async def test_a_person_whose_nik_no_applicant_states_any_more_ends_no_turn() -> None:
    world = World()
    adult_id = await world.confirmed(await world.sign_up())
    person = await person_of(world, adult_id)
    del world.store._documents[APPLICANT.name][adult_id]
    assert (await turn(restarted(world, **BOTH))).state is TurnState.DONE
    after = restarted(world, **NEW)
    left = await world.store.get(PERSON, person.id)
    assert left is not None and left.state.nik_fingerprints == (f"none:{person.id}",)
    assert (await turn(after)).state is TurnState.DONE, "the old key has gone, and nothing waits for it"
    prints = ApplicantVault(after.identity.context.seals).nik_fingerprints(BUDI.nik or "")
    assert await ApplicantRepository(after.identity.context).person_with(prints) is None


async def test_two_persons_without_a_nik_do_not_hold_each_other_up() -> None:
    world = World()
    account_id = await world.sign_up()
    for particulars in (BUDI, SRI):
        gone_id = await world.confirmed(account_id, particulars)
        del world.store._documents[APPLICANT.name][gone_id]
    assert (await turn(restarted(world, **BOTH))).state is TurnState.DONE


async def test_a_corrected_nik_that_no_applicant_states_any_more_is_let_go() -> None:
    world = World()
    adult_id = await world.confirmed(await world.sign_up())
    person, vault = await person_of(world, adult_id), ApplicantVault(world.identity.context.seals)
    both = (*vault.nik_fingerprints(SRI.nik or ""), *person.state.nik_fingerprints)
    await world.store.save(PERSON, person, replace(person.state, nik_fingerprints=both), now=START)
    assert (await turn(restarted(world, **BOTH))).state is TurnState.DONE
    applicant, turned = await world.store.get(APPLICANT, adult_id), await person_of(world, adult_id)
    assert applicant is not None
    assert turned.state.nik_fingerprints == applicant.state.nik_fingerprints


async def test_a_person_waits_for_an_old_key_that_went_too_early() -> None:
    world = World()
    adult_id = await world.confirmed(await world.sign_up())
    person = await person_of(world, adult_id)
    found = await turn(restarted(world, fingerprint_keys=key("k2", 92)))
    assert (found.state, found.failed) == (TurnState.WAITING, 1)
    assert await person_of(world, adult_id) == person, "nobody can tell whether an applicant has this NIK"


async def test_a_person_of_two_niks_is_found_by_both() -> None:
    world = World()
    account_id = await world.sign_up()
    first_id = await world.confirmed(account_id)
    second_id = await world.confirmed(account_id, SRI)
    first, second = [await world.store.get(APPLICANT, each) for each in (first_id, second_id)]
    assert first is not None and second is not None
    persons = [record async for record in world.store.scan(PERSON)]
    mine = next(record for record in persons if record.id == first.state.person_id)
    other = next(record for record in persons if record.id == second.state.person_id)
    await world.store.remove(PERSON, other)
    both = (*mine.state.nik_fingerprints, *second.state.nik_fingerprints)
    await world.store.save(PERSON, mine, replace(mine.state, nik_fingerprints=both), now=START)
    later = restarted(world, **BOTH)
    turning = ApplicantTurn(later.identity.context)
    half = replace(mine.state, nik_fingerprints=(*both, both[0].replace("k1:", "k2:")))
    assert not turning._is_person_current(mine.id, half), "one NIK of two has a fingerprint under the new key"
    await turn(later)
    turned = await world.store.get(PERSON, mine.id)
    assert turned is not None
    assert [key_id_of(found) for found in sorted(turned.state.nik_fingerprints)] == ["k1", "k1", "k2", "k2"]


async def test_staff_and_applicants_without_sealed_values_need_nothing() -> None:
    world = World()
    context = world.identity.context
    staff = StaffVault(context.seals)
    await world.identity.staff.seed_demo()
    (member, *_) = [record.state async for record in world.store.scan(STAFF)]
    nameless = replace(member, name=None)
    assert staff.is_current(nameless)
    assert await staff.turned("staff-1", nameless) == nameless
    assert isinstance(world.identity, Identity)


@pytest.mark.parametrize("sealed", ["particulars", "correction"])
async def test_one_old_value_is_enough_to_be_turned(sealed: str) -> None:
    world = World()
    _, adult_id, _, _ = await filled(world)
    vault = ApplicantVault(world.identity.context.seals)
    record = await world.store.get(APPLICANT, adult_id)
    assert record is not None
    state: Applicant = record.state
    assert vault.is_current(state)
    old = world.identity.context.seals.cipher.seal("{}", owner_id=adult_id, field="particulars")
    if sealed == "particulars":
        state = replace(state, particulars=old)
    else:
        state = replace(state, corrections=(replace(state.corrections[0], sealed=old),))
    assert not vault.is_current(state)


async def test_what_staff_and_operators_keep_is_turned_too() -> None:
    world = World()
    await world.identity.staff.seed_demo()
    (member, *_) = [record async for record in world.store.scan(STAFF)]
    context = world.identity.context
    staff, factors = StaffVault(context.seals), SecondFactorVault(context)
    await world.store.save(
        STAFF, member, replace(member.state, email=staff.seal_email("rini@example.org", member.id)), now=START
    )
    totp = Totp("f-1", factors.seal_name("phone", member.id), factors.seal_secret("ABC", member.id), START, 0)
    passkey = Passkey("f-2", factors.seal_name("stick", member.id), "id", "public", 0, START)
    await world.store.insert(SECOND_FACTORS, member.id, SecondFactors((totp,), (passkey,)), now=START)
    sealed = OfficeSignInVault(context.seals).seal_client_secret("a client's word", "p-1")
    terms = ProviderTerms("Kanim", "paspor", sealed, ("office",), "sub", (IdTokenAlgorithm.ES256,))
    proposed = propose_provider("https://masuk.example.org", terms, "operator-1", "c-1", START)
    await world.store.insert(PROVIDER, "p-1", proposed, now=START)
    link = OfficeLink("p-1", member.id, "office", (), OfficeLinkState.LINKED, START)
    links = OfficeSignInVault(context.seals)
    await world.store.insert(OFFICE_LINK, "l-1", links.with_subject("l-1", link, "subject-1"), now=START)
    facts = BreachFacts(BreachCause.OTHER, (), (), START, None, None, 1)
    breach = open_breach(facts, BreachVault(context.seals).seal("b-1", "a laptop"), "operator-1", START)
    await world.store.insert(BREACH, "b-1", breach, now=START)
    assert (await turn(restarted(world, **BOTH))).state is TurnState.DONE

    after = restarted(world, **NEW).identity.context
    known = [await world.store.get(kind, name) for kind, name in ((STAFF, member.id), (SECOND_FACTORS, member.id))]
    assert StaffVault(after.seals).email_of(member.id, known[0].state) == "rini@example.org"
    read, kept = SecondFactorVault(after), known[1].state
    assert [read.name(factor.name, member.id) for factor in kept.enrolled] == ["phone", "stick"]
    assert read.secret(kept.totps[0].secret, member.id) == "ABC"
    provider = (await world.store.get(PROVIDER, "p-1")).state
    assert OfficeSignInVault(after.seals).open_client_secret(provider.proposal.terms.client_secret, "p-1") == (
        "a client's word"
    )
    found = await OfficeSignInRepository(after).link_of_subject(
        OfficeSignInVault(after.seals).subjects("p-1", "subject-1")
    )
    assert found is not None and found.id == "l-1", "the member signs in as before"
    words = (await world.store.get(BREACH, "b-1")).state.words_sealed
    assert BreachVault(after.seals).open("b-1", words) == "a laptop"


@pytest.mark.parametrize("is_changed", [False, True])
async def test_an_address_that_is_leaving_goes_though_the_keys_are_turned_meanwhile(is_changed: bool) -> None:
    """The old keys are taken away and the accounts turned once more before the grace time is over."""
    world = World()
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="+6281234567890")
    world.clock.advance(8 * DAY)
    await world.worker.run_due()
    wish = Wish(LeavingKind.ADDRESS, channel=Channel.EMAIL if is_changed else Channel.SMS)
    leaving_id = await begin_leaving(world, account_id, wish)
    if is_changed:
        record = await world.store.get(ACCOUNT, account_id)
        assert record is not None
        vault = AccountVault(world.identity.context.seals)
        other = (await vault.unlock(account_id)).seal_address(NormalAddress("lain@example.org", Channel.EMAIL))
        await world.store.save(ACCOUNT, record, replace(record.state, email=other), now=world.now())
    assert (await turn(restarted(world, **BOTH))).state is TurnState.DONE
    after = restarted(world, **NEW)
    assert (await turn(after)).state is TurnState.DONE
    leaving = await world.store.get(LEAVING, leaving_id)
    assert leaving is not None
    known = leaving.state.address_fingerprint
    assert (known is None) is is_changed and (known is None or key_id_of(known) == "k2")
    world.clock.advance(14 * DAY)
    await after.worker.run_due()
    account = await world.store.get(ACCOUNT, account_id)
    assert account is not None
    assert account.state.email is not None
    assert (account.state.phone is not None) is is_changed, "an address that came since stays"


async def begin_leaving(world: World, account_id: str, wish: Wish) -> str:
    """Ask and prove with the address that stays; the leaving's id."""
    start = await world.identity.leavings.ask(await world.caller(account_id), wish, "id", world.command())
    assert start.challenge is not None
    code = await world.code(start.challenge.challenge_id)
    await world.identity.signing_in.verify(start.challenge.challenge_id, code, world.command())
    return start.leaving_id


async def test_a_link_whose_subject_was_not_kept_waits_and_one_that_has_ended_does_not() -> None:
    world = World()
    links = OfficeSignInVault(world.identity.context.seals)
    link = OfficeLink("p-1", "staff-1", "office", links.subjects("p-1", "subject-1"), OfficeLinkState.LINKED, START)
    await world.store.insert(OFFICE_LINK, "l-1", link, now=START)
    later = restarted(world, **BOTH)
    found = await turn(later)
    assert (found.state, found.left, found.failed) == (TurnState.WAITING, 1, 1)
    record = await world.store.get(OFFICE_LINK, "l-1")
    assert record is not None and record.state == link
    ended = end_link(links.with_subject("l-1", link, "subject-1"), "head-1", "c-1")
    assert ended.subject_sealed is None
    await world.store.save(OFFICE_LINK, record, ended, now=START)
    assert (await turn(later)).state is TurnState.DONE
