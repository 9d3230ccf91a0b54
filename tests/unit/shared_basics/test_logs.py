from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared import context, logs
from shared.masking import HIDDEN, MAX_DEPTH, MAX_ITEMS, MAX_TEXT, mask_billing_code, mask_value

NIK = "3204101505900001"
RUN = re.compile(r"\d{16}")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.configure_logs("billing", stream=stream)
    return stream


def test_a_line_is_one_json_object_with_its_context(stream: io.StringIO) -> None:
    causation = context.new_causation(correlation_id="conversation-1")
    with context.bound(causation), structlog.contextvars.bound_contextvars(route="/v1/bills"):
        logs.get_logger("services.billing").info("bill.issued", bill_id="b-1", amount=350_000)
    (line,) = lines_of(stream)
    with context.bound(causation):
        assert line["trace_id"] == context.trace_id()
    assert line["correlation_id"] == "conversation-1"
    assert line["service"] == "billing"
    assert line["module"] == "services.billing"
    assert line["event"] == "bill.issued"
    assert line["level"] == "info"
    assert line["route"] == "/v1/bills"
    assert line["amount"] == 350_000
    assert line["timestamp"].endswith("Z")


def test_other_libraries_write_the_same_lines(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("number %s", NIK)
    logging.getLogger("aiohttp.access").info("GET /v1")
    (line,) = lines_of(stream)
    assert (line["event"], line["module"], line["level"]) == ("number [nik]", "some.library", "warning")


def test_the_level_holds(stream: io.StringIO) -> None:
    logs.configure_logs("billing", "warning", stream=stream)
    logs.get_logger("x").info("not written")
    logging.getLogger("y").info("not written")
    assert stream.getvalue() == ""
    with pytest.raises(KeyError):
        logs.configure_logs("billing", "loud")


def test_a_stack_trace_is_text_without_people(stream: io.StringIO) -> None:
    try:
        raise RuntimeError(f"no person {NIK} at siti@example.org")
    except RuntimeError:
        logs.get_logger("x").exception("failed")
        logging.getLogger("y").exception("failed")
    for line in lines_of(stream):
        assert "RuntimeError: no person [nik] at [email]" in line["exception"]
        assert NIK not in str(line)


def test_a_terminal_gets_readable_text() -> None:
    stream = io.StringIO()
    logs.configure_logs("billing", stream=stream, as_json=False)
    logs.get_logger("x").info("hello", nik=NIK, note=NIK)
    assert "hello" in stream.getvalue()
    assert NIK not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"nik {NIK}.", "nik [nik]."),
        ("3204 1015 0590 0001", "[nik]"),
        ("3204-1015-0590-0001", "[nik]"),
        ("320410 150590 0001", "[nik]"),
        ("12345678901234567890", "[nik]"),
        ("budi.santoso+x@mail.example.co.id!", "[email]!"),
        ("call 081234567890 now", "call [phone] now"),
        ("call +62 812-3456-7890 now", "call [phone] now"),
        ("call 6281234567890", "call [phone]"),
        ("call +6591234567", "call [phone]"),
        ("code 820261102123456 unpaid", "code ***********3456 unpaid"),
        ("amqp://user:pass@127.0.0.1:5672/", "amqp://[credentials]@127.0.0.1:5672/"),
        ("0193e0a2-7b1c-7cc0-8000-123456789012", "0193e0a2-7b1c-7cc0-8000-123456789012"),
        ("Rp350.000 at 2026-11-02T01:00:00Z", "Rp350.000 at 2026-11-02T01:00:00Z"),
        ("three seats left", "three seats left"),
        ("a\x00b", "a?b"),
        ("a\u2028b\x85c", "a?b?c"),
    ],
)
def test_what_a_text_shows(text: str, masked: str) -> None:
    assert logs.mask_text(text) == masked


@pytest.mark.parametrize(
    "key", ["nik", "otp", "password", "Authorization", "refresh_token", "set-cookie", "home_phone"]
)
def test_some_keys_are_hidden_whatever_they_hold(key: str) -> None:
    assert mask_value({key: "x"}) == {key: HIDDEN}
    assert mask_value({key: ["x", {"y": 1}]}) == {key: HIDDEN}
    assert mask_value({key: None}) == {key: None}


def test_a_code_is_hidden_and_the_name_of_an_error_is_not() -> None:
    assert mask_value({"code": "123456"}) == {"code": HIDDEN}
    assert mask_value({"code": 123456}) == {"code": HIDDEN}
    assert mask_value({"code": "seat_taken"}) == {"code": "seat_taken"}


def test_values_of_every_kind_become_plain() -> None:
    class Unspeakable:
        def __str__(self) -> str:
            raise RuntimeError

    assert mask_value(int(NIK)) == "[nik]"
    assert mask_value(0.1 + 0.2) == 0.3
    assert mask_value(float(NIK)) == "[nik].0"
    assert mask_value(NIK.encode()) == "[nik]"
    assert mask_value((1, True, None)) == [1, True, None]
    assert mask_value(2**300) == "[number]"
    assert mask_value(Unspeakable()) == "[Unspeakable]"
    assert mask_value({NIK: 1}) == {"[nik]": 1}


def test_limits_of_depth_length_and_number() -> None:
    deep: Any = "bottom"
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    assert "[too deep]" in str(mask_value(deep))
    assert len(mask_value("x" * (MAX_TEXT + 1))) == MAX_TEXT
    assert len(mask_value(list(range(MAX_ITEMS + 1)))) == MAX_ITEMS
    assert len(mask_value({str(number): 1 for number in range(MAX_ITEMS + 1)})) == MAX_ITEMS


