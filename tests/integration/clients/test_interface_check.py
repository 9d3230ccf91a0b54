"""The description of the API before linters and one more generator; a fault in it is seen by each of them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools import interface_check
from devtools.interface_check import (
    REDOCLY_RULES,
    SPECTRAL_RULES,
    InterfaceNotTaken,
    PackagesNotHere,
    check_interface,
    generate_with_hey_api,
    install_checks,
    lint_with_redocly,
    lint_with_spectral,
)

Check = Callable[[Path, Path], None]
CHECKS: list[Check] = [lint_with_redocly, lint_with_spectral, generate_with_hey_api]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tools; without npm or its packages the tests are skipped."""
    made = tmp_path_factory.mktemp("interface-checks")
    try:
        install_checks(made)
    except PackagesNotHere as missing:
        pytest.skip(str(missing).splitlines()[0])
    return made


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_description_is_taken(check: Check, document: Path, folder: Path) -> None:
    check(document, folder)


SMALL: dict[str, Any] = {
    "openapi": "3.1.1",
    "info": {
        "title": "Small",
        "version": "1.0.0",
        "description": "One call.",
        "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
    },
    "servers": [{"url": "/"}],
    "tags": [{"name": "bills"}],
    "paths": {
        "/v1/bills": {
            "get": {
                "operationId": "list_bills",
                "summary": "List bills",
                "tags": ["bills"],
                "security": [],
                "responses": {"200": {"description": "OK"}, "422": {"description": "Malformed"}},
            }
        }
    },
}


@pytest.mark.parametrize("check", [lint_with_redocly, lint_with_spectral], ids=lambda check: check.__name__)
def test_a_fault_is_seen(check: Check, folder: Path, tmp_path: Path) -> None:
    """A name that two operations have; without it the same document is taken."""
    place = tmp_path / "small.json"
    place.write_text(json.dumps(SMALL))
    check(place, folder)
    wrong = copy.deepcopy(SMALL)
    wrong["paths"]["/v1/refunds"] = wrong["paths"]["/v1/bills"]
    place.write_text(json.dumps(wrong))
    with pytest.raises(InterfaceNotTaken, match="operation"):
        check(place, folder)


def test_a_document_that_no_generator_reads_is_told(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "small.json"
    place.write_text("{}")
    with pytest.raises(InterfaceNotTaken, match="hey-api does not take the description of the API"):
        generate_with_hey_api(place, folder)


@pytest.mark.parametrize("rules", [REDOCLY_RULES, SPECTRAL_RULES], ids=lambda path: path.stem)
def test_each_rule_that_is_switched_off_has_its_reason(rules: Path) -> None:
    lines = rules.read_text().splitlines()
    off = [at for at, line in enumerate(lines) if re.match(r"  [a-z-]+: off", line)]
    assert off
    assert [lines[at] for at in off if not lines[at - 1].startswith("  # ")] == []


def test_the_locked_packages_name_no_registry() -> None:
    for folder in ("checks", "typescript"):
        lock = json.loads((interface_check.CLIENTS / folder / "package-lock.json").read_text())
        packages = [package for place, package in lock["packages"].items() if place and not package.get("link")]
        assert packages
        assert all("resolved" not in package and package["integrity"] for package in packages)


def test_without_npm_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(PackagesNotHere, match="npm is not on this machine"):
        install_checks(tmp_path)


def test_all_checks_get_the_merged_description(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    met: list[tuple[str, object]] = []
    monkeypatch.setattr(interface_check, "DOCUMENT", tmp_path / "paspor.json")
    monkeypatch.setattr(interface_check, "merged_openapi", lambda: {"openapi": "3.1.1"})
    monkeypatch.setattr(interface_check, "install_checks", lambda folder: met.append(("install", folder.name)))
    for check in CHECKS:
        name = check.__name__
        note = lambda document, _folder, name=name: met.append((name, json.loads(document.read_text())))  # noqa: E731
        monkeypatch.setattr(interface_check, name, note)
    check_interface()
    assert met == [("install", "interface-checks"), *((check.__name__, {"openapi": "3.1.1"}) for check in CHECKS)]
