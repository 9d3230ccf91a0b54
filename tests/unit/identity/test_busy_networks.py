"""Codes that many ask for: proofs of work for busy networks, countries and their budgets for SMS (F24)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.identity.accounts.countries import Country, country_of, served_countries
from services.identity.sign_in import proof_of_work
from services.identity.sign_in import service as sign_in_service
from services.identity.sign_in.proof_of_work import ProofsOfWork, solve, zero_bits
from shared.events.notification import DeliverySent
from tests.unit.identity.browsers import Browser, Browsers, running
from tests.unit.identity.test_new_devices import EMAIL, PHONE, home_of_two_addresses
from tests.unit.identity.test_signing_in import _hear
from tests.unit.identity.world import World, make_settings

FREE = 30
ABROAD = "+60123456789"
UNKNOWN = (
    *("+60123456789", "+6591234567", "+819012345678", "+85291234567", "+886912345678"),
    *("+33612345678", "+79161234567", "+2348031234567", "+8613812345678", "+97150123456"),
)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def browsers() -> AsyncIterator[Browsers]:
    async with running(World(proof_bits=8)) as ready:
        yield ready


async def ask(browser: Browser, email: str, **more: Any) -> tuple[int, Any]:
    return await browser.post("/v1/registrations", {"email": email, **more})


async def make_busy(browsers: Browsers, address: str) -> Any:
    """Ask for codes at this address until a proof is wanted; the refusal, for pertama@example.org."""
    answers = [await ask(browsers.at(address), f"ramai{number}@example.org") for number in range(FREE + 1)]
    assert {status for status, _ in answers} == {202, 429}
    assert sum(status == 202 for status, _ in answers) <= FREE
    return (await ask(browsers.at(address), "pertama@example.org"))[1]


# Busy networks


@pytest.mark.acceptance("F24.limit_per_address")
async def test_a_busy_network_computes_for_each_further_code_and_none_of_its_telephones_is_refused(
    browsers: Browsers,
) -> None:
    await make_busy(browsers, "10.0.0.1")
    for number in range(40):
        telephone, email = browsers.at("10.0.0.1"), f"telepon{number}@example.org"
        status, problem = await ask(telephone, email)
        assert (status, problem["code"], problem["bits"]) == (429, "proof_of_work_needed", 8)
        assert (await ask(telephone, email, proof=solve(problem["challenge"], problem["bits"])))[0] == 202
    assert (await ask(browsers.at("10.0.0.2"), "lain@example.org"))[0] == 202


async def test_a_network_is_free_again_after_its_minute(browsers: Browsers) -> None:
    await make_busy(browsers, "10.0.0.1")
    browsers.world.clock.advance(60)
    assert (await ask(browsers.at("10.0.0.1"), "pertama@example.org"))[0] == 202


async def test_a_network_that_asks_all_hour_is_busy_until_its_hour_is_over(browsers: Browsers) -> None:
    refused = 0
    for number in range(320):
        browsers.world.clock.advance(5)
        refused += (await ask(browsers.at("10.0.0.1"), f"sejam{number}@example.org"))[0] == 429
    assert refused >= 20
    browsers.world.clock.advance(3600)
    assert (await ask(browsers.at("10.0.0.1"), "pertama@example.org"))[0] == 202


async def test_a_subscriber_of_ipv6_is_one_network_whatever_its_address(browsers: Browsers) -> None:
    answers = [
        (await ask(browsers.at(f"2001:db8:1:1::{number:x}"), f"enam{number}@example.org"))[0] for number in range(1, 32)
    ]
    assert answers[-1] == 429
    assert (await ask(browsers.at("2001:db8:1:2::1"), "lain@example.org"))[0] == 202


async def test_a_proof_is_for_one_address_and_for_five_minutes(browsers: Browsers) -> None:
    refused = await make_busy(browsers, "10.0.0.1")
    proof = solve(refused["challenge"], refused["bits"])
    busy = browsers.at("10.0.0.1")
    for wrong in (f"{refused['challenge']}:", "pw1.x.0.9999999999.y:1", proof.replace(".8.", ".1.", 1), "x"):
        assert (await ask(busy, "pertama@example.org", proof=wrong))[0] == 429
    assert (await ask(busy, "kedua@example.org", proof=proof))[0] == 429
    assert (await ask(busy, "pertama@example.org", proof=proof))[0] == 202
    status, again = await ask(busy, "pertama@example.org", proof=proof)
    assert (status, again["code"]) == (429, "code_sent_just_now"), "again it meets the throttle of its address"


def test_a_proof_is_over_after_its_seconds_and_needs_its_bits() -> None:
    now, proofs = World().now(), ProofsOfWork(make_settings().fingerprint_keyring())
    challenge = proofs.challenge("target", 8, 300, now)
    proof = solve(challenge, 8)
    assert proofs.proves(proof, "target", now + timedelta(seconds=299.999))
    assert not proofs.proves(proof, "target", now + timedelta(seconds=300))
    almost = next(f"{challenge}:{nonce}" for nonce in range(10_000) if zero_bits(f"{challenge}:{nonce}") == 7)
    assert not proofs.proves(almost, "target", now)
    assert not proofs.proves(None, "target", now)


def test_zero_bits_are_counted_from_the_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Digest:
        def __init__(self, text: bytes) -> None:
            self._text = text

        def digest(self) -> bytes:
            return bytes.fromhex(self._text.decode()).ljust(32, b"\0")

    monkeypatch.setattr(proof_of_work.hashlib, "sha256", Digest)
    assert [zero_bits(text) for text in ("ff", "7f", "01", "0001", "")] == [0, 1, 7, 15, 256]


async def test_a_known_device_asks_in_a_busy_network_without_a_proof(browsers: Browsers) -> None:
    home = browsers.at("10.0.0.1")
    await home.sign_in("budi@example.org")
    browsers.world.clock.advance(61)
    await make_busy(browsers, "10.0.0.1")
    assert (await home.ask("budi@example.org"))[0] == 202
    assert (await home.ask("lain@example.org"))[1]["code"] == "proof_of_work_needed", "it is known for its own account"


# Countries


def test_the_table_has_indonesia_to_register_and_every_country_a_budget() -> None:
    countries = served_countries()
    assert [code for code, country in countries.items() if country.can_register] == ["62"]
    assert all(country.codes_per_day > 0 for country in countries.values())
    assert country_of("+6281234567890") is countries["62"]
    assert country_of("+33612345678") is None


async def test_an_unknown_number_from_abroad_gets_no_sms(browsers: Browsers) -> None:
    answers = [await browsers.at(f"10.0.1.{number}").ask(phone) for number, phone in enumerate(UNKNOWN)]
    assert [status for status, _ in answers] == [202] * 5 + [422] * 5
    assert all(challenge["only_if_known"] for _, challenge in answers[:5])
    assert {problem["code"] for _, problem in answers[5:9]} == {"phone_country_unserved"}
    assert await browsers.world.codes() == []
    assert (await browsers.at("10.0.0.1").ask("081234567890"))[1]["only_if_known"] is False


async def test_a_number_from_abroad_is_added_after_a_proven_email_and_then_signs_in_unseen_by_strangers(
    browsers: Browsers,
) -> None:
    world, home = browsers.world, browsers.at("10.0.0.1")
    account_id = await home.sign_in("budi@example.org")
    await world.change_address(account_id, phone=ABROAD)
    world.clock.advance(3600)
    seen = []
    for phone in (ABROAD, "+60123456780"):
        status, challenge = await browsers.at("10.0.0.2").ask(phone)
        told = DeliverySent(
            delivery_id="d", account_id="a", template="otp", channel="sms", cause_id=challenge["challenge_id"]
        )
        if phone == ABROAD:
            assert (await world.codes())[-1]["address"] == ABROAD
            await _hear(world, told)
        _, later = await browsers.at("10.0.0.2").get(f"/v1/challenges/{challenge['challenge_id']}")
        seen.append((status, *(_anonymous(view) for view in (challenge, later))))
    assert seen[0] == seen[1]
    assert (await world.codes())[-1]["address"] == ABROAD


def _anonymous(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name not in ("challenge_id", "asker_token", "sent_to")}


# Budgets


async def with_budget(monkeypatch: pytest.MonkeyPatch, country: Country) -> None:
    monkeypatch.setattr(sign_in_service, "country_of", lambda _: country)


async def spend_codes(browsers: Browsers, most: int) -> None:
    """Ask for codes to numbers without an account, as many as the country has in a day."""
    for number in range(most):
        assert (await browsers.at(f"10.2.{number}.1").ask(f"+62813000001{number:02d}"))[0] == 202


async def codes_to(world: World, *addresses: str) -> list[int]:
    """How many codes each of these addresses was sent."""
    sent = [code["address"] for code in await world.codes()]
    return [sent.count(address) for address in addresses]


async def test_once_a_country_had_its_codes_of_the_day_an_unknown_number_gets_none_and_operators_are_alerted(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, home = browsers.world, browsers.at("10.0.0.1")
    account_id = await home.sign_in("081234567890")
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=2))
    before = len(await world.codes())
    with capture_logs() as logs:
        answers = [await browsers.at(f"10.0.1.{number}").ask(f"08123456780{number}") for number in range(3)]
    assert [(status, challenge["only_if_known"]) for status, challenge in answers] == [
        *((202, False), (202, False), (202, True)),
    ]
    assert len(await world.codes()) == before + 2
    alerts = [line for line in logs if line["event"] == "identity.sms_budget_spent"]
    assert [(line["log_level"], line["country"], line["budget"]) for line in alerts] == [("error", "62", "sms")]
    assert "812345678" not in repr(logs)
    world.clock.advance(61)
    assert await home.sign_in("081234567890") == account_id, "a known device still gets its code"
    world.clock.advance(86_400)
    assert (await browsers.at("10.0.1.9").ask("081234567802"))[1]["only_if_known"] is False


async def test_strangers_numbers_do_not_spend_the_codes_of_numbers_that_have_an_account(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = browsers.world
    await browsers.at("10.0.0.1").sign_in(PHONE)
    world.clock.advance(3600)
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=20))
    await spend_codes(browsers, 20)
    new, before = browsers.at("10.0.0.2"), await codes_to(world, PHONE, "+6281300000199")
    seen = []
    for phone in (PHONE, "+6281300000199"):
        status, challenge = await new.ask(phone)
        _, later = await new.get(f"/v1/challenges/{challenge['challenge_id']}")
        seen.append((status, *(_anonymous(view) for view in (challenge, later))))
    assert seen[0] == seen[1], "the answer does not tell which of them has an account"
    assert (before, await codes_to(world, PHONE, "+6281300000199")) == ([1, 0], [2, 0])


async def test_numbers_that_have_an_account_have_their_own_codes_of_the_day_and_no_more(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = browsers.world
    await browsers.at("10.0.0.1").sign_in(PHONE)
    world.clock.advance(3600)
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=1))
    await spend_codes(browsers, 1)
    before = len(await world.codes())
    for _ in range(2):
        world.clock.advance(61)
        assert (await browsers.at("10.0.0.2").ask(PHONE))[0] == 202
    assert len(await world.codes()) == before + 1


async def test_from_abroad_a_spent_budget_is_told_to_nobody(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, home = browsers.world, browsers.at("10.0.0.1")
    account_id = await home.sign_in("budi@example.org")
    await with_budget(monkeypatch, Country("60", can_register=False, codes_per_day=1))
    await world.change_address(account_id, phone=ABROAD)
    world.clock.advance(3600)
    await browsers.at("10.0.0.2").ask(ABROAD)
    world.clock.advance(61)
    before = len(await world.codes())
    for phone in (ABROAD, "+60123456780"):
        assert (await browsers.at("10.0.0.2").ask(phone))[0] == 202
    assert len(await world.codes()) == before
    world.clock.advance(61)
    assert (await home.ask(ABROAD))[0] == 202
    assert len(await world.codes()) == before + 1


async def account_without_budget(browsers: Browsers, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A browser at home in an account with email and number, of a country that had all its codes of the day."""
    home, _ = await home_of_two_addresses(browsers)
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=0))
    return home


