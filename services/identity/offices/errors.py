"""Refusals about offices and regions that staff are given."""

from __future__ import annotations

from shared.errors import Refusal, fact_types


class OfficeUnknown(Refusal):
    """No office has that id; `office_id` says which."""

    status = 422
    code = "office_unknown"
    facts_told = fact_types(office_id=str)
    title = "There is no office with this id."
    title_id = "Tidak ada kantor dengan id ini."
    next_action = "List the offices and use an id from there, such as jakarta-selatan."
    next_action_id = "Buka daftar kantor dan gunakan id dari sana, misalnya jakarta-selatan."


class RegionUnknown(Refusal):
    """No office lies in that region; `region_id` says which."""

    status = 422
    code = "region_unknown"
    facts_told = fact_types(region_id=str)
    title = "There is no region with this id."
    title_id = "Tidak ada wilayah dengan id ini."
    next_action = "Write the province in small letters with hyphens, such as jawa-barat; the list of offices has them."
    next_action_id = "Tuliskan provinsi dengan huruf kecil dan tanda hubung, misalnya jawa-barat; lihat daftar kantor."
