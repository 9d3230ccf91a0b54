"""The verifiers that docs/webhooks.md prints take what we sign, and refuse what is old, changed or another's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from local_suite.home import PROJECT

SECRET = "whsec_" + "c2l4dGVlbiBpbnZlbnRlZCBieXRlcyBmb3IgdGVzdHM="
ANOTHER = "whsec_" + "YW5vdGhlciBpbnZlbnRlZCBzZWNyZXQgZm9yIHRlc3Rz"
NOW = int(datetime(2026, 11, 23, 2, tzinfo=UTC).timestamp())
BODY = '{"data":{"office_id":"jakarta-selatan"},"note":"selesai — é"}'.encode()

Verify = Callable[[str, Mapping[str, str], bytes, int], bool]


def block(language: str) -> str:
    """The only example of that language on the page."""
    page = (PROJECT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^```{language}\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    return str(text)


def by_python(secret: str, headers: Mapping[str, str], body: bytes, now: int) -> bool:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102 - the page's own example
    return bool(names["is_authentic"](secret, dict(headers), body, now))


def by_javascript(secret: str, headers: Mapping[str, str], body: bytes, now: int) -> bool:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    given = json.dumps([secret, dict(headers), now])
    script = block("javascript") + (
        f"\nconst [secret, headers, now] = {given};\n"
        f"console.log(isAuthentic(secret, headers, Buffer.from('{body.hex()}', 'hex'), now));\n"
    )
    answer = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)  # noqa: S603
    return answer.stdout.strip() == "true"


def signed(*secrets: str, at: int = NOW, body: bytes = BODY) -> dict[str, str]:
    """The headers of a delivery, made by the library."""
    moment = datetime.fromtimestamp(at, UTC)
    signatures = [Webhook(secret).sign("event-1", moment, body.decode()) for secret in secrets]
    return {"webhook-id": "event-1", "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


@pytest.mark.parametrize("verify", [by_python, by_javascript])
def test_a_delivery_of_ours_is_authentic(verify: Verify) -> None:
    assert verify(SECRET, signed(SECRET), BODY, NOW)
    assert verify(SECRET, signed(ANOTHER, SECRET), BODY, NOW), "while two secrets overlap"


@pytest.mark.parametrize("verify", [by_python, by_javascript])
def test_the_edge_of_five_minutes(verify: Verify) -> None:
    assert verify(SECRET, signed(SECRET, at=NOW - 300), BODY, NOW)
    assert not verify(SECRET, signed(SECRET, at=NOW - 301), BODY, NOW)
    assert not verify(SECRET, signed(SECRET, at=NOW - 86_400), BODY, NOW), "a signature of yesterday"
    assert not verify(SECRET, signed(SECRET, at=NOW + 301), BODY, NOW)


@pytest.mark.parametrize("verify", [by_python, by_javascript])
def test_what_was_changed_or_is_anothers_is_refused(verify: Verify) -> None:
    headers = signed(SECRET)
    assert not verify(ANOTHER, headers, BODY, NOW)
    assert not verify(SECRET, headers, BODY + b" ", NOW)
    assert not verify(SECRET, {**headers, "webhook-id": "event-2"}, BODY, NOW)
    assert not verify(SECRET, {**headers, "webhook-timestamp": str(NOW - 1)}, BODY, NOW)
    assert not verify(SECRET, {**headers, "webhook-timestamp": "yesterday"}, BODY, NOW)
    assert not verify(SECRET, {**headers, "webhook-signature": "v2," + headers["webhook-signature"][3:]}, BODY, NOW)
    assert not verify(SECRET, {**headers, "webhook-signature": "v1,"}, BODY, NOW)
    for name in headers:
        assert not verify(SECRET, {key: value for key, value in headers.items() if key != name}, BODY, NOW)
