"""An account's applications as the home page shows them: those that go on first, the most urgent one at the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Answer = Mapping[str, Any]
"""An application or an applicant as its service answers it."""

_FINISHED: Final = "finished"
_COMING: Final = frozenset({"confirmed", "checked_in"})
_PAYABLE: Final = "issued"

COLOURS: Final[Mapping[str, str]] = {
    "approved": "green",
    "printed": "green",
    "collected": "green",
    "incomplete": "yellow",
    "refused": "red",
    "withdrawn": "grey",
    "closed": "grey",
}
"""Of the tag that tells a state, blue where none is named; its words tell it too."""


@dataclass(frozen=True)
class Card:
    """One application."""

    application: Answer
    name: str
    visit: Answer | None
    """The appointment, where there is one to come to."""

    bill: Answer | None
    """The bill, where one is to be paid."""

    @property
    def colour(self) -> str:
        """Of its tag."""
        return COLOURS.get(str(self.application["state"]), "blue")


@dataclass(frozen=True)
class Overview:
    """All applications of an account."""

    open: list[Card]
    ended: list[Card]
    has_people: bool
    free_names: list[str]
    """People without an open application, for whom one can be begun."""


def make_overview(applications: Sequence[Answer], applicants: Sequence[Answer]) -> Overview:
    """Return what home shows."""
    names = {str(person["applicant_id"]): str(person["full_name"]) for person in applicants}
    cards = [_make_card(application, names) for application in applications]
    going = [card for card in cards if card.application["current_step"] != _FINISHED]
    taken = {card.application["applicant_id"] for card in going}
    going.sort(key=lambda card: (card.application["next_action_code"] == "wait", _deadline(card)))
    return Overview(
        open=going,
        ended=[card for card in cards if card.application["current_step"] == _FINISHED],
        has_people=bool(applicants),
        free_names=[
            str(person["full_name"])
            for person in applicants
            if person["applicant_id"] not in taken and not person["came_of_age"]
        ],
    )


def _deadline(card: Card) -> str:
    return str(card.application["deadline"] or "9999")


def _make_card(application: Answer, names: Mapping[str, str]) -> Card:
    visit, bill = application["appointment"], application["bill"]
    return Card(
        application,
        names.get(str(application["applicant_id"]), ""),
        visit if visit is not None and visit["state"] in _COMING and visit["starts_in_words"] else None,
        bill if bill is not None and bill["state"] == _PAYABLE and bill["billing_code"] else None,
    )
