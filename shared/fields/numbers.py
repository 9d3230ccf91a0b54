"""Numbers that people type, by one rule: grouping is dropped, width and case are folded, then the number is checked.

Each type is a `str` in its one written form; a refusal says what is expected, with an example, and never the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from shared.fields.folding import fold_number
from shared.http.validation import wrong_value

MOST_TYPED_CHARS: Final = 64
"""Of a number as it is typed, with all that groups it: the longest has 20 signs."""


@dataclass(frozen=True)
class TypedNumber:
    """A form of numbers: how it looks once folded, how it is written, and what is said about others."""

    rule: str
    pattern: str
    expected: str
    expected_id: str
    example: str
    written: str = r"\g<0>"
    """The one form it is kept in, from the groups of the pattern."""
    keep_case: bool = False

    def read(self, text: str) -> str:
        """Return the number in its written form.

        Raises:
            PydanticCustomError: it is not such a number.
        """
        folded = fold_number(text, keep_case=self.keep_case)
        found = re.fullmatch(self.pattern, folded)
        if found is None:
            raise wrong_value(self.rule, self.expected, self.expected_id, example=self.example)
        return found.expand(self.written)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of a text that is read by this form."""
        text = core_schema.str_schema(min_length=1, max_length=MOST_TYPED_CHARS)
        return core_schema.no_info_after_validator_function(self.read, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON schema: a text with a limit, what is expected and an example."""
        return {**handler(schema), "description": self.expected, "examples": [self.example]}


ONE_TIME_CODE: Final = TypedNumber(
    "one_time_code",
    r"[0-9]{6}",
    "Write the six digits of the code.",
    "Tuliskan enam angka kode.",
    "042317",
)
LONG_CODE: Final = TypedNumber(
    "long_code",
    r"([0-9A-Z]{4})([0-9A-Z]{4})([0-9A-Z]{4})",
    "Write the 12 letters and digits of the long code.",
    "Tuliskan 12 huruf dan angka kode panjang.",
    "ABCD-EFGH-2345",
    written=r"\1-\2-\3",
)
NIK: Final = TypedNumber(
    "nik",
    r"[0-9]{16}",
    "Write the 16 digits of the identity number (NIK).",
    "Tuliskan 16 angka NIK.",
    "3174010101900001",
)
FAMILY_CARD: Final = TypedNumber(
    "family_card_number",
    r"[0-9]{16}",
    "Write the 16 digits of the family card (KK).",
    "Tuliskan 16 angka kartu keluarga (KK).",
    "3174010101150001",
)
APPLICATION_NUMBER: Final = TypedNumber(
    "application_number",
    r"[0-9]{16}",
    "Write the 16 digits of the application number.",
    "Tuliskan 16 angka nomor permohonan.",
    "2026112300000017",
)
PASSPORT_NUMBER: Final = TypedNumber(
    "passport_number",
    r"[A-Z][A-Z0-9]{5,8}",
    "Write the letters and digits of the passport number.",
    "Tuliskan huruf dan angka nomor paspor.",
    "X1234567",
)
BILLING_CODE: Final = TypedNumber(
    "billing_code",
    r"[0-9]{15}",
    "Write the 15 digits of the billing code.",
    "Tuliskan 15 angka kode billing.",
    "820261123000017",
)
NTPN: Final = TypedNumber(
    "ntpn",
    r"[0-9A-Z]{16}",
    "Write the 16 letters and digits of the NTPN as on the slip.",
    "Tuliskan 16 huruf dan angka NTPN seperti pada bukti bayar.",
    "A1B2C3D4E5F60718",
)
NTB: Final = TypedNumber(
    "ntb",
    r"[0-9A-Za-z]{6,20}",
    "Write the 6 to 20 letters and digits of the bank's number (NTB).",
    "Tuliskan 6 sampai 20 huruf dan angka nomor bank (NTB).",
    "123456789012",
    keep_case=True,
)
BANK_CODE: Final = TypedNumber(
    "bank_code",
    r"[0-9]{3}",
    "Write the three digits of the bank.",
    "Tuliskan tiga angka kode bank.",
    "002",
)
ACCOUNT_NUMBER: Final = TypedNumber(
    "account_number",
    r"[0-9]{6,20}",
    "Write the 6 to 20 digits of the account.",
    "Tuliskan 6 sampai 20 angka nomor rekening.",
    "123401012345503",
)
QUEUE_NUMBER: Final = TypedNumber(
    "queue_number",
    r"([A-Z]{1,2})([0-9]{3,4})",
    "Write the letter and the three or four digits of the queue number.",
    "Tuliskan huruf dan tiga atau empat angka nomor antrean.",
    "A-001",
    written=r"\1-\2",
)

OneTimeCode = Annotated[str, ONE_TIME_CODE]
Nik = Annotated[str, NIK]
FamilyCardNumber = Annotated[str, FAMILY_CARD]
ApplicationNumber = Annotated[str, APPLICATION_NUMBER]
PassportNumber = Annotated[str, PASSPORT_NUMBER]
BillingCode = Annotated[str, BILLING_CODE]
Ntpn = Annotated[str, NTPN]
Ntb = Annotated[str, NTB]
"""The bank's own number. Its length is unconfirmed; 12 is usual. Compared as SIMPONI tells it, so its case is kept."""
BankCode = Annotated[str, BANK_CODE]
AccountNumber = Annotated[str, ACCOUNT_NUMBER]
"""A bank account; BRI prints its 15 digits as 1234-01-012345-50-3."""
QueueNumber = Annotated[str, QUEUE_NUMBER]
