"""``python -m simulators [name ...]``: all simulators, or the named ones, in one process until INT or TERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

from aiohttp import web

from simulators.config import Settings
from simulators.crossings.app import create_app as crossings
from simulators.dpri.app import create_app as dpri
from simulators.dukcapil.app import create_app as dukcapil
from simulators.simponi.app import create_app as simponi
from simulators.sms.app import create_app as sms

SHUTDOWN_SECONDS = 0.5

CREATE: dict[str, Callable[[Settings], web.Application]] = {
    "dukcapil": dukcapil,
    "simponi": simponi,
    "sms": sms,
    "dpri": dpri,
    "crossings": crossings,
}


async def serve(names: list[str], settings: Settings) -> None:
    """Listen on each simulator's port until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runners = []
    try:
        for name in names:
            runner = web.AppRunner(CREATE[name](settings), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, settings.host, getattr(settings, f"{name}_port")).start()
        await stop.wait()
    finally:
        for runner in runners:
            await runner.cleanup()


def main() -> int:
    """Run the simulators named on the command line, or all."""
    names = sys.argv[1:] or list(CREATE)
    unknown = [name for name in names if name not in CREATE]
    if unknown:
        sys.stderr.write(f"No simulator is called {unknown[0]!r}; there are {', '.join(CREATE)}.\n")
        return 2
    try:
        asyncio.run(serve(names, Settings()))
    except OSError as error:
        sys.stderr.write(f"A simulator cannot listen: {error}. Free the port or set PASPOR_SIM_*_PORT.\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
