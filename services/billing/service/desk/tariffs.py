"""What people ask about tariffs."""

from __future__ import annotations

from datetime import date

from services.billing.domain.policy import JAKARTA
from services.billing.domain.tariff import NoTariffInForce, Tariff, ZeroTariff
from services.billing.errors import NoTariffThatDay
from services.billing.service.desk.common import Counter


class TariffDesk(Counter):
    """Which tariff a day has."""

    def tariff(self, on: date | None) -> tuple[date, Tariff, list[ZeroTariff]]:
        """The tariff of a day (today in Jakarta if none is named) with its zero tariffs.

        Raises:
            NoTariffThatDay: the day lies before the first tariff.
        """
        day = on or self._clock.now().astimezone(JAKARTA).date()
        try:
            return day, self._tariffs.in_force(day), self._tariffs.zero_tariffs_on(day)
        except NoTariffInForce:
            raise NoTariffThatDay from None
