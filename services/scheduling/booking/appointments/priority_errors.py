"""Why a priority seat is not given, and why a visit stays among the priority seats."""

from __future__ import annotations

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.priority import Proof
from shared.errors import Refusal, fact_types


class PriorityNeedMissing(Refusal):
    """A priority seat needs a ground; age shows none."""

    status = 422
    code = "priority_need_missing"
    facts_told = fact_types(child_below_years=int, elderly_above_years=int)
    title = "Priority seats are for small children, the elderly, people with disabilities and pregnant women."
    title_id = "Kursi prioritas untuk anak kecil, lansia, penyandang disabilitas, dan ibu hamil."
    next_action = "Name the need with priority_need, or take a regular seat."
    next_action_id = "Sebutkan kebutuhan pada priority_need, atau ambil kursi reguler."


class NotInPriorityGroup(Refusal):
    """The age is known and is not the one that was named; the limits are named here."""

    status = 409
    code = "not_in_priority_group"
    facts_told = fact_types(child_below_years=int, elderly_above_years=int)
    title = "The applicant's age is not within this priority group."
    title_id = "Usia pemohon tidak termasuk kelompok prioritas ini."
    next_action = "Take a regular seat, or name another need that you can show at the counter."
    next_action_id = "Ambil kursi reguler, atau sebutkan kebutuhan lain yang dapat Anda tunjukkan di loket."


class NoPriorityToDeny(Refusal):
    """The visit has no priority seat, or its ground is proven or denied already; `state` says which."""

    status = 409
    code = "no_priority_to_deny"
    facts_told = fact_types(state=Proof | Status)
    title = "This visit has no declared priority that an officer could deny."
    title_id = "Kunjungan ini tidak memiliki prioritas yang dapat ditolak petugas."
    next_action = "Receive the visitor where the queue number says."
    next_action_id = "Layani pemohon sesuai nomor antreannya."
