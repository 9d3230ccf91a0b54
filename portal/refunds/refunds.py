"""How a refund stands and what its holder can do: shapes answers of billing for templates. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

WAY: Final = ("complete", "researched", "recommended", "approved", "released", "ordered", "paid")
"""Stages after the beginning of a case, where all goes well."""

ROADS: Final[Mapping[str, tuple[str, ...]]] = {
    "opened": WAY,
    "requested": WAY,
    "incomplete": WAY,
    "objected": WAY[3:],
    "refused": (),
    **{state: WAY[index + 1 :] for index, state in enumerate(WAY)},
}
TAKES_ACCOUNT: Final = frozenset(
    {"opened", "requested", "incomplete", "complete", "researched", "recommended", "approved", "released", "objected"}
)
WITHDRAWABLE: Final = frozenset({"requested", "incomplete", "complete", "researched", "recommended"})
OVER: Final = frozenset({"paid", "credited", "withdrawn"})

BANKS: Final = (
    ("002", "BRI"),
    ("008", "Bank Mandiri"),
    ("009", "BNI"),
    ("014", "BCA"),
    ("200", "BTN"),
    ("451", "Bank Syariah Indonesia (BSI)"),
    ("013", "Permata"),
    ("022", "CIMB Niaga"),
    ("011", "Danamon"),
    ("110", "Bank BJB"),
)
"""Codes of Bank Indonesia of the banks that most people have; others are typed."""

OTHER_BANK: Final = "other"


def stages_by_state(guide: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stages of the guide by their states."""
    return {stage["state"]: stage for stage in guide["stages"]}


def reasons_by_code(guide: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reasons of the guide by their codes."""
    return {reason["code"]: reason for reason in guide["reasons"]}


def stages_to_come(refund: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the states that follow where all goes well."""
    return ROADS.get(refund["state"], ())


def takes_account(refund: Mapping[str, Any]) -> bool:
    """Return whether a bank account can be named."""
    return refund["state"] in TAKES_ACCOUNT


def needs_account(refund: Mapping[str, Any]) -> bool:
    """Return whether the case waits for a bank account, or for another one."""
    account = refund["bank_account"]
    return takes_account(refund) and (account is None or account["state"] in ("differs", "rejected"))


def can_be_credited(refund: Mapping[str, Any]) -> bool:
    """Return whether the money can still be kept for later bills: with a confirmed account it is ordered at once."""
    account = refund["bank_account"]
    return refund["state"] == "released" and (account is None or account["state"] != "verified")


def can_be_withdrawn(refund: Mapping[str, Any]) -> bool:
    """Return whether its asker can take it back."""
    return refund["state"] in WITHDRAWABLE and not refund["automatic"]


def paid_bills(bills: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the bills whose money could be asked back."""
    return [bill for bill in bills if bill["paid_at"] is not None or bill.get("ntpn")]


def write_basis(basis: str, language: str) -> str:
    """Return a legal basis as it is cited: in Indonesian without the English remark behind it."""
    return basis.partition(" (")[0].replace("art. ", "Pasal ") if language == "id" else basis
