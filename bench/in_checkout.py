"""Runs inside a checkout (this one or a clone of another commit): measures one of its benches, or hosts its suite.

Started by path with the checkout on PYTHONPATH, so it imports the checkout's code, not that beside this file. It uses
only what every build since eff84d8 has, where it then lay: ``bench.MODULE.measure``, the class ``Suite``,
``any_free_ports`` and ``explain``.
What it has to say goes to the file descriptor named on its command line, a line of JSON each; output of the measured
code goes to its log. TERM or a closed command pipe ends it, and with it everything that it started.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

Say = Callable[[dict[str, Any]], None]

PLACES = {
    "Suite": (("local_suite", "suite"), ("launcher", "processes")),
    "any_free_ports": (("local_suite", "parts"), ("launcher", "suite")),
    "explain": (("operations", "ledger"), ("launcher", "ledger")),
}
"""Package and module of what is used, in this build and in those before it."""


async def measure(order: dict[str, Any], say: Say) -> None:
    """Call one measuring function of this checkout with the settings that it knows, and say its figures."""
    try:
        module = importlib.import_module(order["module"])
        function = getattr(module, order["function"])
    except (ImportError, AttributeError) as trouble:
        say({"missing": f"{order['module']}.{order['function']} ({trouble})"})
        return
    for name, value in order["constants"].items():
        if hasattr(module, name):
            setattr(module, name, value)
        else:
            say({"ignored": name})
    known = inspect.signature(function).parameters
    for name in order["arguments"]:
        if name not in known:
            say({"ignored": name})
    table = await function(**{name: value for name, value in order["arguments"].items() if name in known})
    say({"method": table.method, "figures": [_fields(figure) for figure in table.figures]})


def _fields(figure: Any) -> dict[str, Any]:
    names = ("name", "value", "unit", "floor", "target", "less_is_better")
    return {name: getattr(figure, name) for name in names}


async def host(order: dict[str, Any], say: Say) -> None:
    """Start this checkout's suite, say where it is, restart what ends by itself, obey until the pipe closes."""
    ports = _part_of_suite("any_free_ports")()
    folder = Path(tempfile.mkdtemp(prefix="paspor-target-"))
    make_suite = _part_of_suite("Suite")
    options = {"extra": order["settings"], "replicas": order["replicas"] or None}
    if not order["preload"] and "preload" in inspect.signature(make_suite).parameters:
        options["preload"] = False
    suite = make_suite(folder, ports, **options)
    async with suite:
        for name in order["without"]:
            await suite.stop_part(name)
        watching = asyncio.create_task(suite.watch())
        say({"ready": _whereabouts(suite, folder)})
        try:
            await _obey(suite, say, watching)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def _part_of_suite(name: str) -> Any:
    """Return the class or function of this name from the first of its places that this checkout has.

    Raises:
        ImportError: the checkout has none of them.
    """
    for package, module in PLACES[name]:
        if importlib.util.find_spec(package) is not None:
            return getattr(importlib.import_module(f"{package}.{module}"), name)
    raise ImportError(f"this checkout has no {name}")


def _whereabouts(suite: Any, folder: Path) -> dict[str, Any]:
    names = suite.names
    urls = [name for name in (*names, "dukcapil", "simponi", "sms", "dpri") if name not in ("mongod", "rabbitmq")]
    return {
        "urls": {name: suite.url(name) for name in urls if name != "simulators"},
        "secrets": dict(suite.secrets),
        "mongo_url": _readable(suite),
        "amqp_url": suite.amqp_url,
        "parts": _parts(suite),
        "data": str(folder),
    }


def _readable(suite: Any) -> str:
    """The database's address with a login that reads every service's data, as the suite notes it for its operators."""
    return str(json.loads((suite.data_dir / "running.json").read_text())["mongo_url"])


def _parts(suite: Any) -> dict[str, Any]:
    return {
        item.name: {"pid": item.pid, "restarts": item.restarts, "health": str(item.health)} for item in suite.status()
    }


async def _obey(suite: Any, say: Say, watching: asyncio.Task[None]) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if watching.done():
            await watching  # tells why nobody watches any more
        order = json.loads(line)
        try:
            say({"done": await _do(suite, order)})
        except Exception as trouble:
            say({"failed": f"{type(trouble).__name__}: {trouble}"})


async def _do(suite: Any, order: dict[str, Any]) -> Any:
    what, name = order["do"], order.get("name", "")
    if what == "status":
        return _parts(suite)
    if what == "explain":
        explain = _part_of_suite("explain")
        lines: list[str] = []
        await explain(name, _readable(suite), lines.append)
        return lines
    if what == "restart":
        await suite.stop_part(name)  # on purpose, so that nobody else starts it meanwhile
    actions = {"kill": suite.kill, "restart": suite.restart, "stop": suite.stop_part}
    await actions[what](name)
    return _parts(suite)


def run(work: Callable[[dict[str, Any], Say], Coroutine[Any, Any, None]], order: dict[str, Any], out: int) -> int:
    """Run to the end or until TERM; return the exit status. A failure is said in one line beside its traceback."""
    stream = os.fdopen(out, "w", buffering=1)

    def say(line: dict[str, Any]) -> None:
        stream.write(json.dumps(line) + "\n")

    async def guarded() -> int:
        task = asyncio.ensure_future(work(order, say))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return 3
        except Exception as trouble:
            say({"broken": f"{type(trouble).__name__}: {trouble}"})
            raise
        return 0

    return asyncio.run(guarded())


if __name__ == "__main__":
    sys.exit(run({"measure": measure, "host": host}[sys.argv[1]], json.loads(sys.argv[2]), int(sys.argv[3])))
