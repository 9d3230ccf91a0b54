"""The issuance system over HTTP against its simulator, and the papers that typst sets."""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pypdfium2
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
from services.application.applications import appeal_texts
from services.application.clients import DpriClient
from services.application.config import SIMULATORS_DPRI_KEY
from services.application.earlier_books.client import EarlierBooksClient
from services.application.earlier_books.ports import BooksContradict
from services.application.issuance.ports import DpriFile, DpriPicture, DpriRefuses
from services.application.letters.pdf import TypstWriter, letter_pool, write_letter
from services.application.letters.ports import LetterContent, RefusalContent
from services.application.letters.service import LARGEST_LETTER_BYTES
from shared.clock import SystemClock
from shared.crypto.sealed import SealedBox, new_keypair
from shared.crypto.sealed_stream import StreamSealer
from shared.errors import Unavailable, UpstreamDown
from shared.fields.names import LATIN_LETTERS, MOST_NAME_CHARS, OFFICE_ADDRESS, PERSON_NAME, PLACE_NAME
from shared.files.port import FileDamaged
from shared.http.client import JsonClient, Patience
from shared.randomness import SeededRandomness
from shared.typesetting.typeset_worker import qr_svg
from shared.typesetting.typesetter import NotTypeset
from shared.workers.pool import WorkerFigures
from shared.workers.port import WorkerLost, WorkerNotStarted, WorkersBusy
from simulators.config import Settings as SimulatorSettings
from simulators.dpri.app import create_app
from tests.unit.application import make
from tests.unit.application.world import World, in_pieces, make_settings
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


def client_of(url: str, sealer: StreamSealer | None = None) -> DpriClient:
    patience = Patience(try_seconds=5.0, tries=1)
    client = JsonClient("dpri", url, clock=SystemClock(), randomness=SeededRandomness(1), patience=patience)
    ours = StreamSealer(SealedBox.for_recipient(SIMULATORS_DPRI_KEY))
    return DpriClient(client, sealer or ours, picture_seconds=5.0)


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


PICTURE = b"picture of a paper " * 40_000
PICTURE_HASH = hashlib.sha256(PICTURE).hexdigest()
WITH_PICTURE = DpriFile(
    "delivery-1",
    {
        "kind": "electronic",
        "applicant": {"full_name": "SARI CONTOH"},
        "documents": [{"document_id": "d-ktp", "requirement": "ktp", "sha256": PICTURE_HASH}],
    },
)
NAMED = DpriPicture("delivery-1", "d-ktp", PICTURE_HASH)


@pytest.mark.acceptance("Y6.pictures", "Y6.hashes", "Y6.acknowledged", "Y6.resend_idempotent")
async def test_a_picture_goes_sealed_is_acknowledged_by_its_hash_and_again_changes_nothing(dpri: DpriClient) -> None:
    assert (await dpri.hand_over(NUMBER, WITH_PICTURE)).pictures == {}
    for _ in range(2):
        assert await dpri.hand_over_picture(NUMBER, NAMED, in_pieces(PICTURE)) == "acknowledged"
    assert (await dpri.hand_over(NUMBER, WITH_PICTURE)).pictures == {"d-ktp": PICTURE_HASH}
    await dpri.approve(NUMBER, {"order_id": "order-1"})


async def test_a_file_without_its_pictures_is_not_approved(dpri: DpriClient) -> None:
    await dpri.hand_over(NUMBER, WITH_PICTURE)
    with pytest.raises(DpriRefuses) as refused:
        await dpri.approve(NUMBER, {"order_id": "order-1"})
    assert refused.value.code == "pictures_missing"


async def test_other_bytes_than_the_file_names_are_refused(dpri: DpriClient) -> None:
    await dpri.hand_over(NUMBER, WITH_PICTURE)
    with pytest.raises(DpriRefuses) as refused:
        await dpri.hand_over_picture(NUMBER, NAMED, in_pieces(PICTURE[:-1]))
    assert refused.value.code == "picture_corrupt"


async def test_a_picture_that_is_sealed_to_somebody_else_is_opened_by_none() -> None:
    async with TestServer(create_app(SimulatorSettings())) as server:
        stranger = StreamSealer(SealedBox.for_recipient(new_keypair().public_key_b64))
        client = client_of(str(server.make_url("")), stranger)
        await client.hand_over(NUMBER, WITH_PICTURE)
        with pytest.raises(DpriRefuses) as refused:
            await client.hand_over_picture(NUMBER, NAMED, in_pieces(PICTURE))
        assert refused.value.code == "picture_unreadable"
        await client.close()


async def test_nothing_of_a_picture_is_readable_on_its_way() -> None:
    seen: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.json_response({"document_id": "d-ktp", "sha256": "1" * 64, "state": "acknowledged"})

    app = web.Application(client_max_size=2**24)
    app.router.add_put("/{rest:.*}", answer)
    async with TestServer(app) as server:
        client = client_of(str(server.make_url("")))
        with pytest.raises(DpriRefuses) as other:
            await client.hand_over_picture(NUMBER, NAMED, in_pieces(PICTURE))
        assert other.value.code == "picture_corrupt", "an acknowledgement of another picture is none"
        await client.close()
    assert len(seen[0]) > len(PICTURE) and PICTURE[:19] not in seen[0]


