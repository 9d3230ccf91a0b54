"""What people type: numbers, names, addresses and media types, each read by its one rule."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticCustomError

from services.scheduling.app import read_offices
from shared.fields.email import LocalPartNotAscii, NotAnEmail, read_email
from shared.fields.folding import fold_number
from shared.fields.media_types import read_media_type
from shared.fields.names import (
    ACCOUNT_HOLDER,
    LATIN_LETTERS,
    MOST_NAME_CHARS,
    PERSON_NAME,
    PLACE_NAME,
    PersonName,
    WrittenName,
)
from shared.fields.numbers import (
    ACCOUNT_NUMBER,
    APPLICATION_NUMBER,
    BANK_CODE,
    BILLING_CODE,
    FAMILY_CARD,
    MOST_TYPED_CHARS,
    NTB,
    NTPN,
    ONE_TIME_CODE,
    QUEUE_NUMBER,
    OneTimeCode,
    TypedNumber,
)
from shared.fields.telephone import (
    NotAMobileNumber,
    NotATelephoneNumber,
    read_mobile_number,
    read_telephone_number,
    telephone_in_words,
)
from shared.http.schema import unbounded_fields

FORMS = (
    ACCOUNT_NUMBER,
    APPLICATION_NUMBER,
    BANK_CODE,
    BILLING_CODE,
    FAMILY_CARD,
    NTB,
    NTPN,
    ONE_TIME_CODE,
    QUEUE_NUMBER,
)
GROUPING = " .-\u00a0\u2009\u200e\ufeff\u2013\u2212/()\t"


def refusal(form: TypedNumber | WrittenName, text: str) -> PydanticCustomError:
    with pytest.raises(PydanticCustomError) as refused:
        form.read(text)
    return refused.value


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "typed", "kept"),
    [
        (ONE_TIME_CODE, "123 456", "123456"),
        (ONE_TIME_CODE, "\u200e123\u2011456\u200f", "123456"),
        (ONE_TIME_CODE, "１２３４５６", "123456"),
        (FAMILY_CARD, "3174.0101.0115.0001", "3174010101150001"),
        (FAMILY_CARD, "\u200e3174 0101 0115 0001", "3174010101150001"),
        (APPLICATION_NUMBER, "2026-1123-0000-0017", "2026112300000017"),
        (BILLING_CODE, "8202 6112 3000 017", "820261123000017"),
        (NTPN, "a1b2 c3d4 e5f6 0718", "A1B2C3D4E5F60718"),
        (NTB, "1234-5678-9012", "123456789012"),
        (NTB, "aB12 cd", "aB12cd"),
        (BANK_CODE, " 002 ", "002"),
        (ACCOUNT_NUMBER, "1234-01-012345-50-3", "123401012345503"),
        (QUEUE_NUMBER, "a-001", "A-001"),
        (QUEUE_NUMBER, "aa 0123", "AA-0123"),
        (QUEUE_NUMBER, "b012", "B-012"),
    ],
)
def test_grouping_width_and_case_are_folded(form: TypedNumber, typed: str, kept: str) -> None:
    assert form.read(typed) == kept


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        (ONE_TIME_CODE, "12345"),
        (ONE_TIME_CODE, "1234567"),
        (ONE_TIME_CODE, "12345O"),
        (ONE_TIME_CODE, "123\x00456"),
        (ONE_TIME_CODE, "١٢٣٤٥٦"),
        (NTPN, "A1B2C3D4E5F6071"),
        (NTPN, "A1B2C3D4E5F607180"),
        (NTB, "12345"),
        (NTB, "1" * 21),
        (ACCOUNT_NUMBER, "12345"),
        (ACCOUNT_NUMBER, "1" * 21),
        (QUEUE_NUMBER, "A-01"),
        (QUEUE_NUMBER, "001"),
        (BANK_CODE, "---"),
    ],
)
def test_what_is_no_such_number_is_refused_with_an_example_in_both_languages(form: TypedNumber, typed: str) -> None:
    refused = refusal(form, typed)
    assert refused.type == form.rule
    context: Any = refused.context
    assert refused.message_template.startswith("Write ")
    assert context["detail_id"].startswith("Tuliskan ")
    assert form.read(context["example"]) == context["example"]
    assert typed not in refused.message()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.rule)
@given(data=st.data())
@settings(deadline=None)
def test_a_number_grouped_in_any_way_is_the_same_number(form: TypedNumber, data: st.DataObject) -> None:
    signs = [sign + data.draw(st.text(GROUPING, max_size=2)) for sign in form.example]
    assert form.read("".join(signs)) == form.example


@given(st.text())
@settings(deadline=None)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold_number(text)
    assert fold_number(once) == once or not once.isascii()


def test_a_typed_number_has_a_limit_and_tells_what_is_expected() -> None:
    schema = TypeAdapter(OneTimeCode).json_schema()
    assert (schema["maxLength"], schema["examples"]) == (MOST_TYPED_CHARS, ["042317"])
    assert schema["description"] == ONE_TIME_CODE.expected
    read = TypeAdapter(OneTimeCode).validate_python
    assert read("0" * 6 + " " * (MOST_TYPED_CHARS - 6)) == "000000"
    with pytest.raises(ValueError, match="at most"):
        read("0" * 6 + " " * (MOST_TYPED_CHARS - 5))


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("BUDI CONTOH", "BUDI CONTOH"),
        ("  Siti \u00a0 Contoh ", "Siti Contoh"),
        ("Nur\u2019aini", "Nur'aini"),
        ("Nur\u2018aini", "Nur'aini"),
        ("Ma`ruf", "Ma'ruf"),
        ("Ma\u00b4ruf", "Ma'ruf"),
        ("Jose\u0301 Contoh", "Jos\u00e9 Contoh"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        ("R.A. Kartini-Contoh, S.H.", "R.A. Kartini-Contoh, S.H."),
        ("Ø", "Ø"),
    ],
)
def test_a_name_is_kept_composed_with_plain_apostrophes_and_single_spaces(typed: str, kept: str) -> None:
    assert PERSON_NAME.read(typed) == kept


@pytest.mark.parametrize(
    ("typed", "place", "shown"),
    [
        ("BUDI\x00", 5, "U+0000"),
        ("BU\x07DI", 3, "U+0007"),
        ("BUDI\nCONTOH", 5, "U+000A"),
        ("\ufeffBUDI", 1, "U+FEFF"),
        ("BUDI \ue000", 6, "U+E000"),
        ("BUDI 😀", 6, "😀 U+1F600"),
        ("ＢＵＤＩ", 1, "Ｂ U+FF22"),
        ("林 BUDI", 1, "林 U+6797"),
        ("さくら", 1, "さ U+3055"),
        ("김 BUDI", 1, "김 U+AE40"),
        ("BUDI ไทย", 6, "ไ U+0E44"),
        ("தமிழ்", 1, "த U+0BA4"),
        ("ꦗꦮ", 1, "ꦗ U+A997"),
        ("ᬩᬮᬶ", 1, "ᬩ U+1B29"),
        ("BUDI 2", 6, "2 U+0032"),
        ("BUDI {x}", 6, "{ U+007B"),
        ("ﬁtri", 1, "ﬁ U+FB01"),
        ("Иван", 1, "И U+0418"),
    ],
)
def test_a_sign_that_is_no_latin_letter_is_refused_with_its_position(typed: str, place: int, shown: str) -> None:
    refused = refusal(PERSON_NAME, typed)
    assert refused.type == "person_name_sign"
    assert refused.message().startswith(f"Sign {place} ({shown}) cannot be used here.")
    context: Any = refused.context
    assert context["detail_id"].startswith(f"Tanda ke-{place} ({shown}) tidak dapat dipakai di sini.")
    assert context["example"] == "BUDI CONTOH SANTOSO"


@pytest.mark.parametrize("form", [PERSON_NAME, PLACE_NAME, ACCOUNT_HOLDER], ids=lambda form: form.rule)
@pytest.mark.parametrize("typed", ["   ", "...", "' -", "\u00a0"])
def test_a_name_without_a_letter_is_refused(form: WrittenName, typed: str) -> None:
    assert refusal(form, typed).type == f"{form.rule}_letters"


def test_places_and_holders_have_signs_of_their_own() -> None:
    assert PLACE_NAME.read("KOTA BARU 2 (SELATAN) / N\u2019DJAMENA") == "KOTA BARU 2 (SELATAN) / N'DJAMENA"
    assert ACCOUNT_HOLDER.read("PT CONTOH & ANAK 88 (PERSERO)") == "PT CONTOH & ANAK 88 (PERSERO)"
    assert refusal(PLACE_NAME, "A & B").type == "place_name_sign"


def test_the_holder_of_an_account_has_two_signs_at_least() -> None:
    assert ACCOUNT_HOLDER.read("Ed") == "Ed"
    assert refusal(ACCOUNT_HOLDER, " E ").type == "account_holder_letters"
    assert PERSON_NAME.read("E") == "E"


def test_the_offices_that_are_shipped_have_names_that_can_be_typeset() -> None:
    offices = read_offices()
    assert len(offices) > 100
    for office in offices:
        assert (PLACE_NAME.read(office.name), PLACE_NAME.read(office.city)) == (office.name, office.city)


def test_a_name_has_a_limit() -> None:
    read = TypeAdapter(PersonName).validate_python
    assert read("A" * MOST_NAME_CHARS)
    with pytest.raises(ValueError, match="at most"):
        read("A" * (MOST_NAME_CHARS + 1))

    class Form(BaseModel):
        name: PersonName
        other: Annotated[str, PLACE_NAME] | None = None

    assert unbounded_fields(Form) == []


def test_the_letters_are_composed_and_stand_for_themselves() -> None:
    assert {"A", "z", "é", "Đ", "ễ", "ʻ"} - LATIN_LETTERS == {"ʻ"}
    assert LATIN_LETTERS.isdisjoint("×÷ªº0ŉǆǃ")
    assert all(unicodedata.normalize("NFKC", sign) == sign for sign in LATIN_LETTERS)
    assert all(unicodedata.name(sign).startswith("LATIN") for sign in LATIN_LETTERS)


@given(st.text(sorted(PERSON_NAME.accepted), min_size=1, max_size=MOST_NAME_CHARS))
@settings(deadline=None)
def test_a_name_that_was_read_is_read_as_itself(text: str) -> None:
    if LATIN_LETTERS.isdisjoint(text):
        return
    name = PERSON_NAME.read(text)
    assert PERSON_NAME.read(name) == name
    assert set(name) <= PERSON_NAME.accepted


# -- email -------------------------------------------------------------------------------------------------------------


def test_an_address_is_kept_in_the_form_that_every_mail_server_takes() -> None:
    written = {read_email(typed) for typed in ("Budi@Bücher.example.org", "budi@xn--bcher-kva.example.org")}
    assert written == {"budi@xn--bcher-kva.example.org"}
    assert read_email(" \u200eBudi . Contoh@example.org\ufeff") == "budi.contoh@example.org"
    assert read_email("budi@contoh.test", allow_test_domains=True) == "budi@contoh.test"


@pytest.mark.parametrize("typed", ["budi", "budi@", "@example.org", "a@b@example.org", "budi@contoh.test", ""])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(NotAnEmail):
        read_email(typed)


@pytest.mark.parametrize("typed", ["büdi@example.org", "布迪@example.org"])
def test_a_local_part_beyond_ascii_is_refused_as_such(typed: str) -> None:
    with pytest.raises(LocalPartNotAscii):
        read_email(typed)


# -- telephone ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0812 3456 7890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("+62 812-3456-7890", "+6281234567890"),
        ("+62 (0)812 3456 7890", "+6281234567890"),
        ("0062 812 3456 7890", "+6281234567890"),
        ("001 62 812 3456 7890", "+6281234567890"),
        ("007 62 812 3456 7890", "+6281234567890"),
        ("01017 62 812 3456 7890", "+6281234567890"),
        ("\u200e０８１２３４５６７８９０", "+6281234567890"),
        ("0065 9123 4567", "+6591234567"),
        ("001 65 9123 4567", "+6591234567"),
        ("+65 9123 4567", "+6591234567"),
        ("0812345678", "+62812345678"),
        ("0812345678901", "+62812345678901"),
    ],
)
def test_the_ways_to_write_a_mobile_number_are_one_number(typed: str, kept: str) -> None:
    assert read_mobile_number(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "081234567",
        "08123456789012",
        "+62 812 3456 789012 3",
        "021 5551234",
        "0812-CONTOH",
        "+999 1234 5678",
        "+",
        "",
        "00",
        "0081 90 1234 5678",
        "١٢٣",
    ],
)
def test_what_takes_no_sms_or_can_be_read_in_two_ways_is_refused(typed: str) -> None:
    """`0081 90 1234 5678` is Japanese (00 81), or American behind the operator's prefix 008."""
    with pytest.raises(NotAMobileNumber):
        read_mobile_number(typed)


