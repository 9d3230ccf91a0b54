"""Files at the issuance system: handed over, acknowledged, approved, printed. Plain data; the time is an argument.

received -> acknowledged | rejected; acknowledged -> queued (approved) -> printed; queued -> acknowledged (recalled).
The pictures that a file names come one by one after it; without all of them it is not approved.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from simulators.errors import Refusal, SimulatorFull

MAX_FILES = 200_000
SHORT_VALIDITY_YEARS = 5
"""Of a child's book, and of every order that names no other validity."""


class FileUnknown(Refusal):
    status = 404
    code = "file_unknown"
    next_action = "Hand the file over first."


class DeliveryChanged(Refusal):
    code = "delivery_changed"
    next_action = "Use a new delivery_id for a changed file."


class FileAlreadyApproved(Refusal):
    code = "file_already_approved"
    next_action = "An approved file cannot be changed."


class FileNotAcknowledged(Refusal):
    code = "file_not_acknowledged"
    next_action = "Wait for the acknowledgement or hand the file over again."


class ApprovalChanged(Refusal):
    code = "approval_changed"
    next_action = "Repeat the first approval as it was."


class PicturesMissing(Refusal):
    code = "pictures_missing"
    next_action = "Hand the file over again; its answer names the pictures that are here."


class PictureNotWanted(Refusal):
    status = 404
    code = "picture_not_wanted"
    next_action = "Hand over the file that names this picture first."


class PictureCorrupt(Refusal):
    status = 422
    code = "picture_corrupt"
    next_action = "Send the picture again."


class PictureRefused(Refusal):
    status = 422
    code = "picture_refused"
    next_action = "Look at the document; send another picture of it."


class OrderRecalled(Refusal):
    code = "order_recalled"
    next_action = "A new order needs a new order_id."


class AlreadyPrinted(Refusal):
    code = "already_printed"
    next_action = "Keep the book at the office."


@dataclass(slots=True)
class Picture:
    """One picture that came. ``acknowledge_at`` None means that no acknowledgement will come."""

    sha256: str
    size_bytes: int
    acknowledge_at: datetime | None = None
    deliveries: int = 1


@dataclass(slots=True)
class File:
    """One application's file. ``acknowledge_at`` None means that no acknowledgement will come."""

    number: str
    delivery_id: str
    fingerprint: str
    received_at: datetime
    acknowledgement: str
    acknowledge_at: datetime | None = None
    rejected_because: str | None = None
    deliveries: int = 1
    approval_fingerprint: str | None = None
    approved_at: datetime | None = None
    print_at: datetime | None = None
    passport_number: str | None = None
    order_id: str | None = None
    recalled: list[str] = field(default_factory=list)
    """Orders that were taken back, in time or before they came: they are never printed."""
    wanted: dict[str, str] = field(default_factory=dict)
    """The hash of each picture that belongs to it, by document."""
    pictures: dict[str, Picture] = field(default_factory=dict)
    refuses: list[str] = field(default_factory=list)
    """Documents whose pictures are refused from now on."""
    passport_kind: str | None = None
    validity_years: int = SHORT_VALIDITY_YEARS

    def picture_state(self, document_id: str, now: datetime) -> str:
        """Return missing, received or acknowledged."""
        picture = self.pictures.get(document_id)
        if picture is None or picture.sha256 != self.wanted.get(document_id):
            return "missing"
        return "acknowledged" if picture.acknowledge_at is not None and now >= picture.acknowledge_at else "received"

    def missing(self, now: datetime) -> list[str]:
        """Return the documents whose pictures are not acknowledged."""
        return [document_id for document_id in self.wanted if self.picture_state(document_id, now) != "acknowledged"]

    def state(self, now: datetime) -> str:
        """Return received, acknowledged, rejected, queued or printed."""
        if self.print_at is not None:
            return "printed" if now >= self.print_at else "queued"
        if self.rejected_because is not None:
            return "rejected"
        return "acknowledged" if self.acknowledge_at is not None and now >= self.acknowledge_at else "received"


@dataclass(frozen=True, slots=True)
class Handling:
    """Return DPRI's answer to a delivery: acknowledge after some seconds, never (None), or reject."""

    acknowledge_seconds: float | None = 0.0
    reject_because: str | None = None


