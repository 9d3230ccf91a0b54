"""Why an office cannot make what was applied for."""

from __future__ import annotations

from shared.errors import Refusal


class ProductNotOffered(Refusal):
    """The office does not give out this kind of passport on the day; `nearest` names offices that do."""

    status = 409
    code = "product_not_offered"
    title = "This office does not issue the kind of passport that was applied for on that day."
    title_id = "Kantor ini tidak menerbitkan jenis paspor yang dimohonkan pada hari tersebut."
    next_action = "Choose another office, or apply for another kind of passport."
    next_action_id = "Pilih kantor lain, atau ajukan jenis paspor lain."
