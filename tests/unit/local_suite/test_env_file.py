"""The file of secrets for Compose: made once, private, only ever added to."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from local_suite import env_file
from local_suite.env_file import HalfAKeyPair, TrialInProduction, read, text, write
from shared.crypto.keyring import Keyring
from shared.crypto.sealed import SealedBox, Unsealer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "env"


def test_only_this_user_can_read_it(path: Path) -> None:
    assert write(path, trial=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_whole_file_is_left_as_it_is(path: Path) -> None:
    write(path, trial=True)
    before = path.read_bytes()
    assert not write(path, trial=True)
    assert path.read_bytes() == before


def test_a_real_deployment_is_not_made_of_a_trials_file(path: Path) -> None:
    write(path, trial=True)
    before = path.read_bytes()
    with pytest.raises(TrialInProduction) as refused:
        write(path, trial=False)
    told = str(refused.value)
    lines = path.read_text().splitlines()
    for line in env_file.TRIAL:
        number = next(n for n, text_line in enumerate(lines, 1) if text_line.startswith(f"{line.name}="))
        assert f"line {number}: {line.name}=" in told
    assert read(path)["PASPOR_DEMO_STAFF_PASSWORD"] not in told
    assert "then run ./paspor env --no-trial again" in told
    assert path.read_bytes() == before


def test_what_is_left_after_its_lines_are_out_is_a_real_deployments(path: Path) -> None:
    """The twin: the file without the named lines is taken."""
    write(path, trial=True)
    named = {line.name for line in env_file.TRIAL}
    kept = [line for line in path.read_text().splitlines() if line.partition("=")[0] not in named]
    path.write_text("\n".join(kept))
    assert not write(path, trial=False)


@pytest.mark.parametrize(
    ("line", "trial"),
    [
        ("PASPOR_BILL_VALIDITY_SECONDS=1800", False),
        ("PASPOR_BILL_VALIDITY_SECONDS=1799", True),
        ('PASPOR_BILL_VALIDITY_SECONDS="600"', True),
        ("PASPOR_RATE_FACTOR=1", False),
        ("PASPOR_RATE_FACTOR=1.5", True),
        ("PASPOR_ENVIRONMENT=production", False),
        ("PASPOR_ENVIRONMENT=test", True),
        ("PASPOR_DEMO_STAFF_PASSWORD=", False),
        ("PASPOR_CHECK_IN_ANY_DAY=false", False),
        ("# PASPOR_RATE_FACTOR=1000", False),
        ("PASPOR_BILL_GRACE_SECONDS=two", True),
    ],
)
def test_which_lines_are_a_trials(path: Path, line: str, trial: bool) -> None:
    path.write_text(line + "\n")
    assert bool(env_file.lines_of_trial(path)) is trial


def test_a_trials_bills_live_ten_minutes(path: Path) -> None:
    write(path, trial=True)
    assert read(path)["PASPOR_BILL_VALIDITY_SECONDS"] == "600"


def test_a_file_that_others_could_read_is_closed(path: Path) -> None:
    write(path, trial=True)
    path.chmod(0o644)
    write(path, trial=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_newer_version_needs_is_added_and_the_rest_stays(path: Path) -> None:
    write(path, trial=False)
    older = [line for line in path.read_text().splitlines() if not line.startswith("PASPOR_MONGO_KEY=")]
    path.write_text("\n".join([*older, "PASPOR_AMQP_PASSWORD=changed by hand"]))
    assert write(path, trial=True)
    lines = path.read_text().splitlines()
    assert lines[:-1] == [*older, "PASPOR_AMQP_PASSWORD=changed by hand"]
    assert lines[-1].startswith("PASPOR_MONGO_KEY=")


@pytest.mark.parametrize("lost", ["PASPOR_NOTIFICATION_SEALING_PRIVATE_KEYS", "PASPOR_APPLICATION_SEALING_PUBLIC_KEY"])
def test_half_a_pair_is_not_completed_with_a_key_that_does_not_fit(path: Path, lost: str) -> None:
    write(path, trial=False)
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith(lost)))
    before = path.read_bytes()
    with pytest.raises(HalfAKeyPair, match="put the other back"):
        write(path, trial=False)
    assert path.read_bytes() == before


def test_keys_can_be_used(path: Path) -> None:
    write(path, trial=False)
    values = read(path)
    for service in env_file.SERVICES:
        Keyring.parse(values[f"PASPOR_{service.upper()}_MASTER_KEYS"])
        Keyring.parse(values[f"PASPOR_{service.upper()}_FINGERPRINT_KEYS"])
    for owner in ("NOTIFICATION", "APPLICATION"):
        box = SealedBox.for_recipient(values[f"PASPOR_{owner}_SEALING_PUBLIC_KEY"])
        unsealer = Unsealer.parse(values[f"PASPOR_{owner}_SEALING_PRIVATE_KEYS"])
        assert unsealer.open(box.seal(b"for you", "test"), "test") == b"for you"


def test_no_two_secrets_are_alike() -> None:
    values = [line.partition("=")[2] for line in text(trial=False).splitlines()]
    assert len(set(values)) == len(values)


def test_two_files_share_nothing() -> None:
    one, other = (set(text(trial=False).splitlines()) for _ in range(2))
    assert not one & other


def test_values_need_no_quoting_but_the_pem(path: Path) -> None:
    write(path, trial=True)
    for line in path.read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "PASPOR_TOKEN_SIGNING_KEYS":
            assert value.startswith('"-----BEGIN')
            assert value.endswith('-----"')
        elif not line.startswith("#"):
            assert not set(value) & set("$\"' \\#")


def test_a_real_deployment_gets_no_setting_of_the_trial() -> None:
    assert "PASPOR_DEMO_STAFF_PASSWORD" not in text(trial=False)
    assert "PASPOR_ENVIRONMENT" not in text(trial=False)
