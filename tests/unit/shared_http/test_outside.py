"""Addresses that people write down lead outside, whatever their name resolves to."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.http.outside import (
    LONGEST_URL,
    NotOutside,
    OutsideResolver,
    PooledResolver,
    check_outside_url,
    outside_session,
)

HOST = "masuk.example.org"


@pytest.mark.parametrize(
    "url",
    [
        f"https://{HOST}",
        f"https://{HOST}:8443/kantor/",
        "https://8.8.8.8/",
        "https://[2001:4860:4860::8888]/",
        f"https://{HOST}/{'x' * (LONGEST_URL - len(HOST) - 9)}",
    ],
)
def test_an_address_of_the_outside_passes(url: str) -> None:
    check_outside_url(url, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://{HOST}", "not_https"),
        (f"ftp://{HOST}", "not_https"),
        (f"//{HOST}", "not_https"),
        (f"https://{HOST}/{'x' * (LONGEST_URL - len(HOST) - 8)}", "unreadable"),
        ("https://", "unreadable"),
        ("https://[::1", "unreadable"),
        (f"https://{HOST}:port/", "unreadable"),
        (f"https://{HOST}/a b", "unreadable"),
        (f"https://{HOST}\\@10.0.0.1/", "unreadable"),
        ("https://kantor\u200b.example.org", "unreadable"),
        (f"https://user:word@{HOST}", "more_than_an_address"),
        (f"https://{HOST}/?a=b", "more_than_an_address"),
        (f"https://{HOST}/#a", "more_than_an_address"),
        ("https://127.0.0.1/", "inside"),
        ("https://localhost/", "inside"),
        ("https://mongo.internal/", "inside"),
        ("https://printer.local./", "inside"),
        ("https://10.1.2.3/", "inside"),
        ("https://192.168.1.1/", "inside"),
        ("https://169.254.169.254/", "inside"),
        ("https://100.64.0.1/", "inside"),
        ("https://0.0.0.0/", "inside"),
        ("https://224.0.0.1/", "inside"),
        ("https://[::1]/", "inside"),
        ("https://[fd00::1]/", "inside"),
        ("https://[fe80::1]/", "inside"),
        ("https://[::ffff:10.0.0.1]/", "inside"),
        ("https://[::]/", "inside"),
        ("https://[::10.0.0.1]/", "inside"),
        ("https://[64:ff9b::10.0.0.1]/", "inside"),
        ("https://[64:ff9b::127.0.0.1]/", "inside"),
        ("https://[2002:a00:1::]/", "inside"),
        ("https://[2001:0:0:0:0:0:f5ff:fffe]/", "inside"),
        ("https://[ff02::1]/", "inside"),
        ("https://[fec0::1]/", "inside"),
        ("https://[64:ff9b:1::a00:1]/", "inside"),
        ("https://[::ffff:0:a00:1]/", "inside"),
        ("https://[5f00::1]/", "inside"),
        ("http://127.0.0.1/", "not_https"),
    ],
)
def test_an_address_that_leads_inside_or_hides_something_does_not_pass(url: str, reason: str) -> None:
    with pytest.raises(NotOutside) as refused:
        check_outside_url(url, allow_loopback=False)
    assert refused.value.reason == reason


@pytest.mark.parametrize("url", ["https://[64:ff9b::8.8.8.8]/", "https://[2002:808:808::]/", "https://[::8.8.8.8]/"])
def test_an_address_that_carries_one_of_the_outside_passes(url: str) -> None:
    """The twin: it is what an address carries that is looked at, and not the carrier."""
    check_outside_url(url, allow_loopback=False)


def test_a_trial_reaches_its_own_machine_and_no_other_inside() -> None:
    for url in ("http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:8080", "https://127.0.0.1"):
        check_outside_url(url, allow_loopback=True)
    for url in ("http://10.0.0.1", f"http://{HOST}", "https://10.0.0.1"):
        with pytest.raises(NotOutside):
            check_outside_url(url, allow_loopback=True)


class Names(AbstractResolver):
    """A name server that says what it is told to."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_a_name_is_refused_if_any_of_its_addresses_lies_inside() -> None:
    outside = OutsideResolver(allow_loopback=False, resolver=Names("8.8.8.8"))
    assert [found["host"] for found in await outside.resolve(HOST, 443)] == ["8.8.8.8"]
    for addresses in (("10.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("127.0.0.1",), ("::ffff:169.254.169.254",)):
        with pytest.raises(OSError, match="the name leads inside"):
            await OutsideResolver(allow_loopback=False, resolver=Names(*addresses)).resolve(HOST, 443)
    trial = OutsideResolver(allow_loopback=True, resolver=Names("127.0.0.1"))
    assert len(await trial.resolve("localhost", 8080)) == 1
    names = Names()
    await OutsideResolver(allow_loopback=True, resolver=names).close()
    assert names.closed


async def test_names_are_resolved_in_threads_of_their_own(socket_enabled: None) -> None:
    resolver = PooledResolver(2)
    assert {found["host"] for found in await resolver.resolve("localhost", 443)} == {"127.0.0.1"}
    with pytest.raises(OSError, match="no name"):
        await resolver.resolve("a" * 64 + ".example", 443)
    await resolver.close()
    with pytest.raises(RuntimeError):
        await resolver.resolve("localhost")


async def test_a_session_resolves_by_that_rule_and_unpacks_nothing() -> None:
    async with outside_session(allow_loopback=False) as session:
        assert session.connector is not None and session.auto_decompress is False
        assert isinstance(session.connector._resolver, OutsideResolver)  # type: ignore[attr-defined]
