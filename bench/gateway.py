"""The deployment's nginx in front of a suite on this machine: its own file, with the ports and folders of here."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.target import last_line
from local_suite.errors import CommandError, PackageUnavailable
from local_suite.parts import SERVICES
from local_suite.ports import LOOPBACK, free_port, is_free
from local_suite.servers.packages import nginx_package

CONF: Final = Path("deploy") / "gateway" / "nginx.conf"
READY_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0


class NoGateway(CommandError):
    """There is no nginx here, or it does not start."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The gateway cannot be measured: {reason.rstrip('.')}.")


def local_conf(conf: str, listen: int, ports: Mapping[str, int], folder: Path) -> str:
    """The deployment's configuration for this machine: same limits and routes, services on loopback ports.

    Names in ``proxy_pass`` become server groups, since no name server knows them here; files lie in ``folder``.
    """
    groups = "".join(f"  upstream {name} {{ server {LOOPBACK}:{port}; }}\n" for name, port in ports.items())
    conf = re.sub(r"http://\$(\w+):8080", r"http://$\1", conf)
    conf = re.sub(r"http://(identity|application|scheduling|billing|notification):8080", r"http://\1", conf)
    conf = re.sub(r"^\s*resolver\s[^;]*;", "", conf, flags=re.MULTILINE)
    conf = re.sub(r"listen\s+8080;", f"listen {LOOPBACK}:{listen};", conf)
    conf = re.sub(r"(?<=\s)/tmp/", f"{folder}/", conf)
    conf = re.sub(r"error_log\s[^;]*;", f"error_log {folder}/error.log warn;", conf)
    conf = re.sub(r"^http \{", lambda found: f"{found.group(0)}\n{groups}", conf, count=1, flags=re.MULTILINE)
    return f"user root;\n{conf}" if os.geteuid() == 0 else conf


def prepare_folder(checkout_folder: Path, listen: int, services: Mapping[str, int]) -> Path:
    """A new folder with the configuration; its workers may belong to another user, so it can be entered by all."""
    folder = Path(tempfile.mkdtemp(prefix="paspor-gateway-"))
    folder.chmod(0o755)
    conf = local_conf((checkout_folder / CONF).read_text(), listen, services, folder)
    (folder / "nginx.conf").write_text(conf)
    return folder


@asynccontextmanager
async def gateway(checkout_folder: Path, ports: Mapping[str, int]) -> AsyncIterator[str]:
    """The checkout's gateway in front of these services (port by name); gives its address.

    Raises:
        NoGateway: no nginx, or its configuration is refused.
    """
    try:
        binary, listen = await asyncio.to_thread(nginx_package), free_port()
    except PackageUnavailable as refused:
        raise NoGateway(str(refused)) from None
    known = {name: ports[name] for name in (*SERVICES, "portal") if name in ports}
    folder = prepare_folder(checkout_folder, listen, known)
    conf = folder / "nginx.conf"
    process = await asyncio.create_subprocess_exec(
        *(str(binary), "-p", str(folder), "-c", str(conf), "-e", str(folder / "error.log"), "-g", "daemon off;"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await _listens(process, listen, folder / "error.log")
        yield f"http://{LOOPBACK}:{listen}"
    finally:
        await _end(process)
        shutil.rmtree(folder, ignore_errors=True)


async def _listens(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + READY_SECONDS
    while is_free(port):
        if process.returncode is not None or loop.time() > give_up_at:
            raise NoGateway(f"nginx does not start ({last_line(log)})")
        await asyncio.sleep(0.05)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
