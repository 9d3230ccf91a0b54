"""Calls to addresses that people wrote down: they reach the outside alone, never a machine inside the deployment.

An address is looked at twice: its form when it is written down, and each address that its name resolves to when the
connection is made, so that a name that changes its mind in between reaches nothing.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

LONGEST_URL: Final = 500
"""Characters of such an address."""


_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address: NAT64 (RFC 6052) and the old compatible form (RFC 4291)."""

_GIVEN_OUT: Final = IPv6Network("2000::/3")
"""The part of IPv6 that IANA gives out. All else is local, as a site's own NAT64 (RFC 8215), or unused."""


class AddressProblem(StrEnum):
    """Why an address that somebody wrote down is not taken."""

    UNREADABLE = "unreadable"
    MORE_THAN_AN_ADDRESS = "more_than_an_address"
    """It has a user, a query or a fragment."""

    NOT_HTTPS = "not_https"
    INSIDE = "inside"
    NAME_UNKNOWN = "name_unknown"


class NotOutside(ValueError):
    """The address does not lead outside; ``reason`` says why."""

    def __init__(self, reason: AddressProblem) -> None:
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
        raise NotOutside(AddressProblem.UNREADABLE) from None
    if not host or not url.isascii() or any(sign in url for sign in " \\\t\r\n") or len(url) > LONGEST_URL:
        raise NotOutside(AddressProblem.UNREADABLE)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise NotOutside(AddressProblem.MORE_THAN_AN_ADDRESS)
    if allow_loopback and parts.scheme == "http" and _is_loopback(host):
        return
    if parts.scheme != "https":
        raise NotOutside(AddressProblem.NOT_HTTPS)
    if _is_inside(host, allow_loopback=allow_loopback):
        raise NotOutside(AddressProblem.INSIDE)


class LeadsInside(OSError):
    """A name has an address that lies inside."""


class PooledResolver(AbstractResolver):
    """Resolves names in threads of its own: a name server that does not answer keeps none of the process's others."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of the name; raises ``OSError`` where there is none."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, family=family)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except UnicodeError:
            raise OSError("it is no name of a machine") from None
        return [
            ResolveResult(
                hostname=host, host=str(at[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _type, proto, _name, at in found
        ]

    async def close(self) -> None:
        """Take no more names; those that are under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


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
            LeadsInside: one of them lies inside. OSError: there is none.
        """
        found = await self._resolver.resolve(host, port, family)
        if any(_is_inside(address["host"], allow_loopback=self._allow_loopback) for address in found):
            raise LeadsInside("the name leads inside")
        return found

    async def close(self) -> None:
        """Close the system's resolver."""
        await self._resolver.close()


async def check_outside_name(url: str, resolver: AbstractResolver) -> None:
    """Return if the name in an address that :func:`check_outside_url` took leads to the outside alone.

    Raises:
        NotOutside: it leads inside, or nowhere.
    """
    host = urlsplit(url).hostname or ""
    if _address(host) is not None:
        return
    try:
        await resolver.resolve(host, family=socket.AF_UNSPEC)
    except LeadsInside:
        raise NotOutside(AddressProblem.INSIDE) from None
    except OSError:
        raise NotOutside(AddressProblem.NAME_UNKNOWN) from None


def outside_session(*, allow_loopback: bool, resolver: OutsideResolver | None = None) -> aiohttp.ClientSession:
    """Return a session that connects to the outside alone, takes no compressed answer and keeps no cookie.

    An address that is a number is not resolved: call :func:`check_outside_url` first.
    """
    checking = resolver or OutsideResolver(allow_loopback=allow_loopback)
    connector = aiohttp.TCPConnector(resolver=checking, use_dns_cache=False)
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
    if isinstance(address, IPv6Address) and address not in _GIVEN_OUT:
        return True
    return not address.is_global or address.is_multicast


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return _carried(address) or address


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, translated, or through a 6to4 or Teredo relay."""
    if not isinstance(address, IPv6Address):
        return None
    if any(address in network for network in _TRANSLATED) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
