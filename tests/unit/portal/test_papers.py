"""Papers on the site: the list, sending a page without script, what came of it, odd and hostile uploads."""

from __future__ import annotations

import asyncio
import io
from typing import Any, Final

import aiohttp
import pytest
from PIL import Image

from portal.api.client import Api
from portal.files import receiving
from portal.files.receiving import MOST_FILE_BYTES, MOST_PARTS, MOST_TEXT_BYTES, PLACES, Places, media_type_of
from services.application.paper_reading.verdict import Verdict
from tests.unit.application import odd_files
from tests.unit.application.world import picture
from tests.unit.identity.world import nobody
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in, sign_out
from tests.unit.portal.site import Site, open_site
from tests.walking import EMAIL, Citizen

BOUNDARY: Final = "b0undary"
SCRIPT: Final = '"><script>alert(1)</script>'


async def with_questionnaire(site: Site, browser: Browser, email: str = EMAIL) -> Citizen:
    """A signed-in citizen whose next step is the papers."""
    citizen = Citizen(site.suite)
    await citizen.register(email)
    await citizen.become_applicant()
    await citizen.begin()
    await citizen.answer()
    sign_in(browser, citizen)
    return citizen


def papers_of(citizen: Citizen) -> str:
    """The address of the list."""
    return f"/applications/{citizen.application_id}/papers"


async def send_page(browser: Browser, content: bytes, **typed: Any) -> PageSeen:
    """Send a file with the form of the page."""
    return await browser.submit(browser.page.form("file"), file=("ktp.jpg", content), **typed)


def as_multipart(fields: list[tuple[str, str | None, bytes]], *, end: bool = True) -> bytes:
    """A form as it goes over the line; a file name None is a field of text."""
    told = b""
    for name, file_name, content in fields:
        told += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if file_name is not None:
            told += f'; filename="{file_name}"\r\nContent-Type: image/jpeg'.encode()
        told += b"\r\n\r\n" + content + b"\r\n"
    return told + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


async def send_raw(browser: Browser, path: str, body: bytes, boundary: str = BOUNDARY) -> tuple[int, str]:
    """Send a form as it is."""
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    status, _headers, answer = await browser.raw("POST", path, data=body, headers=headers)
    return status, answer.decode()


async def send_and_leave(browser: Browser, head: str, part: bytes) -> None:
    """Begin a request, send a part of what was promised, and leave as a telephone in a tunnel does."""
    url = browser._client.make_url("/")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"{head}\r\nHost: {url.host}:{url.port}\r\nCookie: {cookies}\r\n\r\n".encode() + part)
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    del reader


def token_of(browser: Browser) -> bytes:
    """The token of the page's form."""
    return browser.page.form("file").values["form_token"][0].encode()


async def documents(citizen: Citizen) -> list[Any]:
    """All uploads of the application."""
    return list((await citizen.view())["documents"])


