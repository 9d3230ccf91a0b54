"""The text that a person typed into a form, what was wrong with it, and how it is kept until it can be sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from portal.api.problem import Problem

TOKEN_FIELD: Final = "form_token"  # noqa: S105 - a name
KEY_FIELD: Final = "form_key"
KEPT_FIELD: Final = "kept"
REFILL_FIELD: Final = "form_refill"
"""Present where a form is shown again with what was typed, and nothing is sent."""

OWN_FIELDS: Final = frozenset({TOKEN_FIELD, KEY_FIELD, KEPT_FIELD, REFILL_FIELD})
MOST_FIELDS: Final = 200
MOST_CHARS: Final = 20_000
"""Typed into one form; the longest, an objection, has 4,000."""

DATE_PARTS: Final = ("day", "month", "year")


LONGEST_NUMBER: Final = 9
"""Digits of a whole number in a form; the longest of ours, an amount of rupiah, is a text."""


def read_whole_number(text: str) -> int | None:
    """Return the number that was typed or stands in a hidden field; None for whatever else stands there."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


@dataclass(frozen=True)
class FormError:
    """A sentence about a field; an empty name is about the form as a whole."""

    name: str
    text: str


@dataclass(frozen=True)
class Form:
    """The values of a form by field name, several where boxes were ticked, and its errors."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: tuple[FormError, ...] = ()
    key: str = ""
    """Base of idempotency keys: the same form with the same values has the same key, however often it is sent."""

    @property
    def is_filled(self) -> bool:
        """Whether somebody typed anything; an untouched form shows what is known instead."""
        return bool(self.values)

    def text(self, name: str, default: str = "") -> str:
        """Return what was typed, without spaces around it."""
        given = self.values.get(name)
        return given[0].strip() if given else default

    def optional(self, name: str) -> str | None:
        """Return what was typed, None where nothing was."""
        return self.text(name) or None

    def chosen(self, name: str) -> list[str]:
        """Return the boxes that were ticked."""
        return [value for value in self.values.get(name, ()) if value]

    def flag(self, name: str) -> bool | None:
        """Return a yes or no; None where nothing was chosen."""
        return {"yes": True, "no": False}.get(self.text(name))

    def date(self, name: str) -> str | None:
        """Return a date of three fields as YYYY-MM-DD; what is no date is returned as it was typed, to be refused."""
        day, month, year = (self.text(f"{name}-{part}") for part in DATE_PARTS)
        if not (day or month or year):
            return None
        return f"{year.zfill(4)}-{month.zfill(2)}-{day.zfill(2)}"

    def error(self, name: str) -> str | None:
        """Return the sentence about a field."""
        return next((error.text for error in self.errors if error.name == name), None)

    def with_errors(self, *errors: FormError) -> Form:
        """Return the form with these errors besides."""
        return replace(self, errors=(*self.errors, *errors))

    def refused(self, problem: Problem) -> Form:
        """Return the form with the sentences of a refusal, each beside the field that it is about.

        Fields are named as the members of the API's bodies; of `/answers/reason` it is the last part.
        """
        told = []
        for item in problem.fields:
            example = f" ({item.example})" if item.example else ""
            told.append(FormError(item.pointer.rstrip("/").rpartition("/")[2], f"{item.detail}{example}"))
        if not told:
            words = [problem.title, problem.detail, problem.next_action]
            told = [FormError("", " ".join(dict.fromkeys(word for word in words if word)))]
        return self.with_errors(*told)

    def command_key(self, method: str, path: str) -> str:
        """Return the key of the command that this form sends: another one as soon as a value changes."""
        typed = sorted((name, list(texts)) for name, texts in self.values.items())
        said = json.dumps([self.key, method, path, typed])
        return hashlib.sha256(said.encode()).hexdigest()[:48]


EMPTY: Final = Form()
