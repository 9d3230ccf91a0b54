"""Refusals about contacts of offices."""

from __future__ import annotations

from shared.errors import NotAllowed, NotFound


class NotYourOffice(NotAllowed):
    """Heads keep the contacts of their own office, regional officers those of their own region."""

    code = "not_your_office"
    title = "These contacts are kept by another office."
    title_id = "Kontak ini dikelola kantor lain."
    next_action = "Ask the head of that office, or the regional office for those of a region."
    next_action_id = "Hubungi kepala kantor tersebut, atau kantor wilayah untuk kontak wilayah."


class RegionNotFound(NotFound):
    """There is no such region."""

    code = "region_not_found"
    title = "There is no region with this id."
    title_id = "Tidak ada wilayah dengan id ini."
    next_action = "Write the province in small letters with hyphens, such as jawa-barat."
    next_action_id = "Tuliskan provinsi dengan huruf kecil dan tanda hubung, misalnya jawa-barat."
