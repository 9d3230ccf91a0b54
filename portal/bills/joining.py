"""Unpaid bills of all applications of an account, by what the applications tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def unpaid_bills(applications: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bills that wait for money, each with its application."""
    found = []
    for application in applications:
        bills = [application["bill"], *application["owed"]]
        found += [
            {**bill, "application_id": application["application_id"], "number": application["number"]}
            | {"applicant_id": application["applicant_id"]}
            for bill in bills
            if bill is not None and bill["state"] == "issued"
        ]
    return found


def joinable(applications: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the unpaid bills that have a code."""
    return [bill for bill in unpaid_bills(applications) if bill["billing_code"]]


def names_by_applicant(applicants: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the names of the account's applicants by their ids."""
    return {applicant["applicant_id"]: applicant["full_name"] for applicant in applicants}
