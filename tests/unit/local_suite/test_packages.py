"""Unpacking servers."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path

import pytest

from local_suite.errors import PackageUnavailable
from local_suite.servers import packages


def wheel(path: Path, *members: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, member)


def test_members_are_found_by_pattern_and_unzipped_flat(tmp_path: Path) -> None:
    wheel(tmp_path / "a.whl", "a.libs/libssl-3e69114b.so.1.1", "a/other.py")
    wheel(tmp_path / "b.whl", "b.libs/libcrypto-1234.so.1.1")
    (tmp_path / "lib").mkdir()
    found = packages._extract(tmp_path, r"/lib(ssl|crypto)-[^/]*\.so\.1\.1$", tmp_path / "lib")
    assert [path.name for path in found] == ["libssl-3e69114b.so.1.1", "libcrypto-1234.so.1.1"]
    assert all(path.exists() for path in found)


def test_a_wheel_without_what_is_needed_is_refused(tmp_path: Path) -> None:
    wheel(tmp_path / "a.whl", "a/other.py")
    with pytest.raises(PackageUnavailable, match="MONGO_URL"):
        packages._extract(tmp_path, "mongod", tmp_path)


def test_a_folder_is_made_once_however_many_start_together(tmp_path: Path) -> None:
    folder, made = tmp_path / "server", []

    def start() -> None:
        with packages._made_once(folder) as making:
            if making is not None:
                made.append(making)
                (making / "file").write_text("x")

    threads = [threading.Thread(target=start) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert (folder / "file").exists()


def test_what_breaks_off_midway_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    with pytest.raises(RuntimeError), packages._made_once(folder) as making:
        assert making is not None
        (making / "half").write_text("x")
        raise RuntimeError
    assert not folder.exists()
    with packages._made_once(folder) as making:
        assert making is not None
        assert not (making / "half").exists()


def test_every_wheel_is_pinned_by_hash_for_both_machines() -> None:
    for pinned in (packages.MONGOD_WHEEL, packages.OPENSSL_WHEEL, packages.CURL_WHEEL):
        assert pinned.count("--hash=sha256:") == len(packages.MACHINES)


def test_a_machine_without_a_mongod_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(PackageUnavailable, match=r"riscv64.*MONGO_URL"):
        packages.mongod_package()
