"""Looks for secrets in the files that git keeps or would keep: what `./paspor lint` runs.

detect-secrets decides, without asking anybody on the network. `.secrets.baseline` holds hashes of what it finds that is
no secret: invented keys of tests, words of settings. A hash counts in every file, so that files may move.
`python -m devtools.secret_scan --accept` writes the baseline again: look first at every line that the check names.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from detect_secrets.core import baseline
from detect_secrets.core.scan import scan_file
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from local_suite.home import PROJECT

BASELINE: Final = PROJECT / ".secrets.baseline"
NOT_LOOKED_AT: Final = ("requirements/*.txt", "docs/api/*.txt", BASELINE.name)
"""Written by machines: hashes of packages, summaries of interfaces, and the baseline itself."""

_ASKS_THE_NETWORK: Final = "detect_secrets.filters.common.is_ignored_due_to_verification_policies"
_RUN: Final = re.compile(
    r"""
      (?<![A-Za-z0-9+/=_-]) (?=[A-Za-z0-9+/=_-]{16}) [A-Za-z+/=_-]*+ [0-9]     # long, with a digit: tokens of all kinds
    | ["'] (?: [A-Za-z0-9+/=_-]{23} | [0-9A-Fa-f]{8} )                         # in quotes, and may be random
    | \bAKC | \bAP[0-9A-F]                                                     # Artifactory
    """,
    re.VERBOSE,
)
_KEYS: Final = ("api", "auth", "service", "account", "db", "database", "priv", "private", "client")
_PASSWORDS: Final = ("db", "database", "key")
_WORDS: Final = (
    *(f"{word}{mark}key" for word in _KEYS for mark in ("", "_")),
    *(f"{word}{mark}pass" for word in _PASSWORDS for mark in ("", "_")),
    *("passw", "pwd", "secret", "contrase", "://", "private key", "allowlist"),
)
"""A detector finds something only in a line with one of these words or a `_RUN`. All other lines of code and prose are
not shown to the detectors, which need 100 s of processor for the whole repository."""

_SHORTENED: Final = (".py", ".md", ".txt")


class Finding(NamedTuple):
    """Something that looks like a secret: where, what kind, and the hash by which it is known."""

    path: str
    line: int
    kind: str
    hashed: str


def kept_files(folder: Path = PROJECT) -> list[str]:
    """Return the paths that git keeps, or would keep after `git add`, except those that machines write."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(
        name
        for name in set(names)
        if name and (folder / name).is_file() and not any(fnmatch(name, pattern) for pattern in NOT_LOOKED_AT)
    )


def find_secrets(folder: Path, names: Iterable[str]) -> list[Finding]:
    """Return what looks like a secret in these files of the folder, known or not."""
    with _settings(), TemporaryDirectory() as shortened:
        return sorted({finding for name in names for finding in _find_in_file(folder, name, Path(shortened))})


def _find_in_file(folder: Path, name: str, shortened: Path) -> Iterator[Finding]:
    if not name.endswith(_SHORTENED):
        yield from (
            Finding(name, item.line_number, item.type, item.secret_hash) for item in scan_file(str(folder / name))
        )
        return
    lines = _lines_worth_a_look(folder / name)
    if not lines:
        return
    # no configuration begins with such a line, so that detect-secrets reads the file line by line
    place = shortened / f"lines{Path(name).suffix}"
    place.write_text("\n".join(["-", *(line for _, line in lines)]) + "\n", encoding="utf-8")
    for item in scan_file(str(place)):
        yield Finding(name, lines[item.line_number - 2][0], item.type, item.secret_hash)


def _lines_worth_a_look(place: Path) -> list[tuple[int, str]]:
    """Return lines with their numbers, counted from 1."""
    text = place.read_text(encoding="utf-8", errors="replace")
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if _is_worth_a_look(line)]


def _is_worth_a_look(line: str) -> bool:
    lowered = line.lower()
    return any(word in lowered for word in _WORDS) or _RUN.search(line) is not None


def known_secrets(place: Path = BASELINE) -> set[tuple[str, str]]:
    """Return kind and hash of everything in the baseline."""
    content = json.loads(place.read_text(encoding="utf-8"))
    return {(item["type"], item["hashed_secret"]) for found in content["results"].values() for item in found}


def unknown_secrets(folder: Path, names: Iterable[str], known: set[tuple[str, str]]) -> list[Finding]:
    """Return what looks like a secret and is not known to be none."""
    return [secret for secret in find_secrets(folder, names) if (secret.kind, secret.hashed) not in known]


def baseline_of(findings: Iterable[Finding]) -> Mapping[str, Any]:
    """Return a baseline of these findings in detect-secrets' own slim form: no line numbers, no time."""
    results: dict[str, list[dict[str, str]]] = {}
    for path, kind, hashed in sorted({(finding.path, finding.kind, finding.hashed) for finding in findings}):
        results.setdefault(path, []).append({"type": kind, "filename": path, "hashed_secret": hashed})
    with _settings():
        return {**baseline.format_for_output(SecretsCollection(), is_slim_mode=True), "results": results}


@contextmanager
def _settings() -> Iterator[None]:
    """All detectors; nothing is asked on the network."""
    with default_settings() as settings:
        settings.disable_filters(_ASKS_THE_NETWORK)
        yield


def main(words: Sequence[str]) -> int:
    """Say what is found and not known; with `--accept` write the baseline. Returns the exit status."""
    names = kept_files()
    if "--accept" in words:
        BASELINE.write_text(json.dumps(baseline_of(find_secrets(PROJECT, names)), indent=1) + "\n", encoding="utf-8")
        return 0
    found = unknown_secrets(PROJECT, names, known_secrets(BASELINE))
    for item in found:
        print(f"{item.path}:{item.line}: {item.kind}")
    if found:
        print("Next: take it out, and change it where it is used.")
        print("If it is invented: python -m devtools.secret_scan --accept")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
