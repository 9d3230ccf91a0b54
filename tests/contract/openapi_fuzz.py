"""Speak to a running service as its own description says, rightly and wrongly, and see that it keeps its word.

`await fuzz_openapi(base_url, token=...)` from a test of any service; `report.assert_clean()` shows each broken promise
with the call that repeats it. Bounded in examples and in time, and the same calls on each run.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from shared.http import EVENT_STREAM, OPENAPI_PATH
from shared.http.call import BINARY, JSON

EXAMPLES_PER_OPERATION = 12
MAX_SECONDS = 120
REQUEST_SECONDS = 10

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
"""Without `positive_data_acceptance`: what fits the schema may still be refused by a rule of the field (404, 409)."""


SETTINGS = """
hooks = "hooks.py"
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429]
"""
"""A wrong body may also be refused for its size; it may never be a fault of ours (5xx)."""

HOOKS = """
import schemathesis

@schemathesis.serializer(*{media_types!r})
def as_bytes(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
"""
"""For bodies that are no JSON: bytes of an upload."""


@dataclass(frozen=True)
class FuzzReport:
    """What a run found; `output` names each failure and the call that repeats it."""

    clean: bool
    calls: int
    output: str = field(repr=False)

    def assert_clean(self) -> None:
        """Fail with the whole output unless every promise was kept and calls were made at all."""
        assert self.clean, self.output
        assert self.calls > 0, "nothing was called"


async def fuzz_openapi(
    base_url: str,
    *,
    token: str | None = None,
    examples: int = EXAMPLES_PER_OPERATION,
    max_seconds: int = MAX_SECONDS,
    checks: Sequence[str] = CHECKS,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    known: Mapping[str, str] | None = None,
    document_path: str = OPENAPI_PATH,
) -> FuzzReport:
    """Fuzz the service at `base_url` (no slash at its end) as the bearer of `token`.

    `only` and `without` are operation ids; answers that never end (event streams) are left out by themselves. `known`
    names path and query parameters that keep a value of their own, so that calls reach what is really there. Serve it
    with a high `HttpOptions.rate_factor`, or most calls end at a rate limit.
    """
    document = await _read(base_url + document_path)
    with TemporaryDirectory() as folder:
        description, tally = Path(folder) / "openapi.json", Path(folder) / "calls.ndjson"
        settings = Path(folder) / "schemathesis.toml"
        description.write_text(json.dumps(document))
        settings.write_text(SETTINGS + _parameters(known or {}))
        (Path(folder) / "hooks.py").write_text(HOOKS.format(media_types=_raw_types(document)))
        words = [
            *(f"--config-file={settings}", "run", str(description), f"--url={base_url}", "--workers=1"),
            *("--phases=examples,coverage,fuzzing", f"--max-examples={examples}", "--generation-deterministic"),
            *(f"--checks={','.join(checks)}", f"--request-timeout={REQUEST_SECONDS}", "--no-shrink"),
            *("--no-color", "--warnings=off", "--report=ndjson", f"--report-ndjson-path={tally}"),
            *(f"--include-operation-id={name}" for name in only),
            *(f"--exclude-operation-id={name}" for name in sorted({*without, *_never_ending(document)})),
            *(("-H", f"Authorization: Bearer {token}") if token else ()),
        ]
        code, output = await _run(words, folder, max_seconds)
        return FuzzReport(code == 0, _count(tally), output)


async def _read(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        answer.raise_for_status()
        document: dict[str, Any] = await answer.json()
        return document


def _never_ending(document: Mapping[str, Any]) -> set[str]:
    return {
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if any(EVENT_STREAM in answer.get("content", {}) for answer in operation["responses"].values())
    }


def _parameters(known: Mapping[str, str]) -> str:
    return "\n".join(["[parameters]", *(f"{name} = {json.dumps(value)}" for name, value in known.items())]) + "\n"


def _raw_types(document: Mapping[str, Any]) -> list[str]:
    """What bodies are sent as, if not as JSON."""
    bodies = (
        operation.get("requestBody", {})
        for operations in document["paths"].values()
        for operation in operations.values()
    )
    found = {media_type for body in bodies for media_type in body.get("content", {})}
    return sorted(found - {JSON} | {BINARY})


async def _run(words: Sequence[str], folder: str, max_seconds: int) -> tuple[int, str]:
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        str(program), *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(max_seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1, f"the run did not end within {max_seconds} seconds"
    return process.returncode or 0, output.decode(errors="replace")


def _count(tally: Path) -> int:
    if not tally.exists():
        return 0
    return tally.read_text().count('"status_code"')
