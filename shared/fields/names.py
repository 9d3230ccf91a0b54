"""Names of people and places as they are typed: Latin letters with their marks, and what joins them.

That the civil registry writes all names in Latin letters is an assumption, since its specification is not public;
Permendagri 73/2022 (article 5) asks for Latin letters in new papers, and its text was not read here. Every accepted
letter has a glyph in the fonts that papers are typeset with; a test typesets all of them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from shared.http.validation import wrong_value

APOSTROPHES: Final = "\u2019\u2018\u0060\u00b4\u02bc"
"""Signs that are written as a plain apostrophe: keyboards and word processors put them in its place."""

MOST_NAME_CHARS: Final = 100
MOST_PLACE_CHARS: Final = 60
MOST_ADDRESS_CHARS: Final = 200
"""Of an office: two lines on a letter."""

_RANGES: Final = ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x250), (0x1E00, 0x1F00))
"""Basic Latin, Latin-1, Latin Extended-A and -B, Latin Extended Additional (Unicode blocks)."""

LATIN_LETTERS: Final = frozenset(
    sign
    for start, end in _RANGES
    for sign in map(chr, range(start, end))
    if unicodedata.category(sign) in ("Lu", "Ll") and unicodedata.normalize("NFKC", sign) == sign
)
"""The letters of names: composed, none that stands for others (such as a ligature)."""

_PLAIN: Final = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


@dataclass(frozen=True)
class WrittenName:
    """A kind of name: the signs beside letters and spaces that it may have, and its longest form."""

    rule: str
    most_chars: int
    signs: str
    expected: str
    expected_id: str
    example: str
    least_chars: int = 1

    @property
    def accepted(self) -> frozenset[str]:
        """All signs that a name of this kind may have."""
        return LATIN_LETTERS | frozenset(self.signs + " ")

    def read(self, text: str) -> str:
        """Return the name as it is kept: NFC, plain apostrophes, single spaces, none at its ends.

        Raises:
            PydanticCustomError: a sign is not accepted (its position is told), no letter is there, or it is too short.
        """
        composed = unicodedata.normalize("NFC", text).translate(_PLAIN)
        spaced = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in composed)
        self._refuse_other_signs(spaced)
        name = " ".join(spaced.split())
        if LATIN_LETTERS.isdisjoint(name) or len(name) < self.least_chars:
            raise wrong_value(f"{self.rule}_letters", self.expected, self.expected_id, example=self.example)
        return name

    def _refuse_other_signs(self, text: str) -> None:
        accepted = self.accepted
        found = next(((place, sign) for place, sign in enumerate(text, start=1) if sign not in accepted), None)
        if found is None:
            return
        place, sign = found
        shown = _shown(sign)
        raise wrong_value(
            f"{self.rule}_sign",
            f"Sign {place} ({shown}) cannot be used here. {self.expected}",
            f"Tanda ke-{place} ({shown}) tidak dapat dipakai di sini. {self.expected_id}",
            example=self.example,
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of a text that is read by this kind."""
        text = core_schema.str_schema(min_length=1, max_length=self.most_chars)
        return core_schema.no_info_after_validator_function(self.read, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON schema: a text with a limit, what is expected and an example."""
        return {**handler(schema), "description": self.expected, "examples": [self.example]}


def _shown(sign: str) -> str:
    """Return the sign with its number in Unicode; the number alone where it has no picture of its own."""
    number = f"U+{ord(sign):04X}"
    return f"{sign} {number}" if unicodedata.category(sign)[0] in "LNPS" else number


PERSON_NAME: Final = WrittenName(
    "person_name",
    MOST_NAME_CHARS,
    "'-.,",
    "Write the name as on the identity card, in Latin letters; spaces and ' - . , may stand in it.",
    "Tuliskan nama seperti pada KTP dengan huruf Latin; spasi dan ' - . , boleh dipakai.",
    "BUDI CONTOH SANTOSO",
)
PLACE_NAME: Final = WrittenName(
    "place_name",
    MOST_PLACE_CHARS,
    "'-.,/()0123456789",
    "Write the place in Latin letters; digits, spaces and ' - . , / ( ) may stand in it.",
    "Tuliskan nama tempat dengan huruf Latin; angka, spasi, dan ' - . , / ( ) boleh dipakai.",
    "BANDUNG",
)
ACCOUNT_HOLDER: Final = WrittenName(
    "account_holder",
    MOST_NAME_CHARS,
    "'-.,/()&0123456789",
    "Write the holder as on the bank book: Latin letters; digits, spaces and ' - . , / ( ) & may stand in it.",
    "Tuliskan pemilik seperti pada buku tabungan: huruf Latin; angka, spasi, dan ' - . , / ( ) & boleh dipakai.",
    "SITI CONTOH",
    least_chars=2,
)
"""At least two signs: the treasury's orders have no shorter holder."""

OFFICE_ADDRESS: Final = WrittenName(
    "office_address",
    MOST_ADDRESS_CHARS,
    "'-.,/():0123456789",
    "Write the address in Latin letters; digits, spaces and ' - . , / ( ) : may stand in it.",
    "Tuliskan alamat dengan huruf Latin; angka, spasi, dan ' - . , / ( ) : boleh dipakai.",
    "Jalan Contoh Raya No. 1, Jakarta Selatan 12760",
    least_chars=5,
)

PersonName = Annotated[str, PERSON_NAME]
PlaceName = Annotated[str, PLACE_NAME]
OfficeAddress = Annotated[str, OFFICE_ADDRESS]
AccountHolder = Annotated[str, ACCOUNT_HOLDER]