class Files:
    """All files, bounded; numbers come from ``rng``."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._files: dict[str, File] = {}
        self._numbers: set[str] = set()

    def hand_over(
        self, number: str, delivery_id: str, content: Mapping[str, object], now: datetime, handling: Handling
    ) -> File:
        """Take a file. The same delivery again only wakes one that was rejected or never acknowledged.

        A new ``delivery_id`` replaces an earlier file until it is approved.
        """
        fingerprint = fingerprint_of(content)
        known = self._files.get(number)
        if known is not None and known.delivery_id == delivery_id:
            if known.fingerprint != fingerprint:
                raise DeliveryChanged("This delivery_id came with another content.", field="delivery_id")
            known.deliveries += 1
            self._handle_again(known, now, handling)
            return known
        if known is not None and known.approved_at is not None:
            raise FileAlreadyApproved("This file is approved.", field="delivery_id")
        if known is None and len(self._files) >= MAX_FILES:
            raise SimulatorFull(f"DPRI holds at most {MAX_FILES} files.")
        file = File(number, delivery_id, fingerprint, now, self._draw("ACK", 10), wanted=_wanted(content))
        if known is not None:
            file.recalled, file.refuses = known.recalled, known.refuses
            file.pictures = {
                document_id: picture
                for document_id, picture in known.pictures.items()
                if file.wanted.get(document_id) == picture.sha256
            }
        file.passport_kind = str(content.get("kind") or "ordinary")
        file.validity_years = validity_of(content)
        _handle(file, now, handling)
        self._files[number] = file
        return file

    def wanted(self, number: str, delivery_id: str, document_id: str, sha256: str) -> File:
        """Return the file that names this picture; refuses what no file or another delivery names."""
        file = self.file(number)
        if file.delivery_id != delivery_id or file.wanted.get(document_id) != sha256:
            raise PictureNotWanted("No file that was handed over names this picture.", field="document_id")
        return file

    def take_picture(
        self, file: File, document_id: str, sha256: str, size_bytes: int, now: datetime, handling: Handling
    ) -> Picture:
        """Keep a picture whose bytes hash to ``sha256``; the same again only wakes one that was never acknowledged."""
        if handling.reject_because or document_id in file.refuses:
            raise PictureRefused(handling.reject_because or "The picture cannot be used.", field="document_id")
        if file.wanted[document_id] != sha256:
            raise PictureCorrupt("The bytes are not those that the file names.", field="sha256")
        known = file.pictures.get(document_id)
        picture = known if known is not None and known.sha256 == sha256 else Picture(sha256, size_bytes, deliveries=0)
        picture.deliveries += 1
        if picture.acknowledge_at is None and handling.acknowledge_seconds is not None:
            picture.acknowledge_at = now + timedelta(seconds=handling.acknowledge_seconds)
        file.pictures[document_id] = picture
        return picture

    def print_now(self, number: str, now: datetime) -> None:
        """Print a book that is queued, before its time."""
        file = self.file(number)
        file.print_at = now if file.print_at is not None else None

    def recall(self, number: str, order_id: str, now: datetime) -> File:
        """Take an order back, for good; the same recall again changes nothing, one that is printed is refused."""
        file = self.file(number)
        if file.order_id == order_id and file.state(now) == "printed":
            raise AlreadyPrinted("The passport is printed.")
        if order_id not in file.recalled:
            file.recalled.append(order_id)
        if file.order_id == order_id:
            file.order_id = file.approval_fingerprint = file.approved_at = file.print_at = file.passport_number = None
        return file

    def file(self, number: str) -> File:
        """Return a file; refuses an unknown one."""
        if number not in self._files:
            raise FileUnknown("DPRI has no file with this number.", field="application_number")
        return self._files[number]

    def all(self) -> list[File]:
        """Return every file, in the order in which the first delivery of each came."""
        return list(self._files.values())

    def take_up(self, files: Sequence[File]) -> None:
        """Know the files of before a restart, and give none of their numbers again."""
        self._files.update({file.number: file for file in files})
        given = [number for file in files for number in (file.acknowledgement, file.passport_number)]
        self._numbers.update(filter(None, given))

    def approve(self, number: str, approval: Mapping[str, object], now: datetime, print_seconds: float) -> File:
        """Put an acknowledged file into the printing queue; the same approval again changes nothing."""
        file = self.file(number)
        fingerprint = fingerprint_of(approval)
        if file.approved_at is not None:
            if file.approval_fingerprint != fingerprint:
                raise ApprovalChanged("This file was approved with another content.")
            return file
        order_id = approval.get("order_id")
        if order_id in file.recalled:
            raise OrderRecalled("This order was recalled.", field="order_id")
        if file.state(now) != "acknowledged":
            raise FileNotAcknowledged(f"The file is {file.state(now)}.")
        if file.missing(now):
            raise PicturesMissing(f"{len(file.missing(now))} pictures are not here.")
        file.order_id = order_id if isinstance(order_id, str) else None
        file.approval_fingerprint, file.approved_at = fingerprint, now
        file.print_at = now + timedelta(seconds=print_seconds)
        file.passport_number = self._draw("X", 7)
        return file

    def _handle_again(self, file: File, now: datetime, handling: Handling) -> None:
        if file.acknowledge_at is None and file.approved_at is None:
            _handle(file, now, handling)

    def _draw(self, prefix: str, digits: int) -> str:
        while (number := prefix + "".join(self._rng.choices("0123456789", k=digits))) in self._numbers:
            pass
        self._numbers.add(number)
        return number


def validity_of(content: Mapping[str, object]) -> int:
    """Return the years for which a book of this order is valid: as ordered, five for a child."""
    years = content.get("validity_years")
    is_told = isinstance(years, int) and years > 0 and not content.get("minor")
    return int(str(years)) if is_told else SHORT_VALIDITY_YEARS


def expiry_of(file: File) -> date | None:
    """Return the day on which the printed book expires; none before it is ordered."""
    if file.print_at is None:
        return None
    issued_on = file.print_at.date()
    try:
        return issued_on.replace(year=issued_on.year + file.validity_years)
    except ValueError:
        return date(issued_on.year + file.validity_years, 3, 1)


def fingerprint_of(content: Mapping[str, object]) -> str:
    """Return what tells two contents apart."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _wanted(content: Mapping[str, object]) -> dict[str, str]:
    documents = content.get("documents")
    named = documents if isinstance(documents, list) else []
    return {document["document_id"]: document["sha256"] for document in named if document.get("document_id")}


def _handle(file: File, now: datetime, handling: Handling) -> None:
    file.rejected_because = handling.reject_because
    seconds = None if handling.reject_because else handling.acknowledge_seconds
    file.acknowledge_at = None if seconds is None else now + timedelta(seconds=seconds)