def test_the_shortest_and_longest_indonesian_numbers_hold_whatever_the_metadata_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("phonenumbers.is_valid_number", lambda number: True)
    monkeypatch.setattr("phonenumbers.number_type", lambda number: 1)
    assert read_mobile_number("0812345678901") == "+62812345678901"
    for too_long_or_short in ("08123456789012", "081234567"):
        with pytest.raises(NotAMobileNumber):
            read_mobile_number(too_long_or_short)


# -- media types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("image/jpg", "image/jpeg"),
        (" Image/JPEG ", "image/jpeg"),
        ("image/pjpeg; q=1", "image/jpeg"),
        ("image/x-png", "image/png"),
        ("application/pdf", "application/pdf"),
    ],
)
def test_a_media_type_has_one_name(typed: str, kept: str) -> None:
    assert read_media_type(typed) == kept


@pytest.mark.parametrize("typed", ["021-5550100", "(021) 555 0100", "+62 21 5550100", "62215550100", "0062 21 5550100"])
def test_a_fixed_line_is_a_telephone_number_too(typed: str) -> None:
    assert read_telephone_number(typed) == "+62215550100"
    assert telephone_in_words("+62215550100") == "+62 21 5550100"
    assert read_telephone_number("0812-0000-0678") == "+6281200000678"


@pytest.mark.parametrize("typed", ["", "112", "no number", "021", "0" * 40])
def test_what_is_no_telephone_number(typed: str) -> None:
    with pytest.raises(NotATelephoneNumber):
        read_telephone_number(typed)
