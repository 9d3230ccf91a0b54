"""The client's network address, seen through trusted proxies only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import web

Network = IPv4Network | IPv6Network

FORWARDED_FOR = "X-Forwarded-For"
UNKNOWN = "unknown"
CLIENT_ADDRESS: Final[web.RequestKey[str]] = web.RequestKey("client_address", str)
"""The address of a request that was asked for it before."""

_HOST_BITS = 64
MAX_HOPS = 16
"""Names read from X-Forwarded-For, from its end; what lies further off is the client's own invention."""


def client_address(peer: str | None, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """Return the address to count and log.

    Walks X-Forwarded-For from its end and stops at the first hop that is not a trusted proxy; so a client can add lines
    in front, and none of them is believed. What is not an address ends the walk at the last hop that was.
    """
    address = _read(peer)
    if address is None:
        return peer or UNKNOWN
    hops = forwarded_for.split(",")[-MAX_HOPS:] if forwarded_for and trusted else []
    while hops and any(address in network for network in trusted):
        further = _read(hops.pop().strip())
        if further is None:
            break
        address = further
    return str(address)


def address_of(request: web.Request, trusted: Sequence[Network]) -> str:
    """Return the client's address of a running request."""
    known = request.get(CLIENT_ADDRESS)
    if known is None:
        lines = request.headers.getall(FORWARDED_FOR, ())
        known = request[CLIENT_ADDRESS] = client_address(request.remote, ",".join(lines), trusted)
    return known


@lru_cache(maxsize=4096)
def source_of(address: str) -> str:
    """Return the name under which an address is counted: itself, or of an IPv6 address its first 64 bits.

    One subscriber has 2**64 addresses of IPv6 and may take another one for every request.
    """
    read = _read(address)
    if isinstance(read, IPv6Address):
        return str(IPv6Network((int(read) >> _HOST_BITS << _HOST_BITS, 128 - _HOST_BITS)))
    return str(read) if read is not None else address


def is_in(address: str | None, networks: Sequence[Network]) -> bool:
    """Return whether the address lies in one of the networks; False without an address."""
    read = _read(address)
    return read is not None and any(read in network for network in networks)


def _read(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
