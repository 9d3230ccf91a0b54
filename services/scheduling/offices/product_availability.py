"""Product availability: refuses seats at offices that do not issue the product. Answered from memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from services.scheduling.applications import ApplicationCopy, ApplicationRepository
from services.scheduling.context import UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSession
from services.scheduling.offices.errors import ProductNotOffered
from services.scheduling.offices.facts import Product
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.products import NearbyOffice, nearest_offering

NEAREST_NAMED: Final = 3
"""Offices that a refusal names: enough to choose from, few enough for a text message."""


class ProductAvailability:
    """Answers which office issues which product, and refuses seats where it is not issued."""

    def __init__(
        self, context: UseCaseContext, applications: ApplicationRepository, facts_cache: OfficeFactsCache
    ) -> None:
        self._context = context
        self._applications = applications
        self._facts_cache = facts_cache

    def gives_out(self, product: str | None, office_id: str, day: date) -> bool:
        """Return whether the office issues this product on that day; True where product or office are not known."""
        return not self._facts_cache.lacks(office_id, product, day)

    def refuse_lacking(
        self,
        copy: ApplicationCopy,
        office_id: str,
        day: date,
        field: str | None = "/session_id",
        together: Iterable[str | None] = (),
        **facts: Any,
    ) -> None:
        """Refuse an application whose product the office does not issue on that day.

        ``together`` are the products of the others who come with it: the offices named issue them too.

        Raises:
            ProductNotOffered: names the nearest offices that do.
        """
        if copy.product is not None and not self.gives_out(copy.product, office_id, day):
            raise self._refusal(Product(copy.product), office_id, day, field, facts, together)

    def refuse_lacking_throughout(
        self, copy: ApplicationCopy, office_ids: Sequence[str], first: date, last: date, field: str
    ) -> None:
        """Refuse like :meth:`refuse_lacking` where one of the offices issues the product on none of these days."""
        days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
        for office_id in office_ids:
            if copy.product is not None and not any(self.gives_out(copy.product, office_id, day) for day in days):
                raise self._refusal(Product(copy.product), office_id, first, field, {})

    async def refuse_moving(self, application_id: str, office_id: str, day: date) -> None:
        """Refuse like :meth:`refuse_lacking` a visit that would move to that office and day."""
        record = await self._applications.application(application_id)
        if record is not None:
            self.refuse_lacking(record.state, office_id, day)

    async def that_fit(self, application_id: str, sessions: Sequence[BookableSession]) -> list[BookableSession]:
        """Return those of the sessions whose office issues the application's product on their day."""
        record = await self._applications.application(application_id)
        product = record.state.product if record is not None else None
        return [
            bookable
            for bookable in sessions
            if self.gives_out(product, bookable.office.office_id, bookable.session.date)
        ]

    async def products_of(self, application_ids: Iterable[str]) -> Collection[str | None]:
        """Return the products that these applications ask for; None stands for an unknown one."""
        records = [await self._applications.application(application_id) for application_id in application_ids]
        return {record.state.product for record in records if record is not None}

    def _refusal(
        self,
        product: Product,
        office_id: str,
        day: date,
        field: str | None,
        facts: dict[str, Any],
        together: Iterable[str | None] = (),
    ) -> ProductNotOffered:
        office = self._context.offices[office_id]
        known = [(other, self._facts_cache.known(other.office_id)) for other in self._context.offices.all()]
        others = [(other, facts_there) for other, facts_there in known if facts_there is not None]
        here = self._facts_cache.facts(office_id).state
        wanted = {product} | {known for known in Product if known in together}
        near = nearest_offering(office, here, others, wanted, day)[:NEAREST_NAMED]
        texts: dict[str, Any] = {}
        if near:
            names = ", ".join(_name_and_distance(nearby) for nearby in near)
            texts["next_action"] = f"Choose one of the nearest offices that issue it: {names}."
            texts["next_action_id"] = f"Pilih salah satu kantor terdekat yang menerbitkannya: {names}."
        return ProductNotOffered(
            field=field,
            product=product.value,
            office_id=office_id,
            date=day.isoformat(),
            nearest=[_alternative(nearby) for nearby in near],
            **texts,
            **facts,
        )


def _name_and_distance(nearby: NearbyOffice) -> str:
    far = f" ({nearby.distance_km:.0f} km)" if nearby.distance_km is not None else ""
    return f"{nearby.office.name}{far}"


def _alternative(nearby: NearbyOffice) -> dict[str, Any]:
    far = round(nearby.distance_km, 1) if nearby.distance_km is not None else None
    return {"office_id": nearby.office.office_id, "office_name": nearby.office.name, "distance_km": far}
