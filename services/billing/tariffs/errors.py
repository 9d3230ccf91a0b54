"""Refusals about tariffs and their changes."""

from __future__ import annotations

from services.billing.tariffs.change import ChangeState
from shared.errors import NotFound, Refusal, fact_types


class NoTariffThatDay(Refusal):
    """No tariff covers the asked day."""

    status = 404
    code = "no_tariff_that_day"
    title = "No tariff is known for that day."
    title_id = "Tidak ada tarif yang diketahui untuk hari itu."
    next_action = "Ask for a day from 2019-05-03 on."
    next_action_id = "Tanyakan hari mulai 2019-05-03."


class TariffChangeUnknown(NotFound):
    """No change of the tariff has that id."""

    code = "tariff_change_unknown"
    title = "There is no such change of the tariff."
    title_id = "Perubahan tarif tidak ditemukan."
    next_action = "List the changes and use an id from there."
    next_action_id = "Buka daftar perubahan tarif dan gunakan id dari sana."


class TariffReachesBack(Refusal):
    """A change would begin on a day that has begun already, in Jakarta."""

    status = 422
    code = "tariff_reaches_back"
    title = "A tariff begins on a day that has not begun: prices already asked for stay."
    title_id = "Tarif hanya dapat berlaku mulai hari yang belum dimulai; harga yang sudah ditagihkan tetap."
    next_action = "Name a first day from tomorrow on."
    next_action_id = "Sebutkan hari pertama mulai besok."


class TariffDayIsTaken(Refusal):
    """Another tariff begins on the same day."""

    status = 409
    code = "tariff_day_is_taken"
    title = "Another tariff begins on that day."
    title_id = "Tarif lain sudah berlaku mulai hari itu."
    next_action = "Name another first day, or put both into one change."
    next_action_id = "Sebutkan hari pertama yang lain, atau gabungkan keduanya."


class TariffIncomplete(Refusal):
    """A book that has a fee today would have none."""

    status = 422
    code = "tariff_incomplete"
    title = "The new tariff names no fee for a book that has one today."
    title_id = "Tarif baru tidak mencantumkan biaya untuk paspor yang saat ini bertarif."
    next_action = "Name the fee of every kind and validity."
    next_action_id = "Cantumkan biaya setiap jenis dan masa berlaku."


class TariffChangeDecided(Refusal):
    """The change was approved or refused before."""

    status = 409
    code = "tariff_change_decided"
    facts_told = fact_types(state=ChangeState)
    title = "This change has been decided on."
    title_id = "Perubahan ini sudah diputuskan."
    next_action = "Propose another change; an approved tariff never changes."
    next_action_id = "Usulkan perubahan lain; tarif yang disetujui tidak pernah diubah."
