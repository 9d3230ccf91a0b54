"""Calls to addresses that people wrote down: they reach the outside alone, never a machine inside the deployment.

An address is looked at twice: its form when it is written down, and each address that its name resolves to when the
connection is made, so that a name that changes its mind in between reaches nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

LONGEST_URL: Final = 500
"""Characters of such an address."""


class NotOutside(ValueError):
    """The address does not lead outside; ``reason`` is a stable code that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_outside_url(url: str, *, allow_loopback: bool) -> None:
    """Return if this is an https address of the outside without user, query and fragment.

    ``allow_loopback`` is for trials: http to this very machine passes too. A name is not resolved here.

    Raises:
        NotOutside: it is not.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise NotOutside("unreadable") from None
    if not host or not url.isascii() or any(sign in url for sign in " \\\t\r\n") or len(url) > LONGEST_URL:
        raise NotOutside("unreadable")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise NotOutside("more_than_an_address")
    if allow_loopback and parts.scheme == "http" and _is_loopback(host):
        return
    if parts.scheme != "https":
        raise NotOutside("not_https")
    if _is_inside(host, allow_loopback=allow_loopback):
        raise NotOutside("inside")


class OutsideResolver(AbstractResolver):
    """Resolves names as the system does, and refuses a name any of whose addresses lies inside."""

    def __init__(self, *, allow_loopback: bool, resolver: AbstractResolver | None = None) -> None:
        self._allow_loopback = allow_loopback
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of the name.

        Raises:
            OSError: one of them lies inside, or there is none.
        """
        found = await self._resolver.resolve(host, port, family)
        if any(_is_inside(address["host"], allow_loopback=self._allow_loopback) for address in found):
            raise OSError("the name leads inside")
        return found

    async def close(self) -> None:
        """Close the system's resolver."""
        await self._resolver.close()


def outside_session(*, allow_loopback: bool) -> aiohttp.ClientSession:
    """Return a session that connects to the outside alone, takes no compressed answer and keeps no cookie.

    An address that is a number is not resolved: call :func:`check_outside_url` first.
    """
    connector = aiohttp.TCPConnector(resolver=OutsideResolver(allow_loopback=allow_loopback), use_dns_cache=False)
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity"},
    )


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _is_inside(host: str, *, allow_loopback: bool) -> bool:
    """Return whether an address, or a name by its form, is one that the outside cannot have."""
    address = _address(host)
    if address is None:
        return host.rstrip(".").rpartition(".")[2] in ("localhost", "local", "internal") and not allow_loopback
    if address.is_loopback:
        return not allow_loopback
    return not address.is_global or address.is_multicast


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
