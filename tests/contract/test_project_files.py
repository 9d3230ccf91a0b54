"""The files that a stranger reads first: licence, changelog, security, decision records, contributing, locks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local_suite.home import PROJECT

RECORDS = sorted(path for path in (PROJECT / "docs" / "adr").glob("[0-9]*.md"))
INDEX = PROJECT / "docs" / "adr" / "README.md"
ROW = re.compile(r"\| \[(\d{4})\]\(([^)]+)\) \| (.+) \| (.+) \| (\d{4}-\d{2}-\d{2}) \|")
HEAD = re.compile(r"# (\d+)\. (.+)\n\n- Status: (.+)\n- Date: (\d{4}-\d{2}-\d{2})\n\n")
LOCKS = sorted((PROJECT / "requirements").glob("*.txt"))


def row_of(record: Path) -> tuple[str, str, str, str, str] | None:
    """The line of the index that a record asks for: number, file, title, status, date; None if its head lacks one."""
    head = HEAD.match(record.read_text(encoding="utf-8"))
    if head is None:
        return None
    number, title, status, date = head.groups()
    return f"{int(number):04}", record.name, title, status, date


def test_the_licence_is_the_whole_agpl() -> None:
    text = (PROJECT / "LICENSE").read_text(encoding="utf-8")
    assert re.match(r"\s+GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3, 19 November 2007\n", text)
    assert all(f"\n  {number}. " in text for number in range(18)), "sections 0 to 17"
    assert text.endswith("<https://www.gnu.org/licenses/>.\n") and "How to Apply These Terms" in text


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_has_number_status_and_date(record: Path) -> None:
    row = row_of(record)
    assert row is not None, "title, status and date as in template.md"
    assert row[0] == record.name[:4]
    assert re.match(r"(proposed|accepted|replaced by \[\d{4}\])", row[3])


def test_the_index_has_every_decision_record() -> None:
    rows = ROW.findall(INDEX.read_text(encoding="utf-8"))
    assert rows == [row_of(record) for record in RECORDS]
    assert [row[0] for row in rows] == [f"{number:04}" for number in range(1, len(rows) + 1)], "no gap, none twice"


def test_a_record_without_status_or_date_is_noticed(tmp_path: Path) -> None:
    whole = RECORDS[0].read_text(encoding="utf-8")
    for line in ("- Status: accepted\n", "- Date: 2026-11-21\n"):
        (tmp_path / "0001-x.md").write_text(whole.replace(line, ""))
        assert row_of(tmp_path / "0001-x.md") is None


def test_the_template_asks_for_what_a_record_needs() -> None:
    text = (INDEX.parent / "template.md").read_text(encoding="utf-8")
    assert HEAD.match(text.replace("YYYY-MM-DD", "2026-11-30"))
    wanted = ["## Context", "## Decision", "## Alternatives", "## Consequences"]
    assert [line for line in text.splitlines() if line.startswith("## ")] == wanted


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections[0] == "[Unreleased]" and len(sections) > 1
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds


@pytest.mark.parametrize(
    "page", ["README.md", "SECURITY.md", "CHANGELOG.md", "docs/contributing.md", "docs/adr/README.md"]
)
def test_what_a_page_links_to_is_there(page: str) -> None:
    place = PROJECT / page
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", place.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (place.parent / link).exists()]
    assert missing == []


def test_every_file_that_contributing_names_is_there() -> None:
    """Words in backticks with a slash in them and a known first folder are files of this repository."""
    folders = {path.name for path in PROJECT.iterdir() if path.is_dir() and path.name != ".paspor"}
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", (PROJECT / "docs" / "contributing.md").read_text(encoding="utf-8"))
    found = [name for name in named if name.split("/")[0] in folders]
    assert found and [name for name in found if not (PROJECT / name).exists()] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_place_and_has_a_hash_for_everything(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text and "--index-url" not in text
    packages = re.findall(r"^[a-z0-9][\w.\[\],-]*==[^\n]+\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[a-zA-Z0-9]", text, re.MULTILINE)) > 0


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_a_lock_has_what_is_asked_for(name: str) -> None:
    folder = PROJECT / "requirements"
    asked = re.findall(r"^([a-z0-9][a-z0-9-]*)", (folder / f"{name}.in").read_text(encoding="utf-8"), re.MULTILINE)
    locked = set(re.findall(r"^([a-z0-9.-]+)", (folder / f"{name}.txt").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(asked) - locked == set()