NUMBERS = st.text("0123456789", min_size=14, max_size=40)
TEXTS = st.one_of(
    st.text(),
    NUMBERS,
    st.builds(
        "".join, st.lists(st.one_of(NUMBERS, st.text(max_size=3), st.sampled_from(["\x01", "\n", "ሴ", "\ud800"])))
    ),
)
SCALARS = st.one_of(TEXTS, st.integers(), st.floats(), st.binary(), st.none(), st.booleans(), NUMBERS.map(int))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@given(message=TEXTS, value=VALUES)
def test_no_run_of_sixteen_digits_survives(message: str, value: Any) -> None:
    stream = io.StringIO()
    logs.configure_logs("billing", stream=stream)
    with context.bound(context.new_causation(correlation_id=message)):
        logs.get_logger("x").info(message.replace("%", ""), value=value)
        logging.getLogger("y").warning("%s", value)
    assert not RUN.search(stream.getvalue())
    stream.getvalue().encode()
    assert len(lines_of(stream)) == 2


EMAILS = st.from_regex(r"\A[a-z][a-z0-9._+-]{0,20}@[a-z][a-z0-9-]{0,10}\.(id|co\.id|org)\Z")
PHONES = st.from_regex(r"\A(\+62|62|0)8[0-9]{8,10}\Z")


@given(address=EMAILS, phone=PHONES, nik=st.text("0123456789", min_size=16, max_size=16))
def test_people_do_not_survive_inside_a_sentence(address: str, phone: str, nik: str) -> None:
    shown = logs.mask_text(f"to <{address}>, {phone}; nik={nik}")
    for personal in (address, phone, nik):
        assert personal not in shown


def test_what_the_person_itself_may_see() -> None:
    assert logs.mask_nik(NIK) == "************0001"
    assert logs.mask_nik("123") == "***"
    assert logs.mask_email("budi@example.org") == "b***@example.org"
    assert logs.mask_email("nonsense") == "***"
    assert logs.mask_email("@example.org") == "***"
    assert logs.mask_phone("+62 812-3456-7890") == "+62********890"
    assert logs.mask_phone("081234567890") == "*********890"
    assert logs.mask_phone("123") == "***"
    assert mask_billing_code("820261102123456") == "***********3456"
    assert mask_billing_code("12") == "**"


# ---- what client libraries say ----


class AMQPConnectionError(Exception):
    """Named and placed as aio_pika's own."""

    __module__ = "aiormq.exceptions"


def lose_a_connection() -> None:
    """Say what the libraries say while a broker is away for a minute."""
    address = "amqp://billing:a-password@127.0.0.1:5672/"
    for _ in range(50):
        try:
            raise AMQPConnectionError(f"no answer of {address}")
        except AMQPConnectionError:
            logging.getLogger("aio_pika.robust_connection").exception("Connection attempt to %s failed", address)
            logging.getLogger("asyncio").exception("Future exception was never retrieved")
        logging.getLogger("aiormq.connection").error("error when creating transport: %r", address)


def test_a_lost_connection_is_told_by_us_and_not_by_libraries(stream: io.StringIO) -> None:
    lose_a_connection()
    assert lines_of(stream) == []


def test_without_the_filter_it_is_errors_with_tracebacks(stream: io.StringIO) -> None:
    """The twin; the password does not come out even so."""
    for handler in logging.getLogger().handlers:
        handler.filters = [each for each in handler.filters if not isinstance(each, logs.LibraryWords)]
    lose_a_connection()
    lines = lines_of(stream)
    assert len([line for line in lines if line["level"] == "error"]) == 150
    assert any("Traceback" in line.get("exception", "") for line in lines)
    assert "a-password" not in stream.getvalue()
    assert "amqp://[credentials]@127.0.0.1:5672/" in stream.getvalue()


def test_other_trouble_of_a_library_is_a_warning_once_without_a_traceback(stream: io.StringIO) -> None:
    for _ in range(3):
        try:
            raise ValueError("a frame of an unknown kind")
        except ValueError:
            logging.getLogger("aiormq.channel").exception("Unhandled return callback exception")
    (line,) = lines_of(stream)
    assert (line["level"], line["event"]) == ("warning", "Unhandled return callback exception (ValueError)")
    assert (line["module"], "exception" in line) == ("aiormq.channel", False)


def test_the_same_words_come_again_after_a_minute() -> None:
    now = [0.0]
    words = logs.LibraryWords(logging.INFO, monotonic=lambda: now[0])

    def said() -> bool:
        return words.filter(logging.LogRecord("aiormq", logging.ERROR, "", 0, "odd frame", (), None))

    seen = [said()]
    for now[0] in (logs.REPEAT_SECONDS - 1, logs.REPEAT_SECONDS):
        seen.append(said())
    assert seen == [True, False, True]


def test_our_own_faults_stay_errors_with_their_traceback(stream: io.StringIO) -> None:
    try:
        raise KeyError("a fault of ours")
    except KeyError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    (line,) = lines_of(stream)
    assert line["level"] == "error"
    assert "Traceback" in line["exception"]


def test_library_words_for_debugging_are_there_when_asked_for() -> None:
    stream = io.StringIO()
    logs.configure_logs("billing", "debug", stream=stream)
    lose_a_connection()
    assert {line["level"] for line in lines_of(stream)} == {"debug"}
    assert len(lines_of(stream)) == 3
