"""Secrets are made once and stay."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from local_suite import secrets
from shared.crypto.keyring import Keyring
from shared.crypto.sealed import SealedBox, Unsealer


def test_made_at_the_first_start_and_the_same_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secrets.json"
    first = secrets.load_secrets(path)
    assert first == secrets.load_secrets(path)
    assert set(first) == set(secrets.SECRETS)


def test_only_this_user_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    secrets.load_secrets(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_machines_share_no_secret(tmp_path: Path) -> None:
    one, other = secrets.load_secrets(tmp_path / "1.json"), secrets.load_secrets(tmp_path / "2.json")
    assert one.keys() == other.keys() == secrets.SECRETS.keys()
    assert [name for name in one if one[name] == other[name]] == []


def test_a_secret_that_a_new_version_needs_is_added_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secrets.json"
    before = secrets.load_secrets(path)
    monkeypatch.setitem(secrets.SECRETS, "new_one", lambda: "made")
    assert secrets.load_secrets(path) == {**before, "new_one": "made"}
    assert json.loads(path.read_text())["new_one"] == "made"


def test_services_can_read_what_is_made(tmp_path: Path) -> None:
    made = secrets.load_secrets(tmp_path / "secrets.json")
    assert Keyring.parse(made["master_keys"]).current.key_id == "k1"
    private, public = made["notification_key_pair"].split()
    sealed = SealedBox.for_recipient(public).seal(b"code", "aad")
    assert Unsealer.parse(private).open(sealed, "aad") == b"code"