async def test_a_picture_that_breaks_off_on_our_side_is_no_fault_of_the_issuance_system(dpri: DpriClient) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PICTURE[:1000]
        raise FileDamaged("a chunk does not open")

    await dpri.hand_over(NUMBER, WITH_PICTURE)
    for _ in range(6):
        with pytest.raises(FileDamaged):
            await dpri.hand_over_picture(NUMBER, NAMED, broken())
    assert await dpri.hand_over_picture(NUMBER, NAMED, in_pieces(PICTURE)) == "acknowledged"


async def test_a_system_that_is_away_takes_no_picture() -> None:
    client = client_of("http://127.0.0.1:1")
    with pytest.raises(UpstreamDown):
        await client.hand_over_picture(NUMBER, NAMED, in_pieces(PICTURE))
    await client.close()


async def test_an_order_is_recalled_in_time_and_not_too_late(dpri: DpriClient) -> None:
    await dpri.hand_over(NUMBER, FILE)
    await dpri.recall(NUMBER, {"order_id": "order-1"})
    with pytest.raises(DpriRefuses) as recalled:
        await dpri.approve(NUMBER, {"order_id": "order-1"})
    assert recalled.value.code == "order_recalled"
    await dpri.approve(NUMBER, {"order_id": "order-2"})
    with pytest.raises(DpriRefuses) as late:
        await dpri.recall(NUMBER, {"order_id": "order-2"})
    assert late.value.code == "already_printed"


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


PICTURE_SCALE = 3
DARK = 128


def signs_with_ink(pdf: bytes) -> set[str]:
    """Every sign of the paper's text that leaves ink where it stands, in its composed form."""
    found: set[str] = set()
    for page in pypdfium2.PdfDocument(pdf):
        text, height = page.get_textpage(), page.get_height()
        picture = page.render(scale=PICTURE_SCALE, grayscale=True).to_numpy()
        for place in range(text.count_chars()):
            sign = text.get_text_range(place, 1)
            left, bottom, right, top = (edge * PICTURE_SCALE for edge in text.get_charbox(place))
            up, down = int(height * PICTURE_SCALE - top), int(height * PICTURE_SCALE - bottom) + 2
            part = picture[max(up, 0) : down, max(int(left), 0) : int(right) + 2]
            if part.size and part.min() < DARK:
                found.add(unicodedata.normalize("NFC", sign))
    return found


@pytest.mark.parametrize("place", ["full_name", "office_address"])
def test_every_sign_that_a_name_may_have_is_drawn_on_the_letter_as_itself(place: str) -> None:
    """Bold and plain: a reader copies the sign itself out of the PDF, and there is ink where it stands."""
    signs = sorted((PERSON_NAME.accepted | PLACE_NAME.accepted | OFFICE_ADDRESS.accepted) - {" "})
    paper = replace(content(), bring=(), **{place: " ".join(signs)})
    assert set(signs) - signs_with_ink(write_letter(paper)) == set()


def test_twin_a_sign_without_ink_is_seen() -> None:
    page = b"#set page(width: 60mm, height: 60mm)\n#text(fill: white)[A] B"
    pdf = typst.compile(page, format="pdf", ignore_system_fonts=True)
    assert isinstance(pdf, bytes)
    assert {"A", "B"} & signs_with_ink(pdf) == {"B"}


async def test_the_letter_says_where_what_and_how() -> None:
    told = replace(
        content(),
        office_address="Jalan Contoh Raya No. 1, Jakarta Selatan 12760",
        office_telephone="+62215550100",
        office_position=(-6.26123, 106.81456),
        paid=(("Biaya paspor", "Passport fee", 950_000), ("Biaya beban", "Penalty", 0)),
    )
    words = text_of(write_letter(told))
    for part in (
        *("Jalan Contoh Raya No. 1", "+62 21 5550100", "-6.26123, 106.81456", "Kartu tanda penduduk (KTP)"),
        *("Biaya paspor: Rp950.000", "Biaya beban: Rp0", "To move the date", "You do not pay again"),
        "Call the office at +62 21 5550100",
    ):
        assert part in words, part
    assert "approximate" not in words
    rough = text_of(write_letter(replace(told, office_position=(-6.26, 106.81), office_telephone=None, paid=())))
    assert "town centre, approximate" in rough and "information desk" in rough and "Passport fee" not in rough
    bare = text_of(write_letter(content()))
    assert "Coordinates" not in bare and "Telephone" not in bare


async def test_the_letter_of_refusal_says_reason_rule_and_redress() -> None:
    grounds, written = appeal_texts.grounds()[0], make.VISIT
    refusal = RefusalContent(
        full_name="SARI CONTOH ŁÉŠ",
        number=NUMBER,
        office_name="Kantor Imigrasi Jakarta Selatan",
        office_timezone="Asia/Jakarta",
        refused_at=written,
        reason=(grounds.reason_id, grounds.reason),
        rule=grounds.rule,
        redress=tuple((way.text_id, way.text, way.rule) for way in appeal_texts.ways()),
        object_until=written + timedelta(days=30),
        made_at=written,
    )
    pdf = await TypstWriter().refusal(refusal)
    assert len(pdf) < LARGEST_LETTER_BYTES
    words = text_of(pdf)
    for part in ("SARI CONTOH ŁÉŠ", grounds.reason, grounds.rule, "UU 30/2014 art. 78", "30 December 2026"):
        assert part in words, part
    assert "+62 21" in text_of(await TypstWriter().refusal(replace(refusal, office_telephone="+62215550100")))


def text_of(pdf: bytes) -> str:
    """The text of a paper on one line."""
    pages = (page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
    return " ".join(" ".join(pages).split())


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
