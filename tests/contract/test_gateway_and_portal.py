"""What is no service's is the portal's: the gateway lets each of its pages through, and nothing else of its process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.links.pages import LINKED
from portal.pages import PAGES
from portal.web.assets import ASSETS_PATH
from portal.web.page import MOST_FORM_BYTES, Page
from tests.contract.gateway import NGINX_CONF, passes_to, read_body_rules

PORTAL = "http://$portal:8080$request_uri"
OWN = [page for page in PAGES if (page.method, page.path) not in LINKED]
PICTURE_BYTES = 10 * 1024 * 1024


def an_address(page: Page) -> str:
    return re.sub(r"{\w+}", "x1", page.path)


@pytest.mark.parametrize("page", OWN, ids=lambda page: f"{page.method} {page.path}")
def test_every_page_is_reached(page: Page) -> None:
    assert passes_to(an_address(page)) == PORTAL
    assert not page.path.startswith("/v1"), "those are the services'"
    rules = read_body_rules(an_address(page))
    assert rules.most_bytes >= (PICTURE_BYTES if page.takes_files else MOST_FORM_BYTES)
    assert not (page.takes_files and rules.buffered), "pictures stream through: the gateway's memory is small"
    assert max(rules.connections.values()) <= 256


def test_assets_and_the_stream_are_reached() -> None:
    assert passes_to(f"{ASSETS_PATH}site.0123456789ab.css") == PORTAL
    chosen = NGINX_CONF.read_text(encoding="utf-8").partition("location ~ ^/live(/|$) {")[2].partition("}")[0]
    assert "proxy_buffering off;" in chosen, "an event is told when it happens"
    for path in ("/live", "/live/openings/o1/t1"):
        assert passes_to(path) == PORTAL
        assert read_body_rules(path).connections == {"waiting": 256}, "they take no place of those who act"


@pytest.mark.parametrize("path", ["/metrics", "/health/ready", "/health/invariants", "/health"])
def test_figures_and_health_are_not(path: str) -> None:
    assert passes_to(path) == ""


def test_a_gateway_that_passes_too_little_of_a_picture_is_noticed(tmp_path: Path) -> None:
    """The twin: without a place of their own pictures meet the limit of forms."""
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        NGINX_CONF.read_text(encoding="utf-8").replace(
            "location ~ ^/(applications|passports|refunds)", "location ~ ^/(a)"
        )
    )
    path = "/applications/a1/papers/selfie"
    assert read_body_rules(path).most_bytes >= PICTURE_BYTES > read_body_rules(path, conf).most_bytes


def test_links_of_mails_are_the_services_own() -> None:
    for _, path in LINKED:
        assert "$portal" not in passes_to(re.sub(r"{\w+}", "x1", path))