@pytest.mark.acceptance("Y2.upload")
@pytest.mark.acceptance("F3.one_http_api")
async def test_papers_are_listed_sent_and_complete_without_script(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(papers_of(citizen))
        needed = [item for item in (await citizen.view())["requirements"] if item["compulsory"]]
        assert f"0 dari {len(needed)} dokumen sudah ada" in page.text
        assert "<noscript><meta" not in page.html, "nothing is waited for"
        for number, item in enumerate(needed, start=1):
            page = await browser.get(papers_of(citizen))
            page = await browser.follow(to=f"/papers/{item['code']}$")
            assert page.heading == item["title_in_indonesian"]
            assert item["help_in_indonesian"] in page.text
            page = await send_page(browser, picture())
            assert "Halaman 1 diterima." in page.text
            page = await browser.get(papers_of(citizen))
            assert f"{number} dari {len(needed)} dokumen sudah ada" in page.text
        assert page.link(says="Periksa dan kirim permohonan") == f"/applications/{citizen.application_id}/submit"
        page = await browser.get(papers_of(citizen) + "?language=en")
        assert f"{len(needed)} of {len(needed)} papers are there" in page.text
        assert needed[0]["title"] in page.text


@pytest.mark.acceptance("Y2.upload")
async def test_a_page_says_how_a_picture_should_look_and_how_not(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(papers_of(citizen) + "/ktp")
        drawing = next(url for url in page.read.loaded if url.startswith("/paper-examples/"))
        status, headers, content = await browser.raw("GET", drawing)
        assert (status, headers["Content-Type"], content[:4]) == (200, "image/svg+xml", b"<svg")
        assert "sandbox" in headers["Content-Security-Policy"]
        assert "Jangan seperti ini:" in page.text
        assert page.form("file").files == {"file", "camera"}
        assert 'capture="environment"' in page.html
        assert 'accept="image/*,application/pdf"' in page.html
        status, _headers, _content = await browser.raw("GET", "/paper-examples/nothing")
        assert status == 404


async def test_a_form_to_fill_in_is_downloaded(site: Site, browser: Browser) -> None:
    status, headers, content = await browser.raw("GET", "/forms/parents_statement")
    assert (status, headers["Content-Type"], content[:5]) == (200, "application/pdf", b"%PDF-")
    assert headers["Content-Disposition"] == 'attachment; filename="parents_statement.pdf"'
    status, _headers, _content = await browser.raw("GET", "/forms/ktp")
    assert status == 404


@pytest.mark.acceptance("Y2.upload")
async def test_a_kept_picture_is_shown_to_its_own_account_alone(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        page = await send_page(browser, picture())
        shown = next(url for url in page.read.loaded if "/pages/" in url)
        status, headers, content = await browser.raw("GET", shown)
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert Image.open(io.BytesIO(content)).size == (640, 400)
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        status, _headers, content = await browser.raw("HEAD", shown)
        assert (status, content) == (200, b"")
        sign_out(browser)
        status, headers, _content = await browser.raw("GET", shown)
        assert (status, headers["Location"].split("?")[0]) == (303, "/sign-in")
        async with await with_questionnaire(site, browser, "lain@example.org"):
            status, headers, content = await browser.raw("GET", shown)
            assert status == 404
            assert content[:3] != b"\xff\xd8\xff"


async def test_after_the_submission_a_needed_page_is_replaced_and_not_removed(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await citizen.upload_everything()
        await citizen.submit()
        page = await browser.get(papers_of(citizen))
        assert "Tidak ada yang perlu diunggah sekarang." in page.text
        page = await browser.follow(to="/papers/ktp$")
        document = next(known for known in await documents(citizen) if known["requirement"] == "ktp")
        removal = f"{papers_of(citizen)}/ktp/pages/{document['document_id']}/removal"
        page = await browser.submit(page.form(action=removal))
        assert page.status == 422
        assert "Halaman ini diperlukan dan tidak dapat dihapus." in page.text
        page = await browser.follow(says="Ganti halaman 1")
        page = await send_page(browser, picture(900, 600))
        assert "Halaman 1 diterima." in page.text
        page = await browser.get(papers_of(citizen) + "/ktp?language=en")
        assert "Page 1: Accepted" in page.text
        assert "Only if this paper has further pages." in page.text


async def test_an_application_that_is_over_takes_no_more_papers(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(papers_of(citizen) + "/ktp")
        form = page.form("file")
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        page = await browser.get(papers_of(citizen) + "/ktp")
        assert "Permohonan ini tidak menerima dokumen lagi." in page.text
        assert not [known for known in page.forms if known.files]
        assert "Permohonan ini tidak menerima dokumen lagi." in (await browser.get(papers_of(citizen))).text
        page = await browser.submit(form, file=("a.jpg", picture()))
        assert page.status == 422
        assert "Permohonan ini telah berakhir." in page.text


async def test_a_page_tells_what_the_machine_read_and_what_differs() -> None:
    async with open_site(papers_reading="wanted") as site, site.browser() as browser:
        citizen = await with_questionnaire(site, browser)
        async with citizen:
            await browser.get(papers_of(citizen) + "/ktp")
            page = await send_page(browser, picture())
            document = (await documents(citizen))[0]
            said = {"full_name": "agrees", "nik": "differs", "birth_date": "not_read"}
            verdict = Verdict("flagged", "data_differ", "ktp", 0.9, (), said)  # type: ignore[arg-type]
            readings = site.suite.services["application"].parts.service.paper_readings
            await readings.settle(citizen.application_id, document["document_id"], verdict)
            page = await browser.get(page.path)
            assert "Data yang diketik berbeda dari yang tertulis pada dokumen." in page.text
            assert "Berbeda dari yang Anda ketik: NIK." in page.text
            assert "Sesuai dengan yang Anda ketik: Nama lengkap." in page.text
            assert "Tidak terbaca oleh sistem: Tanggal lahir." in page.text
            assert "Different from what you typed: NIK" in (await browser.get(page.path + "&language=en")).text


async def test_a_pdf_fills_the_pages_that_follow(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/family_card")
        page = await send_page(browser, odd_files.pages("PDF", 2))
        assert "Kirim halaman 3" in page.text
        assert [known["page"] for known in await documents(citizen) if known["state"] == "accepted"] == [1, 2]


@pytest.mark.acceptance("Y2.upload")
async def test_several_pages_are_sent_replaced_and_removed(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/family_card")
        page = await send_page(browser, picture())
        assert "Kirim halaman 2" in page.text
        await send_page(browser, picture(700, 500))
        first, second = sorted(await documents(citizen), key=lambda known: known["page"])
        assert (first["page"], second["page"]) == (1, 2)
        page = await browser.follow(says="Ganti halaman 1")
        assert "Kirim halaman" not in page.text, "it is replaced"
        page = await send_page(browser, picture(800, 600))
        states = {known["document_id"]: known["state"] for known in await documents(citizen)}
        assert states[first["document_id"]] == "replaced"
        page = await browser.submit(
            page.form(action=f"{papers_of(citizen)}/family_card/pages/{second['document_id']}/removal")
        )
        assert "Halaman sudah dihapus." in page.text
        states = {known["document_id"]: known["state"] for known in await documents(citizen)}
        assert states[second["document_id"]] == "removed"


@pytest.mark.acceptance("Y2.upload")
async def test_unusable_files_are_told_in_sentences(site: Site, browser: Browser) -> None:
    told = {
        "File bukan gambar atau hasil pindai.": b"hello, this is a text",
        "Gambar terlalu kecil untuk dibaca": picture(120, 100),
        "Gambar rusak atau terpotong.": picture()[:3000],
        "PDF terkunci kata sandi.": odd_files.locked_pdf(),
        "melebihi 10 halaman": odd_files.pdf(*[b"/MediaBox [0 0 300 400]"] * 11),
        "File ini kosong.": b"",
    }
    async with await with_questionnaire(site, browser) as citizen:
        for sentence, content in told.items():
            await browser.get(papers_of(citizen) + "/ktp")
            page = await send_page(browser, content)
            assert sentence in page.text
        assert {known["state"] for known in await documents(citizen)} == {"refused"}
        page = await browser.get(papers_of(citizen))
        assert "Kirim ulang" in page.text
        assert "0 dari" in page.text


async def test_a_declared_type_that_is_no_picture_is_refused_beside_the_field(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        data = aiohttp.FormData(default_to_multipart=True)
        data.add_field("form_token", token_of(browser).decode())
        data.add_field("page", "1")
        data.add_field("file", b"<html>", filename="a.html", content_type="text/html")
        page = await browser._go("POST", papers_of(citizen) + "/ktp", data)
        assert page.status == 422
        assert "Hanya gambar" in page.field_errors()["file"]
        assert not await documents(citizen)


@pytest.mark.acceptance("Y2.upload")
async def test_odd_forms_leave_nothing_half_done(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        token = ("form_token", None, token_of(browser))
        file = ("file", "a.jpg", picture())
        large = ("file", "a.jpg", picture() + bytes(MOST_FILE_BYTES - len(picture()) + 1))
        odd: list[tuple[bytes, int, str]] = [
            (as_multipart([token]), 422, "Pilih foto atau PDF terlebih dahulu."),
            (
                as_multipart([token, ("file", "", b""), ("camera", "", b"")]),
                422,
                "Pilih foto atau PDF terlebih dahulu.",
            ),
            (as_multipart([token, file, ("camera", "b.jpg", picture())]), 422, "Kirim satu file saja"),
            (as_multipart([token, file, file]), 422, "Kirim satu file saja"),
            (as_multipart([token, large]), 422, "File lebih besar dari 10 MB."),
            (as_multipart([token, file], end=False), 422, "Pengiriman terputus"),
            (as_multipart([token, file])[:-400], 422, "Pengiriman terputus"),
            (as_multipart([file, token]), 403, ""),
            (as_multipart([("form_token", None, b"made-up"), file]), 403, ""),
            (as_multipart([file]), 403, ""),
            (as_multipart([token, *[("page", None, b"1")] * MOST_PARTS, file]), 413, ""),
            (as_multipart([token, *[(f"f{number}", None, b"x") for number in range(300)], file]), 413, ""),
            (as_multipart([token, ("note", None, b"x" * (MOST_TEXT_BYTES + 1)), file]), 413, ""),
            (b"", 422, "Pengiriman terputus"),
            (b"nothing of the kind", 422, "Pengiriman terputus"),
            (f"--{BOUNDARY}--\r\n".encode(), 403, ""),
        ]
        for body, status, sentence in odd:
            answer = await send_raw(browser, path, body)
            assert answer[0] == status, (status, sentence, answer[1][:3000])
            assert sentence in answer[1]
        status, text = await send_raw(browser, path, as_multipart([token, file]), "another")
        assert (status, "Pengiriman terputus" in text) == (422, True)
        status, _headers, _body = await browser.raw("POST", path, data={"form_token": token[2].decode()})
        assert status == 400
        status, _headers, _body = await browser.raw(
            "POST", path, data=b"x", headers={"Content-Type": "multipart/form-data"}
        )
        assert status == 422
        assert not await documents(citizen), "nothing was announced"
        assert PLACES.taken == 0, "every place is free again"


async def test_a_file_at_the_limit_is_announced(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        content = picture()
        page = await send_page(browser, content + bytes(MOST_FILE_BYTES - len(content)))
        assert page.status == 200
        assert [known["size_bytes"] for known in await documents(citizen)] == [MOST_FILE_BYTES]


async def test_names_of_files_are_neither_kept_nor_shown(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        token = ("form_token", None, token_of(browser))
        for name in ("../../etc/passwd", SCRIPT.replace('"', "%22"), "Budi 3174 KTP.jpg"):
            status, _text = await send_raw(browser, path, as_multipart([token, ("file", name, picture())]))
            assert status == 303
        page = await browser.get(path)
        assert "passwd" not in page.html
        assert "alert(1)" not in page.html
        assert "passwd" not in str(await site.suite.contents())
        assert len(await documents(citizen)) == 1, "another name makes no other file"


async def test_a_form_at_its_limits_is_taken(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        notes = [("note", None, b"x" * MOST_TEXT_BYTES)] * (MOST_PARTS - 2)
        body = as_multipart([("form_token", None, token_of(browser)), *notes, ("file", "a.jpg", picture())])
        assert (await send_raw(browser, path, body))[0] == 303


async def test_a_person_signed_out_meanwhile_is_told_and_nothing_is_sent(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(papers_of(citizen) + "/ktp")
        sign_out(browser)
        page = await send_page(browser, picture())
        assert page.status == 401
        assert "Sesi Anda sudah berakhir" in page.text
        assert not await documents(citizen)


async def test_a_paper_of_the_family_need_not_be_sent_twice(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/family_card")
        await send_page(browser, picture())
        first = citizen.application_id
        await citizen.become_applicant(nik=nobody(1).nik, full_name="ORANG CONTOH")
        await citizen.begin()
        await citizen.answer()
        page = await browser.get(papers_of(citizen) + "/family_card")
        assert "Dokumen ini sudah dikirim untuk anggota keluarga lain." in page.text
        form = page.form("paper", "document_id")
        page = await browser.submit(form)
        assert "Halaman 1 diterima." in page.text
        assert [known["state"] for known in await documents(citizen)] == ["accepted"]
        form.values["application_id"] = [f"{first}x"]
        form.values["form_key"] = ["another-key"]
        assert (await browser.submit(form)).status in (404, 422)
        assert "family" not in [form.action for form in (await browser.get(papers_of(citizen) + "/ktp")).forms]


async def test_fields_that_were_changed_are_refused_and_shown_harmless(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        token, file = ("form_token", None, token_of(browser)), ("file", "a.jpg", picture())
        for changed in (
            ("page", None, b"11"),
            ("paper", None, SCRIPT.encode()),
            ("paper", None, b"passport_of_another"),
        ):
            status, text = await send_raw(browser, path, as_multipart([token, changed, file]))
            assert status == 422
            assert "<script>alert" not in text
        for address in (
            f"/applications/{citizen.application_id}/papers/no_such_paper",
            f"/applications/{citizen.application_id}/papers/..%2F..%2Faccount",
            "/applications/..%2Faccount%2Fme/papers",
            f"/applications/{citizen.application_id}x/papers",
        ):
            assert (await browser.get(address)).status == 404, address
        assert not await documents(citizen)


async def test_the_application_of_another_account_is_not_there(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        async with await with_questionnaire(site, browser, "lain@example.org") as other:
            await browser.get(papers_of(other) + "/ktp")
            token = ("form_token", None, token_of(browser))
            for address in ("", "/ktp"):
                assert (await browser.get(papers_of(citizen) + address)).status == 404
            body = as_multipart([token, ("file", "a.jpg", picture())])
            status, _text = await send_raw(browser, papers_of(citizen) + "/ktp", body)
            assert status == 404
        assert not await documents(citizen)


async def test_the_same_form_sent_twice_is_one_upload(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        form = browser.page.form("file")
        body = as_multipart(
            [
                ("form_token", None, token_of(browser)),
                ("form_key", None, form.values["form_key"][0].encode()),
                ("page", None, b"1"),
                ("file", "a.jpg", picture()),
            ]
        )
        assert [(await send_raw(browser, path, body))[0] for _ in range(2)] == [303, 303]
        assert len(await documents(citizen)) == 1


async def test_a_file_that_broke_off_before_goes_on_where_it_stood(site: Site, browser: Browser) -> None:
    """The API has a part of the file already: the portal was told otherwise by a line that was lost."""
    async with await with_questionnaire(site, browser) as citizen:
        content = picture()
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        calls: list[int] = []
        real = receiving.Received.pieces

        def pieces(self: receiving.Received, offset: int) -> Any:
            calls.append(offset)
            return real(self, offset)

        begun = await citizen.announce("ktp", len(content))
        await citizen.send(begun, content[:1000])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(receiving.Received, "pieces", pieces)

            async def announced(_self: Any, _method: str, _path: str, _body: Any, *, key: str) -> Any:
                return {"upload_url": begun, "upload_offset": 0}

            patch.setattr(Api, "send", announced)
            await send_page(browser, content)
        assert calls == [0, 1000]
        assert [known["state"] for known in await documents(citizen)] == ["accepted"]


def test_places_are_bounded_for_all_and_for_each() -> None:
    places = Places(most=2, most_of_one=1)
    with places.take("a") as first, places.take("a") as second, places.take("b") as third, places.take("c") as fourth:
        assert (first, second, third, fourth) == (True, False, True, False)
        assert places.taken == 2
    assert places.taken == 0


async def test_without_a_place_the_page_says_to_try_again(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PLACES, "_most", 0)
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        page = await send_page(browser, picture())
        assert "Banyak file sedang dikirim" in page.field_errors()["file"]
        assert not await documents(citizen)


async def test_a_line_that_stays_silent_holds_its_place_no_longer(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LONGEST_SILENCE_SECONDS", 0.05)
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        begun = as_multipart([("form_token", None, token_of(browser)), ("file", "a.jpg", picture())])[:2000]

        async def slowly() -> Any:
            yield begun
            await asyncio.sleep(0.3)
            yield b"x"

        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        status, _headers, body = await browser.raw("POST", path, data=slowly(), headers=headers)
        assert (status, b"Pengiriman terputus" in body) == (422, True)
        assert PLACES.taken == 0
        assert not await documents(citizen)


async def test_a_line_that_is_cut_in_the_middle_leaves_nothing(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        body = as_multipart([("form_token", None, token_of(browser)), ("file", "a.jpg", picture())])
        kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
        await send_and_leave(browser, f"POST {path} HTTP/1.1\r\n{kind}\r\nContent-Length: {len(body)}", body[:3000])
        assert PLACES.taken == 0
        assert not await documents(citizen)
        assert "diterima" in (await send_page(browser, picture())).text


async def test_a_service_that_is_down_leaves_a_clear_page_and_the_form_can_be_sent_again(
    site: Site, browser: Browser
) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(papers_of(citizen) + "/ktp")
        form = page.form("file")
        url, site.suite.urls["application"] = site.suite.urls["application"], "http://127.0.0.1:9"
        async with site.browser() as away:
            site.suite.urls["application"] = url
            sign_in(away, citizen)
            away.set_cookie("browser", browser.cookies()["browser"])
            away.page = page
            assert (await away.submit(form, file=("a.jpg", picture()))).status == 503
        assert PLACES.taken == 0
        browser.page = page
        assert "diterima" in (await browser.submit(form, file=("a.jpg", picture()))).text


async def test_low_data_is_remembered_and_loads_no_pictures(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        path = papers_of(citizen) + "/ktp"
        await browser.get(path)
        page = await send_page(browser, picture())
        assert any("/pages/" in url for url in page.read.loaded)
        page = await browser.submit(page.form("low_data"))
        assert 'data-low="on"' in page.html
        assert not any("/pages/" in url for url in page.read.loaded)
        assert "Lihat foto halaman 1" in page.text
        page = await browser.submit(page.form("low_data"))
        assert 'data-low=""' in page.html


async def test_a_page_being_read_refreshes_by_itself_and_an_officer_looks_at_the_rest() -> None:
    """The machine reads papers here; when its time is over an officer looks."""
    async with open_site(papers_reading="wanted") as site, site.browser() as reader:
        citizen = await with_questionnaire(site, reader)
        async with citizen:
            path = papers_of(citizen) + "/ktp"
            await reader.get(path)
            page = await send_page(reader, picture())
            assert "sedang dibaca sistem" in page.text
            assert '<noscript><meta http-equiv="refresh"' in page.html
            assert 'id="came" data-live' in page.html
            assert '<noscript><meta http-equiv="refresh"' in (await reader.get(papers_of(citizen))).html
            await site.suite.later(120)
            page = await reader.get(path)
            assert "<noscript><meta" not in page.html
            assert "Petugas" in page.text or "petugas" in page.text


def test_types_are_guessed_by_browsers_so_the_content_decides() -> None:
    for said in ("", "image/jpeg", "image/png; charset=x", "application/pdf", "application/octet-stream", "IMAGE/HEIC"):
        assert media_type_of(said) == "application/octet-stream"
    assert media_type_of("text/html; charset=utf-8") == "text/html"
