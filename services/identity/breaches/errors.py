"""Refusals of the register of breaches."""

from __future__ import annotations

from services.identity.breaches.breach import BreachState
from shared.errors import NotFound, Refusal, fact_types


class BreachUnknown(NotFound):
    """There is no such entry."""

    code = "breach_unknown"
    title = "There is no such entry in the register of breaches."
    title_id = "Tidak ada catatan seperti itu dalam daftar kebocoran."
    next_action = "List the register at GET /v1/breaches."
    next_action_id = "Lihat daftarnya di GET /v1/breaches."


class BreachTimesWrong(Refusal):
    """The times contradict each other, or lie ahead."""

    status = 422
    code = "breach_times_wrong"
    title = "These times contradict each other or lie in the future."
    title_id = "Waktu-waktu ini saling bertentangan atau berada di masa depan."
    next_action = "Begin before the end, end before now; found after the beginning. Send it again."
    next_action_id = "Mulai sebelum selesai, selesai sebelum sekarang; ditemukan setelah mulai. Kirim ulang."


class BreachStepNotNow(Refusal):
    """The entry's state does not allow this; `state` says which it is in."""

    status = 409
    code = "breach_step_not_now"
    facts_told = fact_types(state=BreachState, breach_id=str)
    title = "This step is not possible in the entry's present state."
    title_id = "Langkah ini tidak dapat dilakukan dalam keadaan catatan sekarang."
    next_action = "Look at the entry: GET /v1/breaches/{breach_id}."
    next_action_id = "Lihat catatannya: GET /v1/breaches/{breach_id}."


class BreachSearchNotDone(Refusal):
    """Notices go to persons whom a search found, and none has ended."""

    status = 409
    code = "breach_search_not_done"
    title = "The persons concerned were not found yet."
    title_id = "Orang-orang yang terdampak belum ditemukan."
    next_action = "Search with POST /v1/breaches/{breach_id}/searches, and propose the notices when it is done."
    next_action_id = "Cari dengan POST /v1/breaches/{breach_id}/searches, lalu usulkan pemberitahuan setelah selesai."


class BreachStillOwed(Refusal):
    """An entry is closed once the agency and every person concerned were told."""

    status = 409
    code = "breach_still_owed"
    title = "The agency or some of the persons are still to be told."
    title_id = "Lembaga atau sebagian orang belum diberi tahu."
    next_action = "Look at what is due: GET /v1/breaches/{breach_id}."
    next_action_id = "Lihat apa yang masih harus dilakukan: GET /v1/breaches/{breach_id}."
