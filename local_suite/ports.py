"""Loopback ports: which are free, and when one answers."""

from __future__ import annotations

import errno
import random
import socket

LOOPBACK = "127.0.0.1"
# Below the kernel's range for outgoing connections (32768 and up): a client that retries while a server is down can
# neither take the server's port nor connect to itself.
FREE_PORTS = range(20_000, 30_000)
FREE_PORT_TRIES = 200


def is_free(port: int) -> bool:
    """True if a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def free_port() -> int:
    """Return a loopback port that is free. Two callers may get the same: try again."""
    for port in random.SystemRandom().sample(FREE_PORTS, FREE_PORT_TRIES):
        if is_free(port):
            return port
    raise OSError(errno.EADDRINUSE, f"no free port found in {FREE_PORTS}")
