"""Offices for everybody: searched by place, product and first free date, shown with what they publish."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.offices.chart import chart_of
from portal.offices.days import days_of
from portal.web.assets import STATIC
from shared.tokens import Role
from tests.assembled import OFFICE, OTHER_OFFICE
from tests.unit.portal.browser import Browser
from tests.unit.portal.site import Site
from tests.walking import Officer

OUTREACH: dict[str, Any] = {
    "name": "SMA Contoh 5",
    "city": "Kota Contoh",
    "reason": "pupils cannot come on a school day",
    "booths": 2,
    "staff": 2,
    "hours": [],
    "products": [{"product": "electronic"}],
    "address": "Jalan Contoh 5",
    "own_dates": ["2026-11-20", "2026-11-26"],
    "latitude": -6.3,
    "longitude": 106.8,
}
OUTREACH_SESSION: dict[str, Any] = {
    "date": "2026-11-26",
    "start": "09:00",
    "end": "11:00",
    "booths": 2,
    "service_minutes": 30,
    "staff": 2,
    "pools": {"regular": 3, "priority": 1},
}


async def open_outreach(site: Site, **changes: Any) -> str:
    """An outreach with one session; its id."""
    async with Officer(site.suite, Role.OFFICE_ADMIN) as head:
        made = await head.done("scheduling", "POST", f"/v1/offices/{OFFICE}/outreach", OUTREACH | changes)
        if made.status == 202:
            async with Officer(site.suite, Role.OFFICE_ADMIN) as second:
                await second.done("scheduling", "POST", f"/v1/quota-changes/{made['change_id']}/approval", {})
        await head.done("scheduling", "POST", "/v1/offices/sma-contoh-5/sessions", OUTREACH_SESSION)
    return "sma-contoh-5"


@pytest.mark.acceptance("F32.offices", "F32.quota")
async def test_a_stranger_sees_which_office_has_the_first_free_time(browser: Browser) -> None:
    page = await browser.get("/offices")
    assert (page.status, page.heading) == (200, "Kantor imigrasi dan jadwal kosong")
    assert "Jadwal kosong pertama: Selasa, 24 November 2026 pukul 08.00 WIB." in page.text
    assert f"/offices/{OFFICE}" in page.links
    assert page.form("place", "province", "kind", "pool", "order").method == "get"
    page = await browser.get("/offices?language=en")
    assert "First free time: Tuesday, 24 November 2026 at 08:00 WIB." in page.text


@pytest.mark.acceptance("Y17.search", "Y17.working_area", "F77.by_distance")
async def test_a_town_finds_the_office_that_serves_it_and_those_around(browser: Browser) -> None:
    await browser.get("/offices")
    page = await browser.submit(place="Jakarta Selatan")
    assert "Kantor untuk Jakarta Selatan dan sekitarnya" in page.text
    assert "Melayani Jakarta Selatan." in page.text
    found = [link for link in page.links if link.startswith("/offices/")]
    assert {f"/offices/{OFFICE}", f"/offices/{OTHER_OFFICE}"} <= set(found)
    assert "Kira-kira" in page.text, "the neighbour's distance"
    page = await browser.submit(place="Jakarta Selatan", order="distance")
    assert page.text.index("Kantor Imigrasi Jakarta Selatan") < page.text.index("Kantor Imigrasi Jakarta Utara")
    page = await browser.get("/offices?near=-6.12,106.88&order=distance")
    assert page.text.index("Kantor Imigrasi Jakarta Utara") < page.text.index("Kantor Imigrasi Jakarta Selatan")
    page = await browser.get(f"/offices/{OFFICE}")
    assert "Wilayah kerja" in page.text and "Kota Administrasi Jakarta Selatan" in page.text


async def test_an_office_without_the_kind_is_shown_with_the_reason(browser: Browser) -> None:
    await browser.get("/offices")
    page = await browser.submit(kind="ordinary", province="DKI")
    assert "Jenis paspor ini tidak dilayani di kantor ini." in page.text
    page = await browser.get("/offices?kind=ordinary&province=DKI&language=en")
    assert "This kind of passport is not given out at this office." in page.text


@pytest.mark.parametrize(
    "query",
    [
        "place=%3Cscript%3Ealert(1)%3C/script%3E",
        "place=" + "x" * 500,
        "near=91,0",
        "near=0,181",
        "near=abc&pool=none&order=5&kind=gold",
        "province=Atlantis",
    ],
)
async def test_what_cannot_be_searched_for_ends_on_a_page_that_leads_on(browser: Browser, query: str) -> None:
    page = await browser.get(f"/offices?{query}")
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert page.form("place").names


async def test_the_map_names_each_dot_and_is_light(browser: Browser) -> None:
    page = await browser.get("/offices")
    assert 'aria-label="Jakarta Selatan"' in page.html
    assert "<title>Jakarta Selatan</title>" in page.html
    assert len(gzip.compress((STATIC / "map.svg").read_bytes())) < 15_000


def test_the_map_closes_in_on_what_was_found() -> None:
    every: list[dict[str, Any]] = [
        {"office_id": name, "name": name, "position": {"latitude": latitude, "longitude": longitude}}
        for name, latitude, longitude in (("west", 5.55, 95.32), ("middle", -6.2, 106.8), ("near", -6.1, 106.9))
    ]
    every.append({"office_id": "unknown", "name": "unknown", "position": None})
    whole = chart_of(every)
    assert (whole.view_box, len(whole.dots)) == ("0 0 940 360", 3)
    close = chart_of(every, ["middle", "near"])
    assert [(dot.office_id, dot.is_found) for dot in close.dots] == [("middle", True), ("near", True)]
    assert close.view_box.split()[2] == "120"
    assert chart_of(every, ["west"]).view_box.startswith("0 0 120")


@pytest.mark.acceptance("F32.offices", "F32.quota")
async def test_an_office_shows_hours_products_and_what_is_free(browser: Browser) -> None:
    page = await browser.get(f"/offices/{OFFICE}")
    assert page.heading == "Kantor Imigrasi Jakarta Selatan"
    for words in ("Senin", "08.00–16.00 WIB", "Paspor elektronik", "Selasa, 24 November 2026", "Reguler"):
        assert words in page.text, words
    assert "Kantor belum mencantumkan alamat lengkapnya." in page.text
    page = await browser.get(f"/offices/{OFFICE}?language=en")
    assert "Monday" in page.text and "08:00–16:00 WIB" in page.text
    page = await browser.get("/offices/nowhere")
    assert page.status == 404


@pytest.mark.acceptance("Y16.published")
async def test_outreach_is_published_with_place_dates_and_quota(site: Site, browser: Browser) -> None:
    page = await browser.get("/offices")
    assert "Saat ini tidak ada layanan keliling" in page.text
    outreach_id = await open_outreach(site)
    page = await browser.get("/offices")
    for words in ("SMA Contoh 5", "Jalan Contoh 5", "Kamis, 26 November 2026"):
        assert words in page.text, words
    assert "20 November" not in page.text, "days that are over are not shown"
    page = await browser.get(f"/offices/{OFFICE}")
    assert "SMA Contoh 5" in page.text and "Kamis, 26 November 2026" in page.text
    page = await browser.follow(to=outreach_id)
    assert "Tanggal layanan" in page.text
    row = page.html.rpartition("Kursi kosong")[2]
    assert ">3</td>" in row and ">1</td>" in row, "its quota: regular and priority"
    assert f"/offices/{OFFICE}" in page.links


def test_what_is_over_or_too_near_cannot_be_booked_but_for_same_day_seats() -> None:
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)

    def session(name: str, hour: int, opens_at: str | None = None) -> dict[str, Any]:
        pool = {"capacity": 2, "free": 1}
        return {
            "session_id": name,
            "starts_at": f"2026-11-23T{hour:02}:00:00+00:00",
            "local_start": f"2026-11-23T{hour + 7:02}:00:00+07:00",
            "local_end": f"2026-11-23T{hour + 8:02}:00:00+07:00",
            "opens_at": opens_at,
            "pools": {"regular": pool, "same_day": pool, "walk_in": pool},
        }

    sessions = [session("over", 0), session("near", 3), session("later", 6), session("shut", 7, "2026-11-23T05:00:00Z")]
    gone = {"date": "2026-11-22", "sessions": [session("gone", 1)]}
    quota = {"days": [gone, {"date": "2026-11-23", "sessions": sessions}]}
    (day,) = days_of(quota, now, last_booking=now + timedelta(hours=3))
    assert [time.session_id for time in day.times] == ["near", "later", "shut"]
    assert (day.free("regular"), day.free("same_day"), day.seats("walk_in")) == (1, 2, 0)
    assert [time.is_bookable for time in day.times] == [True, True, False]
    assert (day.opens_at, day.is_bookable) == (None, True)
    (shut,) = days_of({"days": [{"date": "2026-11-23", "sessions": sessions[3:]}]}, now)
    assert (shut.opens_at, shut.is_bookable) == ("2026-11-23T05:00:00Z", False)


async def test_what_an_office_typed_is_shown_and_never_run(site: Site, browser: Browser) -> None:
    address = 'Jalan <script>alert(1)</script> "5"'
    async with Officer(site.suite, Role.OFFICE_ADMIN) as head:
        body = OUTREACH | {"address": address}
        said = await head.call("scheduling", "POST", f"/v1/offices/{OFFICE}/outreach", body)
    for path in ("/offices", f"/offices/{OFFICE}", "/offices/sma-contoh-5"):
        page = await browser.get(path)
        assert "<script>alert" not in page.html
        assert (address in page.text) is (said.status < 400 and page.status == 200), path


async def test_a_service_that_is_away_is_told_of_with_what_to_do(site: Site) -> None:
    async with site.browser(scheduling_url="http://127.0.0.1:9") as browser:
        for path in ("/offices", f"/offices/{OFFICE}", "/openings/some-opening"):
            page = await browser.get(path)
            assert page.status == 503, path
            assert page.links
