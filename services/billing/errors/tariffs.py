"""What is refused about tariffs."""

from __future__ import annotations

from shared.errors import Refusal


class NoTariffThatDay(Refusal):
    """No tariff covers the asked day."""

    status = 404
    code = "no_tariff_that_day"
    title = "No tariff is known for that day."
    title_id = "Tidak ada tarif yang diketahui untuk hari itu."
    next_action = "Ask for a day from 2019-05-03 on."
    next_action_id = "Tanyakan hari mulai 2019-05-03."
