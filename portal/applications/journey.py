"""The way of one application as pages show it: what to do now and at which door, steps, seat, bills and money back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Answer = Mapping[str, Any]
"""An application, appointment, bill or refund as its service answers it."""

FINISHED: Final = "finished"

COLOURS: Final = {
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
class NextPage:
    """The page at which a step is done; ``says`` names the sentence of its button."""

    path: str
    says: str
    is_main: bool = True
    """Whether something is to do there; at others one looks how it stands."""


@dataclass(frozen=True)
class Now:
    """The next action: the answer that tells it in words, until when, and its page. A visit's time is no deadline."""

    told_by: Answer
    deadline: str | None
    door: NextPage | None


_OWN: Final = "/applications/{application_id}"

_DOORS: Final[Mapping[str, NextPage]] = {
    "answer_questionnaire": NextPage(f"{_OWN}/questionnaire", "door.questionnaire"),
    "upload_documents": NextPage(f"{_OWN}/papers", "door.papers"),
    "submit": NextPage(f"{_OWN}/submit", "door.submit"),
    "check_earlier_book": NextPage(f"{_OWN}/earlier-book", "door.earlier_book"),
    "see_identity_check": NextPage("/applicants/{applicant_id}", "door.identity"),
    "end_other_application": NextPage("/offices", "door.offices"),
    "choose_seat": NextPage(f"{_OWN}/booking", "door.booking"),
    "answer_offer": NextPage(f"{_OWN}/visit", "door.offer"),
    "choose_new_date": NextPage(f"{_OWN}/visit/reschedule", "door.new_date"),
    "ask_special_reschedule": NextPage(f"{_OWN}/visit/special", "door.special"),
    "renew_bill": NextPage(f"{_OWN}/pay", "door.renew"),
    "pay": NextPage(f"{_OWN}/pay", "door.pay"),
    "come": NextPage(f"{_OWN}/visit", "door.visit"),
    "ask_office": NextPage("/offices", "door.offices"),
    "collect": NextPage(f"{_OWN}/proxy", "door.proxy", is_main=False),
    "read_refusal": NextPage(f"{_OWN}/appeal", "door.appeal"),
    "begin_again": NextPage("/applications/new?applicant={applicant_id}", "door.begin_again"),
    "nothing": NextPage("/passports", "door.passports"),
}
"""By code of the next action; waiting has doors by step."""

_WAITING: Final[Mapping[str, NextPage]] = {
    "choose_seat": NextPage(f"{_OWN}/pay", "door.see_payment", is_main=False),
    "pay": NextPage(f"{_OWN}/pay", "door.see_payment", is_main=False),
    "interview": NextPage(f"{_OWN}/visit", "door.see_visit", is_main=False),
}

_STEP_DOORS: Final = {
    "questionnaire": "answers",
    "documents": "papers",
    "submit": "submit",
    "choose_seat": "booking",
    "pay": "pay",
    "come": "visit",
}
"""Pages of steps, below the application's own."""

STEPS: Final = (
    "questionnaire",
    "documents",
    "submit",
    "identity",
    "choose_seat",
    "pay",
    "come",
    "interview",
    "print",
    "collect",
)
_DOORS_WHEN_DONE: Final = frozenset({"questionnaire", "documents", "pay", "come"})
_SEAT_TAKEN: Final = frozenset({"gathering", "held", "awaiting_payment"})
_SEAT_CERTAIN: Final = frozenset({"confirmed", "moving"})
_PAYABLE: Final = "issued"
_BILL_SETTLED: Final = frozenset({"paid", "paid_unsettled", "waived"})


def newest(items: Sequence[Answer], by: str) -> Answer | None:
    """Return the newest of these answers, by the member that tells when it began."""
    return max(items, key=lambda item: str(item[by]), default=None)


def find_door(application: Answer, code: str) -> NextPage | None:
    """Return the door of a next action of an application; None where one waits and has nothing to look at."""
    door = _WAITING.get(application["current_step"]) if code == "wait" else _DOORS.get(code)
    if door is None:
        return None
    path = door.path.format(application_id=application["application_id"], applicant_id=application["applicant_id"])
    return NextPage(path, door.says, door.is_main)


def tell_now(application: Answer, seat: Answer | None = None, bills: Sequence[Answer] = ()) -> Now:
    """Return what to do now.

    Services tell each other with a moment's delay: a seat or a payment that its own service knows of already is told
    by it, so that no one is sent to choose or to pay a second time.
    """
    code, bill = application["next_action_code"], newest(bills, "requested_at")
    is_settled = bill is not None and not any(item["state"] == _PAYABLE for item in bills)
    if code == "choose_seat" and seat is not None and seat["state"] in _SEAT_TAKEN:
        return Now(seat, seat["deadline"], find_door(application, "pay"))
    if code in ("choose_seat", "pay") and seat is not None and seat["state"] in _SEAT_CERTAIN and is_settled:
        return Now(seat, None, find_door(application, "come"))
    if code == "pay" and bill is not None and is_settled and bill["state"] in _BILL_SETTLED:
        return Now(bill, None, find_door(application, "wait"))
    deadline = None if code == "come" else application["deadline"]
    return Now(application, deadline, find_door(application, code))


@dataclass(frozen=True)
class StepSeen:
    """One step of the list: ``done``, ``now`` or ``later``, with its page where there is one."""

    name: str
    state: str
    href: str | None


def list_steps(application: Answer) -> list[StepSeen]:
    """Return all steps with what is done; none of an application that ended before the passport was collected."""
    current, remaining = application["current_step"], application["remaining_steps"]
    if current == FINISHED and application["state"] != "collected":
        return []
    seen = []
    for name in STEPS:
        state = "now" if name == current else "later" if name in remaining else "done"
        if name == "identity" and state == "done":
            continue
        seen.append(StepSeen(name, state, _step_page(application, name, state)))
    return seen


def _step_page(application: Answer, name: str, state: str) -> str | None:
    here = f"/applications/{application['application_id']}"
    if name == "identity" and state == "now":
        return f"/applicants/{application['applicant_id']}"
    if name == "questionnaire" and state == "now":
        return f"{here}/questionnaire"
    page = _STEP_DOORS.get(name)
    is_open = state == "now" or (state == "done" and name in _DOORS_WHEN_DONE)
    return f"{here}/{page}" if page is not None and is_open else None


def list_missing_papers(application: Answer) -> list[Answer]:
    """Return the papers that the interview found missing."""
    missing = application["missing_papers"]
    return list(missing["papers"]) if missing is not None else []


def is_open(application: Answer) -> bool:
    """Return whether the application goes on."""
    return bool(application["current_step"] != FINISHED)


def can_withdraw(application: Answer) -> bool:
    """Return whether the application can still be given up: before the interview, and before the visitor has come."""
    seat = application["appointment"]
    is_here = seat is not None and seat["state"] == "checked_in"
    return application["state"] in ("draft", "identity_pending", "submitted") and not is_here
