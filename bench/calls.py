"""Every public call under the load test: fifty citizens walk whole journeys, and each answer is timed by itself."""

from __future__ import annotations

import re
import time
from typing import Final

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from bench import journeys, stage
from bench.figures import Figure, Table
from bench.load import Tally
from journeys.api_client import new_session
from local_suite.parts import SERVICES
from local_suite.ports import LOOPBACK
from shared.http.call import EVENT_STREAM

LONGEST_SECONDS: Final = 5.0
IDENTIFIER: Final = re.compile(r"/(?=[^/]*\d)[^/]{8,}|/\d+")
"""A part of a path that names one thing: long with a digit in it, or a number."""


class CallTimer:
    """A middleware of the client: times each call to a service from the request to the last byte of the answer, of a
    stream to its head."""

    def __init__(self, services: dict[int, str]) -> None:
        """`services` has the name of each by its port; calls to other ports are not counted."""
        self._services = services
        self.tally = Tally()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Pass the call on and write down how long it took, also where it fails."""
        service = self._services.get(request.url.port or 0)
        begun, outcome = time.perf_counter(), "no answer"
        try:
            answer = await handler(request)
            if answer.content_type != EVENT_STREAM:  # ends when its caller leaves
                await answer.read()
            outcome = str(answer.status)
            return answer
        finally:
            if service is not None:
                self.tally.took(name_route(service, request.method, request.url.path), time.perf_counter() - begun)
                self.tally.outcomes[outcome] += 1


def name_route(service: str, method: str, path: str) -> str:
    """Return the service and the call with its identifiers left out."""
    return f"{service} {method} {IDENTIFIER.sub('/*', path)}"


async def measure(scale: float = 1.0) -> Table:
    """Walk the journeys on a fresh suite; ``scale`` shrinks their number, not how many walk at once."""
    count = max(1, round(journeys.JOURNEYS * scale))
    users = min(journeys.USERS, count)
    async with stage.suite(extra=journeys.SETTINGS) as running:
        timer = CallTimer({running.ports[name]: name for name in SERVICES})
        steps = await journeys.walk(running, users, count, new_session(timer))
    return make_table(timer.tally, users, count, len(steps.durations["see it finished"]))


def make_table(tally: Tally, users: int, count: int, finished: int) -> Table:
    """The figures of all calls together, and a row for each route."""
    broken = [f"{number} x {outcome}" for outcome, number in sorted(tally.outcomes.items()) if outcome[0] in "45n"]
    return Table(
        title="Public calls under load",
        method=(
            f"{users} citizens at once walk {count} whole journeys, as in the table of journeys; {finished} finished. "
            f"Each of the {len(tally.all_durations)} calls to a service is timed from its sending to the last byte of "
            f"its answer, polls and refusals included. Answers of 400 and above: {', '.join(broken) or 'none'}. All "
            f"from {LOOPBACK}, the clients on the same cores."
        ),
        figures=(
            Figure("calls.p95", tally.share_ms(0.95) / 1000, "s", target=1.0, less_is_better=True),
            Figure("calls.longest", tally.share_ms(1.0) / 1000, "s", target=LONGEST_SECONDS, less_is_better=True),
            Figure("calls.p50", tally.share_ms(0.5) / 1000, "s"),
        ),
        columns=("call", "calls", "p50 ms", "p95 ms", "longest ms"),
        rows=tuple(tally.row(name, 0.5, 0.95, 1.0) for name in sorted(tally.durations)),
    )
