"""`./paspor demo`: start a suite, walk the journey and the side ways on it, and report each step."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import Final

from journeys.addresses import Addresses
from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite.home import home
from local_suite.parts import SERVICES, SIMULATORS, Ports
from local_suite.suite import Suite
from local_suite.up import make_suite

SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    # One machine plays every citizen from one address.
    "*": {"PASPOR_RATE_FACTOR": "1000"},
    "scheduling": {
        "PASPOR_CHECK_IN_ANY_DAY": "true",
        "PASPOR_HORIZON_DAYS": "7",
        "PASPOR_COOLING_MIN_SECONDS": "1",
        "PASPOR_COOLING_MAX_SECONDS": "2",
    },
    "application": {"PASPOR_PRINT_POLL_SECONDS": "1", "PASPOR_HAND_OVER_RETRY_SECONDS": "1"},
    "billing": {
        "PASPOR_BILL_VALIDITY_SECONDS": "10",
        "PASPOR_BILL_GRACE_SECONDS": "2",
        "PASPOR_BILL_ASK_LEAST_SECONDS": "1",
        "PASPOR_BILL_POLL_LEAST_SECONDS": "1",
        "PASPOR_BILL_POLL_MOST_SECONDS": "2",
        "PASPOR_BILL_RENEWAL_RETRY_SECONDS": "5",
        "PASPOR_BILL_UNCONFIRMED_RETRY_SECONDS": "2",
        "PASPOR_RECEIPT_LATE_ANSWER_SECONDS": "5",
        "PASPOR_REFUND_BANK_RETRY_SECONDS": "2",
        "PASPOR_REFUND_TRACK_SECONDS": "1",
    },
}
"""Changed by the demo: durations shrink so that an expiry can be watched."""


def addresses(suite: Suite) -> Addresses:
    """Where the parts of a running suite answer."""
    return Addresses(
        **{name: suite.url(name) for name in (*SERVICES, *SIMULATORS, "mail")},
        staff_password=suite.secrets["demo_staff_password"],
    )


async def run_demo(ports: Ports, *, as_json: bool) -> int:
    """Start a suite on fresh data, walk every way, stop it; return 0 if every step went well, else 1."""
    shutil.rmtree(home() / "demo", ignore_errors=True)
    suite = make_suite("demo", ports, lambda line: print(line, file=sys.stderr), extra=SETTINGS)
    async with suite:
        return await _walk(suite, as_json)


async def _walk(suite: Suite, as_json: bool) -> int:
    reporter = Reporter(as_json=as_json)
    ways = Ways(addresses(suite), reporter)
    try:
        all_ok = await ways.walk_all()
    finally:
        await ways.close()
    reporter.summary()
    return 0 if all_ok else 1