async def test_a_second_code_by_sms_is_counted_and_refused_in_words_once_none_is_left(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account_without_budget(browsers, monkeypatch)
    new = browsers.at("10.0.0.2")
    _, challenge = await new.ask(EMAIL)
    code = await browsers.world.code(challenge["challenge_id"])
    status, problem = await new.prove(challenge, code)
    assert (status, problem["code"], "known device" in problem["next_action"]) == (429, "sms_budget_spent", True)
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=2))
    assert (await new.prove(challenge, code))[1]["code"] == "second_code_needed", "the first code still counts"
    await spend_codes(browsers, 2)
    new_number = (await browsers.at("10.0.0.3").ask("+6281300000198"))[1]
    assert new_number["only_if_known"] is True


@pytest.mark.parametrize("budget", [0, 1])
async def test_a_copy_by_sms_is_counted_and_left_out_once_none_is_left(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    await account_without_budget(browsers, monkeypatch)
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=budget))
    world, new = browsers.world, browsers.at("10.0.0.2")
    _, challenge = await new.ask(EMAIL)
    before = len(await world.codes())
    world.clock.advance(60)
    await world.worker.run_due()
    for _ in range(2):
        world.clock.advance(60)
        assert (await new.post(f"/v1/challenges/{challenge['challenge_id']}/resend?channel=sms"))[0] == 202
    sent = [code["channel"] for code in (await world.codes())[before:]]
    assert (sent.count("email"), sent.count("sms")) == (2, 2 * budget), "the country's own, and that of known numbers"


@pytest.mark.parametrize(
    ("path", "body"), [("phone", {"phone": "081234567899"}), ("email", {"email": "b@example.org"})]
)
async def test_a_change_of_address_is_refused_in_words_once_no_code_by_sms_is_left(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, str]
) -> None:
    home = await account_without_budget(browsers, monkeypatch)
    await home.sign_in(EMAIL)
    status, problem = await home.call("PUT", f"/v1/account/{path}", {**body, "prove_by": "sms"})
    assert (status, problem["code"]) == (429, "sms_budget_spent")


async def test_codes_by_email_have_no_budget_of_a_country(browsers: Browsers, monkeypatch: pytest.MonkeyPatch) -> None:
    await with_budget(monkeypatch, Country("62", can_register=True, codes_per_day=1))
    for number in range(3):
        assert (await browsers.at("10.0.0.1").ask(f"surat{number}@example.org"))[0] == 202
