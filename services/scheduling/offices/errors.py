"""Refusals of sessions and products of an office."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from typing_extensions import TypedDict

from services.scheduling.offices.session import PlanProblem
from services.scheduling.terms import Pool
from shared.errors import NotFound, Refusal, fact_types


class FreeSession(TypedDict):
    """A session that still has seats."""

    session_id: str
    office_id: str
    office_name: str
    starts_at: datetime
    free: int


class OfficeNearby(TypedDict):
    """The nearest offices that give a product out."""

    office_id: str
    office_name: str
    distance_km: float | None


class SessionNotFound(NotFound):
    """No such session is opened."""

    code = "session_not_found"
    facts_told = fact_types(session_id=str)
    title = "There is no such session."
    title_id = "Sesi tersebut tidak ada."
    next_action = "Read the office's sessions and choose one of them."
    next_action_id = "Lihat daftar sesi kantor dan pilih salah satu."


class SessionSoldOut(Refusal):
    """Every seat of the pool is taken; `earliest` and `nearest` name sessions that still have some."""

    status = 409
    code = "session_sold_out"
    facts_told = fact_types(earliest=list[FreeSession], nearest=list[FreeSession])
    title = "All seats of this session are taken."
    title_id = "Semua kursi pada sesi ini sudah terisi."
    next_action = "Choose one of the sessions named here, or another one."
    next_action_id = "Pilih salah satu sesi yang disebutkan di sini, atau sesi lain."


class SessionClosed(Refusal):
    """The session is too near, under way or over."""

    status = 409
    code = "session_closed"
    facts_told = fact_types(starts_at=datetime)
    title = "This session can no longer be booked."
    title_id = "Sesi ini tidak dapat dipesan lagi."
    next_action = "Choose a later session."
    next_action_id = "Pilih sesi yang lebih lambat."


class PoolNotOpen(Refusal):
    """The pool has no seats here, or is not given out this way."""

    status = 409
    code = "pool_not_open"
    facts_told = fact_types(pool=Pool)
    title = "Seats of this pool cannot be taken here."
    title_id = "Kursi kuota ini tidak dapat diambil di sini."
    next_action = "Take a regular seat; priority and walk-in seats are given out at the office."
    next_action_id = "Ambil kursi reguler; kursi prioritas dan walk-in diberikan di kantor."


class SessionExists(Refusal):
    """The office already opened a session at that start."""

    status = 409
    code = "session_exists"
    facts_told = fact_types(session_id=str)
    title = "This office already has a session that starts then."
    title_id = "Kantor ini sudah memiliki sesi pada waktu mulai itu."
    next_action = "Choose another start."
    next_action_id = "Pilih waktu mulai lain."


class QuotaAboveCapacity(Refusal):
    """The pools hold more seats than booths, staff and time allow; `capacity` says how many."""

    status = 422
    code = "quota_above_capacity"
    facts_told = fact_types(capacity=int, asked=int)
    title = "The pools hold more seats than booths, staff and time allow."
    title_id = "Jumlah kuota melebihi kemampuan loket, petugas, dan waktu."
    next_action = "Lower the pools, or add booths and staff."
    next_action_id = "Kurangi kuota, atau tambah loket dan petugas."


class SessionPlanWrong(Refusal):
    """The session cannot be opened as planned; `problem` names the rule."""

    status = 422
    code = "session_plan_wrong"
    facts_told = fact_types(problem=PlanProblem | Literal["too_many_seats"])
    title = "This session cannot be opened as planned."
    title_id = "Sesi ini tidak dapat dibuka seperti yang direncanakan."
    next_action = "Correct the plan and send it again."
    next_action_id = "Perbaiki rencana dan kirim ulang."


class ProductNotOffered(Refusal):
    """The office does not give out this kind of passport on the day; `nearest` names offices that do."""

    status = 409
    code = "product_not_offered"
    facts_told = fact_types(product=str, office_id=str, date=date, nearest=list[OfficeNearby], application_id=str)
    title = "This office does not issue the kind of passport that was applied for on that day."
    title_id = "Kantor ini tidak menerbitkan jenis paspor yang dimohonkan pada hari tersebut."
    next_action = "Choose another office, or apply for another kind of passport."
    next_action_id = "Pilih kantor lain, atau ajukan jenis paspor lain."
