"""Providers, links and returned sign-ins: every row, every refusal, every edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from services.identity.office_sign_in import link as links
from services.identity.office_sign_in import provider as providers
from services.identity.office_sign_in import returned as returns
from services.identity.office_sign_in.attempt import SignInAttempt, SignInCookies
from services.identity.office_sign_in.id_token import Expected, IdTokenWrong, check_id_token
from services.identity.office_sign_in.link import OfficeLink, OfficeLinkState
from services.identity.office_sign_in.provider import IdTokenAlgorithm, ProviderState, ProviderTerms
from services.identity.office_sign_in.returned import ReturnedSignIn, ReturnStage
from services.identity.sessions.session import OfficeWord
from services.identity.staff.member import Staff
from services.identity.staff.member_transitions import let_in_by_office
from services.identity.staff.states import StaffState
from shared.crypto.keyring import Keyring
from shared.store.transitions import IllegalTransition
from tests.conftest import START
from tests.unit.world import key

SEALED = "k1.sealed"
TERMS = ProviderTerms(
    name="Kanim Contoh",
    client_id="paspor",
    client_secret=SEALED,
    offices=("jakarta-selatan",),
    user_claim="preferred_username",
    algorithms=(IdTokenAlgorithm.ES256,),
    acr_values=("two",),
    amr_values=("mfa", "hwk"),
)
PROPOSED = providers.propose_provider("https://masuk.example.org", TERMS, "operator-1", "command-1", START)


def active() -> providers.OfficeProvider:
    assert PROPOSED.proposal is not None
    return providers.approve_proposal(PROPOSED, PROPOSED.proposal, "command-2")


def test_a_provider_speaks_for_its_offices_while_it_is_active() -> None:
    assert not PROPOSED.speaks_for("jakarta-selatan")
    assert active().speaks_for("jakarta-selatan")
    assert not active().speaks_for("jakarta-utara") and not active().speaks_for(None)
    assert not providers.stop_provider(active(), "command-3").speaks_for("jakarta-selatan")


def test_a_change_counts_once_it_is_approved_and_a_stop_drops_it() -> None:
    other = replace(TERMS, offices=("jakarta-utara",))
    changing = providers.propose_change(active(), other, "operator-1", "command-3", START)
    assert (changing.state, changing.terms, changing.last_command) == (ProviderState.ACTIVE, TERMS, "command-3")
    assert changing.proposal is not None
    assert providers.approve_proposal(changing, changing.proposal, "command-4").terms == other
    assert providers.refuse_proposal(changing, "command-4").terms == TERMS
    stopped = providers.stop_provider(changing, "command-4")
    assert (stopped.state, stopped.proposal) == (ProviderState.STOPPED, None)
    again = providers.propose_change(stopped, other, "operator-1", "command-5", START)
    assert again.state is ProviderState.STOPPED and not again.speaks_for("jakarta-utara")
    assert again.proposal is not None
    assert providers.approve_proposal(again, again.proposal, "command-6").speaks_for("jakarta-utara")


def test_what_was_refused_stays_refused() -> None:
    refused = providers.refuse_proposal(PROPOSED, "command-2")
    assert refused.state is ProviderState.REFUSED
    for change in (
        lambda: providers.propose_change(refused, TERMS, "operator-1", "command-3", START),
        lambda: providers.stop_provider(refused, "command-3"),
        lambda: providers.refuse_proposal(refused, "command-3"),
        lambda: providers.stop_provider(PROPOSED, "command-3"),
        lambda: providers.propose_change(PROPOSED, TERMS, "operator-1", "command-3", START),
    ):
        with pytest.raises(IllegalTransition):
            change()


@pytest.mark.parametrize(
    ("acr", "amr", "proves"),
    [("two", (), True), (None, ("pwd", "hwk"), True), ("one", ("pwd",), False), (None, (), False), ("mfa", (), False)],
)
def test_a_second_factor_is_proved_by_the_agreed_words(acr: str | None, amr: tuple[str, ...], proves: bool) -> None:
    assert providers.proves_second_factor(TERMS, acr, amr) is proves
    assert not providers.proves_second_factor(replace(TERMS, acr_values=(), amr_values=()), acr, amr)


def test_a_link_believes_what_was_said_after_its_user_left_alone() -> None:
    asked = OfficeLink("provider-1", "staff-1", "jakarta-selatan", ("k1:a",), OfficeLinkState.ASKED, START)
    made = links.approve_link(asked, "head-1", "command-1")
    assert made.believes(OfficeWord("link-1", START)) and not asked.believes(OfficeWord("link-1", START))
    left = links.log_out_link(made, START)
    assert not left.believes(OfficeWord("link-1", START))
    assert left.believes(OfficeWord("link-1", START + timedelta(milliseconds=1)))


def test_a_link_is_made_once_and_ends_for_good() -> None:
    asked = OfficeLink("provider-1", "staff-1", "jakarta-selatan", ("k1:a",), OfficeLinkState.ASKED, START)
    made = links.approve_link(asked, "head-1", "command-1")
    assert (made.state, made.live, made.decided_by) == (OfficeLinkState.LINKED, True, "head-1")
    ended = links.end_link(made, "head-1", "command-2")
    assert (ended.state, ended.live, links.end_link(asked, "h", "c").live) == (OfficeLinkState.ENDED, False, False)
    with pytest.raises(IllegalTransition):
        links.approve_link(made, "head-1", "command-3")
    with pytest.raises(IllegalTransition):
        links.end_link(ended, "head-1", "command-3")
    with pytest.raises(IllegalTransition):
        links.approve_link(ended, "head-1", "command-3")


def test_tokens_can_be_taken_once_and_until_their_time() -> None:
    until = START + timedelta(minutes=2)
    returned = ReturnedSignIn(ReturnStage.RETURNED, START + timedelta(minutes=10))
    assert not returned.can_be_claimed(START)
    word = OfficeWord("link-1", START, "k1:sid")
    proved = returns.prove_return(returned, word, until, proved_second_factor=True)
    assert proved.proved_second_factor and proved.word == word
    assert proved.can_be_claimed(until - timedelta(milliseconds=1)) and not proved.can_be_claimed(until)
    claimed = returns.claim_return(proved)
    assert not claimed.can_be_claimed(START)
    refused = returns.refuse_return(returned, "code")
    assert (refused.stage, refused.refusal) == (ReturnStage.REFUSED, "code")
    for change in (
        lambda: returns.claim_return(claimed),
        lambda: returns.claim_return(refused),
        lambda: returns.refuse_return(proved, "code"),
    ):
        with pytest.raises(IllegalTransition):
            change()


def test_the_office_s_word_makes_an_own_password_needless_and_keeps_one_that_is_there() -> None:
    invited = Staff("dewi.contoh", "hash", "front_officer", "jakarta-selatan", state=StaffState.INVITED)
    came = let_in_by_office(invited, (), START)
    assert (came.state, came.password_hash, came.signed_in_at) == (StaffState.ACTIVE, "", START)
    active_before = replace(invited, state=StaffState.ACTIVE)
    assert let_in_by_office(active_before, (), START).password_hash == active_before.password_hash
    for state in (StaffState.PROPOSED, StaffState.LOCKED, StaffState.REFUSED, StaffState.LEFT):
        with pytest.raises(IllegalTransition):
            let_in_by_office(replace(invited, state=state), (), START)


def test_a_cookie_is_read_until_its_time_and_under_keys_of_the_ring() -> None:
    ring = Keyring.parse(key("k1", 1))
    attempt = SignInAttempt("id-1", "secret-1", "provider-1", "", START + timedelta(seconds=600))
    cookie = SignInCookies(ring).make(attempt)
    assert SignInCookies(ring).read(cookie, attempt.until - timedelta(milliseconds=1)) == attempt
    assert SignInCookies(ring).read(cookie, attempt.until) is None
    assert SignInCookies(Keyring.parse(key("k2", 2))).read(cookie, START) is None
    assert SignInCookies(Keyring.parse(f"{key('k2', 2)},{key('k1', 1)}")).read(cookie, START) == attempt
    for forged in (None, "", "po1", cookie.replace("provider-1", "provider-2"), cookie.replace(".id-1.", ".id-2.")):
        assert SignInCookies(ring).read(forged, START) is None
    assert "secret-1" not in repr(attempt)


def test_state_nonce_and_verifier_say_nothing_of_each_other() -> None:
    attempt = SignInAttempt("id-1", "secret-1", "provider-1", "", START)
    derived = {attempt.state, attempt.nonce, attempt.code_verifier, attempt.code_challenge}
    assert len(derived) == 4 and all(len(text) == 43 for text in derived)
    others = (SignInAttempt("id-1", "secret-2", "provider-1", "", START), replace(attempt, id="id-2"))
    assert derived.isdisjoint({other.state for other in others})


def test_a_key_of_another_type_verifies_nothing() -> None:
    signer = ECKey.generate_key("P-256")
    token = jwt.encode({"alg": "ES256"}, {"sub": "subject-1"}, signer, algorithms=["ES256"])
    expected = Expected("https://masuk.example.org", "paspor", "nonce-1", "preferred_username", START)
    for key_of_another in (RSAKey.generate_key(2048), ECKey.generate_key("P-384")):
        with pytest.raises(IdTokenWrong, match="signature"):
            check_id_token(token, key_of_another, "ES256", expected, START)
    with pytest.raises(IdTokenWrong, match="aud"):
        check_id_token(token, signer, "ES256", expected, START)
