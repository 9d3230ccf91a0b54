"""Why somebody who asked for very much is asked to wait; `limit` names the limit and `until` when it ends."""

from __future__ import annotations

from datetime import datetime

from services.scheduling.booking.abuse.flag import FlagStatus
from shared.errors import NotFound, Refusal, fact_types


class TooManyHolds(Refusal):
    """A limit on holds is reached for the account, the person, the device or the address."""

    status = 429
    code = "too_many_holds"
    facts_told = fact_types(until=datetime, limit=str)
    title = "Seats were held too often from here; nothing that is booked is lost."
    title_id = "Kursi sudah terlalu sering diambil dari sini; yang sudah dipesan tidak hilang."
    next_action = "Use the seat that you hold, or try again at the time named here."
    next_action_id = "Gunakan kursi yang sudah dipesan, atau coba lagi pada waktu yang disebutkan di sini."


class TooManySeatsGivenUp(Refusal):
    """So many seats were given up that new ones must wait; giving up is never refused."""

    status = 429
    code = "too_many_seats_given_up"
    facts_told = fact_types(until=datetime, limit=str)
    title = "Too many seats were held and given up; new ones have to wait."
    title_id = "Terlalu banyak kursi diambil lalu dilepas; pengambilan baru harus menunggu."
    next_action = "Try again at the time named here, or ask the office for help."
    next_action_id = "Coba lagi pada waktu yang disebutkan di sini, atau minta bantuan kantor."


class TooManyMoves(Refusal):
    """A limit on moves of visits is reached."""

    status = 429
    code = "too_many_moves"
    facts_told = fact_types(until=datetime, limit=str)
    title = "Visits were moved too often from here."
    title_id = "Jadwal sudah terlalu sering dipindahkan dari sini."
    next_action = "Come at the booked time, or try again at the time named here."
    next_action_id = "Datang sesuai jadwal, atau coba lagi pada waktu yang disebutkan di sini."


class TooManyPeopleOnDevice(Refusal):
    """Seats were held for too many different people from this device today."""

    status = 429
    code = "too_many_people_on_device"
    facts_told = fact_types(until=datetime, limit=str)
    title = "Seats were held for too many different people from this device today."
    title_id = "Hari ini perangkat ini sudah mengambil kursi untuk terlalu banyak orang."
    next_action = "Let the applicants hold their seats on their own devices, or try again tomorrow."
    next_action_id = "Biarkan pemohon mengambil kursi di perangkat masing-masing, atau coba lagi besok."


class FlagNotFound(NotFound):
    """No flag of this id at this office."""

    code = "flag_not_found"
    title = "There is no such flag at this office."
    title_id = "Tidak ada tanda seperti itu di kantor ini."
    next_action = "Read the list of the office's flags."
    next_action_id = "Lihat daftar tanda di kantor Anda."


class FlagReviewed(Refusal):
    """Somebody judged this flag before; `state` says how."""

    status = 409
    code = "flag_reviewed"
    facts_told = fact_types(state=FlagStatus)
    title = "This flag was reviewed before."
    title_id = "Tanda ini sudah ditinjau."
    next_action = "Read the flag again."
    next_action_id = "Muat ulang tanda ini."
