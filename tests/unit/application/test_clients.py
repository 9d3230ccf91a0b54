"""The issuance system over HTTP against its simulator, and the papers that typst sets."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import typst
import zxingcpp
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic_core import PydanticCustomError

from services.application.app import assemble
from services.application.clients import DpriClient
from services.application.earlier_books.client import EarlierBooksClient
from services.application.earlier_books.ports import BooksContradict
from services.application.issuance.ports import DpriFile, DpriRefuses
from services.application.letters.letter_worker import qr_svg
from services.application.letters.pdf import TypstWriter, letter_pool, write_letter
from services.application.letters.ports import LetterContent, NotTypeset
from services.application.letters.service import LARGEST_LETTER_BYTES
from shared.clock import SystemClock
from shared.errors import Unavailable, UpstreamDown
from shared.fields.names import LATIN_LETTERS, MOST_NAME_CHARS, PERSON_NAME, PLACE_NAME
from shared.http.client import JsonClient, Patience
from shared.randomness import SeededRandomness
from shared.workers.pool import WorkerFigures
from shared.workers.port import WorkerLost, WorkerNotStarted, WorkersBusy
from simulators.config import Settings as SimulatorSettings
from simulators.dpri.app import create_app
from tests.unit.application import make
from tests.unit.application.world import World, make_settings
from tests.unit.shared_workers.failing import Failing

FILE = DpriFile(
    "delivery-1",
    {
        "kind": "electronic",
        "applicant": {"full_name": "SARI CONTOH"},
        "documents": [{"requirement": "ktp", "sha256": "0" * 64}],
    },
)
NUMBER = "2026000000000001"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


def client_of(url: str) -> DpriClient:
    patience = Patience(try_seconds=5.0, tries=1)
    return DpriClient(JsonClient("dpri", url, clock=SystemClock(), randomness=SeededRandomness(1), patience=patience))


@pytest.fixture
async def dpri() -> AsyncIterator[DpriClient]:
    app = create_app(SimulatorSettings(dpri_print_seconds=0.0))
    async with TestServer(app) as server:
        client = client_of(str(server.make_url("")))
        yield client
        await client.close()


async def test_a_file_goes_from_hand_over_to_the_printed_book(dpri: DpriClient) -> None:
    with pytest.raises(DpriRefuses) as unknown:
        await dpri.get_state(NUMBER)
    assert unknown.value.code == "file_unknown"
    for _ in range(2):
        assert (await dpri.hand_over(NUMBER, FILE)).state == "acknowledged"
    for _ in range(2):
        await dpri.approve(NUMBER, {"outcome": "approved"})
    seen = await dpri.get_state(NUMBER)
    assert seen.state == "printed"
    assert seen.passport_number
    assert seen.passport_number not in repr(seen)


async def answering(status: int, body: bytes) -> TestServer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b"{}", "status_500"),
        (503, b"{}", "status_503"),
        (200, b"<html>", "unreadable"),
        (200, b"{}", "unreadable"),
    ],
)
async def test_what_is_no_answer_is_a_silent_system(status: int, body: bytes, reason: str) -> None:
    server = await answering(status, body)
    client = client_of(str(server.make_url("")))
    with pytest.raises(UpstreamDown) as down:
        await client.get_state(NUMBER)
    assert down.value.reason == reason
    await client.close()
    await server.close()


async def test_a_no_without_a_code_is_named_by_its_status() -> None:
    server = await answering(403, b"go away")
    client = client_of(str(server.make_url("")))
    with pytest.raises(DpriRefuses) as refused:
        await client.get_state(NUMBER)
    assert refused.value.code == "status_403"
    await client.close()
    await server.close()


async def test_the_process_is_assembled_with_the_real_client(world: World) -> None:
    parts = assemble(make_settings(dpri_token="secret"), world.platform)
    assert parts.name == "application"
    assert parts.close is not None
    assert "paspor_worker_jobs" in [metric.name for figure in parts.figures for metric in figure.collect()]
    await parts.close()


def content() -> LetterContent:
    return LetterContent(
        full_name="SARI #contoh *LATIHAN*",
        number=NUMBER,
        office_name="Kantor Imigrasi Jakarta Selatan",
        office_timezone="Asia/Jakarta",
        starts_at=make.VISIT,
        ends_at=make.VISIT + timedelta(hours=1),
        queue_number="R-001",
        queue_code="PSP1." + "x" * 200,
        bring=(("Kartu tanda penduduk (KTP)", "Identity card (KTP)"),) * 8,
        made_at=make.NOW,
    )


@pytest.mark.acceptance("F73.made_when_paid")
async def test_the_letter_is_a_small_pdf_whose_code_can_be_read() -> None:
    pdf = await TypstWriter().letter(content())
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) < LARGEST_LETTER_BYTES
    read = zxingcpp.read_barcodes(drawn(content().queue_code))
    assert [code.text for code in read] == [content().queue_code]


def drawn(text: str) -> Image.Image:
    """The picture that the letter's QR code makes on paper."""
    page = (
        b'#set page(width: 60mm, height: 60mm, margin: 0mm)\n#image(bytes(sys.inputs.qr), format: "svg", width: 60mm)'
    )
    png = typst.compile(page, format="png", ppi=150, sys_inputs={"qr": qr_svg(text)}, ignore_system_fonts=True)
    assert isinstance(png, bytes)
    return Image.open(io.BytesIO(png)).convert("RGB")


LETTERS_IN_A_NAME = 60


