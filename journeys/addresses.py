"""Where everything answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Addresses:
    """Base URLs without a trailing slash; behind one gateway the five services share theirs."""

    identity: str
    application: str
    scheduling: str
    billing: str
    notification: str
    dukcapil: str
    simponi: str
    sms: str
    dpri: str
    mail: str
    staff_password: str
    office_id: str = "jakarta-selatan"
    crossings: str = ""
