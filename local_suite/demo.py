"""`./paspor demo`: walk the journey and the side ways, on a suite of its own or on a running one; report each step."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp

from journeys.addresses import Addresses
from journeys.api_client import ANSWER_SECONDS, Api
from journeys.citizen import Draw
from journeys.papers import draw_paper_for
from journeys.people import placeholder
from journeys.reporter import Reporter
from journeys.site_ways import walk_site
from journeys.ways import Ways
from local_suite.errors import CommandError
from local_suite.home import home
from local_suite.parts import SERVICES, SIMULATORS, Ports
from local_suite.suite import Suite
from local_suite.up import DATA, make_suite

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

SETTINGS_OF_PAGES: Final[Mapping[str, Mapping[str, str]]] = {
    **SETTINGS,
    "billing": {**SETTINGS["billing"], "PASPOR_BILL_VALIDITY_SECONDS": "600"},
}
"""Of the walk through pages, in which no code is to expire."""


class NoSuiteThere(CommandError):
    """Nothing answers on the port base that was named."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(
            f"No suite answers at {ports.url('identity')}. Start one with ./paspor up, in another terminal."
        )


class SecretsElsewhere(CommandError):
    """A suite answers, and it is not the one whose data lie here."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} has no password of its staff: run this with the PASPOR_HOME of the running suite.")


def addresses(suite: Suite) -> Addresses:
    """Where the parts of a running suite answer."""
    return _addresses_at(suite.ports, suite.secrets["demo_staff_password"])


def _addresses_at(ports: Ports, staff_password: str) -> Addresses:
    return Addresses(
        **{name: ports.url(name) for name in (*SERVICES, *SIMULATORS, "mail")}, staff_password=staff_password
    )


async def run_demo(ports: Ports, *, as_json: bool, portal: bool = False) -> int:
    """Start a suite on fresh data, walk every way, stop it; return 0 if every step went well, else 1.

    With `portal` the one way is that through the pages of the citizens' site.
    """
    shutil.rmtree(home() / "demo", ignore_errors=True)
    settings = SETTINGS_OF_PAGES if portal else SETTINGS
    suite = make_suite("demo", ports, lambda line: print(line, file=sys.stderr), extra=settings)
    async with suite:
        if portal:
            return await _walk_pages(addresses(suite), suite.url("portal"), as_json)
        return await _walk(suite, as_json)


async def walk_on(ports: Ports, *, as_json: bool, portal: bool = False) -> int:
    """Walk in the suite that `./paspor up` keeps running, with its data; return 0 if every step went well, else 1.

    Ways that wait for an expiry or for the treasury are left out: durations there are those of a person's trial.

    Raises:
        NoSuiteThere: nothing answers there.
        SecretsElsewhere: the running suite is not the one of this PASPOR_HOME.
    """
    await _refuse_silence(ports)
    path = home() / DATA / "secrets.json"
    try:
        password = json.loads(path.read_text())["demo_staff_password"]
    except (OSError, ValueError, KeyError):
        raise SecretsElsewhere(path) from None
    at = _addresses_at(ports, password)
    if portal:
        return await _walk_pages(at, ports.url("portal"), as_json)
    return await _report(at, as_json, unhurried=True)


async def _refuse_silence(ports: Ports) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as session:
        try:
            async with session.get(f"{ports.url('identity')}/health/live") as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError):
            raise NoSuiteThere(ports) from None


async def _walk(suite: Suite, as_json: bool) -> int:
    return await _report(addresses(suite), as_json, unhurried=False)


async def _drawing(at: Addresses) -> Draw:
    """Return what makes the papers: real ones where a machine reads them, else placeholders, which are made faster."""
    async with Api() as api:
        told = await api.get(f"{at.application}/v1/requirements")
    return draw_paper_for if told["papers_are_read"] else placeholder


async def _walk_pages(at: Addresses, base: str, as_json: bool) -> int:
    reporter = Reporter(as_json=as_json)
    all_ok = await walk_site(at, reporter, base=base, draw=await _drawing(at))
    reporter.summary()
    return 0 if all_ok else 1


async def _report(at: Addresses, as_json: bool, *, unhurried: bool) -> int:
    reporter = Reporter(as_json=as_json)
    ways = Ways(at, reporter, draw=await _drawing(at))
    try:
        all_ok = await (ways.walk_unhurried() if unhurried else ways.walk_all())
    finally:
        await ways.close()
    reporter.summary()
    return 0 if all_ok else 1