async def test_the_letter_has_a_glyph_for_every_sign_that_a_name_may_have() -> None:
    """The typesetter refuses a page with a sign that no font has; names of persons and places are printed."""
    signs = sorted(PERSON_NAME.accepted | PLACE_NAME.accepted)
    groups = [signs[start : start + LETTERS_IN_A_NAME] for start in range(0, len(signs), LETTERS_IN_A_NAME)]
    names = [PERSON_NAME.read("".join(sign for sign in group if sign in PERSON_NAME.accepted)) for group in groups[1:]]
    places = [PLACE_NAME.read("".join(group)) for group in groups]
    written = replace(content(), full_name=" ".join(names), office_name=" ".join(places))
    assert (await TypstWriter().letter(written)).startswith(b"%PDF-")


@given(st.text(sorted(PERSON_NAME.accepted), min_size=1, max_size=MOST_NAME_CHARS))
@settings(max_examples=15, deadline=None)
def test_a_name_that_the_door_takes_is_typeset(typed: str) -> None:
    if not LATIN_LETTERS.isdisjoint(typed):
        assert write_letter(replace(content(), full_name=PERSON_NAME.read(typed))).startswith(b"%PDF-")


@pytest.mark.parametrize("sign", ["\x07", "林", "さ", "김", "ท", "த", "ꦗ", "ᬩ"])
def test_a_sign_that_the_door_refuses_is_what_the_typesetter_cannot_print(sign: str) -> None:
    with pytest.raises(PydanticCustomError, match="cannot be used here"):
        PERSON_NAME.read(f"BUDI {sign}")
    with pytest.raises(typst.TypstError):
        write_letter(replace(content(), full_name=f"BUDI {sign}"))


async def test_a_process_of_its_own_typesets_the_same_letter_and_tells_what_it_cannot() -> None:
    letters = letter_pool(WorkerFigures())
    writer = TypstWriter(letters)
    assert await writer.letter(content()) == write_letter(content())
    with pytest.raises(NotTypeset) as cannot:
        await writer.letter(replace(content(), full_name="BUDI 林"))
    assert cannot.value.problem == "TypstError"
    assert "BUDI" not in str(cannot.value)
    await letters.close()


@pytest.mark.parametrize(
    ("error", "told"), [(WorkerLost, NotTypeset), (WorkerNotStarted, Unavailable), (WorkersBusy, Unavailable)]
)
async def test_workers_that_typeset_nothing_are_told_apart(error: type[Exception], told: type[Exception]) -> None:
    with pytest.raises(told):
        await TypstWriter(Failing(error)).letter(content())


async def test_the_form_is_a_pdf() -> None:
    assert (await TypstWriter().form("parents_statement", "Surat pernyataan kedua orang tua")).startswith(b"%PDF-")


@pytest.mark.parametrize("asked", [True, False])
async def test_an_issuance_system_without_records_of_earlier_books_is_not_asked(world: World, asked: bool) -> None:
    parts = assemble(make_settings(earlier_books_asked=asked), world.platform)
    assert (parts.service.earlier_books._port is not None) is asked
    assert parts.close is not None
    await parts.close()


def books_client_of(url: str) -> EarlierBooksClient:
    patience = Patience(try_seconds=5.0, tries=1)
    client = JsonClient("dpri_books", url, clock=SystemClock(), randomness=SeededRandomness(1), patience=patience)
    return EarlierBooksClient(client)


async def test_earlier_books_are_asked_for_at_the_issuance_system() -> None:
    async with TestServer(create_app(SimulatorSettings())) as server:
        client = books_client_of(str(server.make_url("")))
        (book,) = await client.find_books("9171016511850001")
        assert (book.state, book.kind, book.masked_number) == ("reported_lost", "ordinary", "*****002")
        assert book.masked_number not in repr(book)
        assert await client.find_books("3174014502900001") == ()
        await client.close()


@pytest.mark.parametrize(
    "body",
    [b'{"has_books": true, "books": []}', b'{"has_books": false, "books": [%s]}'],
    ids=["books without books", "none with books"],
)
async def test_records_that_say_both_contradict(body: bytes) -> None:
    book = b'{"kind":"ordinary","state":"valid","issued_on":"2025-01-01","expires_on":"2030-01-01","number":"X1234567"}'
    server = await answering(200, body.replace(b"%s", book))
    client = books_client_of(str(server.make_url("")))
    with pytest.raises(BooksContradict):
        await client.find_books("3174014502900001")
    await client.close()
    await server.close()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(503, b"{}", "status_503"), (404, b"{}", "status_404"), (200, b"[]", "unreadable")],
)
async def test_records_that_do_not_answer_are_a_silent_system(status: int, body: bytes, reason: str) -> None:
    server = await answering(status, body)
    client = books_client_of(str(server.make_url("")))
    with pytest.raises(UpstreamDown) as down:
        await client.find_books("3174014502900001")
    assert down.value.reason == reason
    assert "3174014502900001" not in str(down.value)
    await client.close()
    await server.close()


@pytest.mark.parametrize("number", ["X1234567", "*****567"])
async def test_a_number_that_comes_in_full_is_masked_here(number: str) -> None:
    told = {"kind": "ordinary", "state": "valid", "issued_on": "2025-01-01", "expires_on": "2030-01-01"}
    body = json.dumps({"has_books": True, "books": [{**told, "number": number}]})
    server = await answering(200, body.encode())
    client = books_client_of(str(server.make_url("")))
    assert [book.masked_number for book in await client.find_books("3174014502900001")] == ["*****567"]
    await client.close()
    await server.close()
