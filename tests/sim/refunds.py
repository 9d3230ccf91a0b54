"""Money on its way back: the payer names an account, the offices take their steps, the treasury pays."""

from __future__ import annotations

from typing import Any, Final

from shared.tokens import Role
from tests.sim.calling import Reply
from tests.sim.officers import Officer
from tests.sim.outside import Paymaster
from tests.sim.person import Person
from tests.sim.world import World

HOUR: Final = 3600.0
STEPS: Final = (
    (Role.TREASURER, "find_complete"),
    (Role.TREASURER, "research"),
    (Role.OFFICE_ADMIN, "recommend"),
    (Role.OPERATOR, "approve"),
)
ENDS: Final = ("paid", "refused", "withdrawn")
"""How a case ends that was approved: the money is there, the visit was used after all, or a seat was found for it."""
ASKS_SIMPONI: Final = ("research", "approve")
"""These count once SIMPONI, asked again, knows the payment."""

FOUND_ITS_USE: Final = ("refund_step_not_now", "order_is_out")
"""A seat was found for the money after all, so its case is over."""


async def claim_back(world: World, payer: Person, application_id: str) -> str:
    """Follow the newest refund case of an application to the payment."""
    case = await _newest(payer, application_id)
    path = f"/v1/refunds/{case['refund_id']}"
    account = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Warga Contoh"}
    if not (await payer.ask("billing", "PUT", f"{path}/bank-account", account, expect=FOUND_ITS_USE)).ok:
        return "the money found its use"
    officers = {role: Officer(world, role, payer.name) for role, _ in STEPS}
    for role, step in STEPS:
        await payer.pause(6 * HOUR)
        if not (await officers[role].post("billing", f"{path}/steps", {"step": step}, expect=FOUND_ITS_USE)).ok:
            return "the money found its use"
        if step in ASKS_SIMPONI:
            answered = await payer.eventually(
                lambda: payer.get("billing", path),
                lambda seen: (
                    seen["state"] in ENDS
                    or (seen["confirmation"] or {"state": "taken"})["state"] in ("taken", "denied")
                ),
                "SIMPONI's word",
                24 * HOUR,
            )
            if answered["state"] in ENDS:
                break
            assert answered["confirmation"] is None, "SIMPONI knows whatever was paid here"
    ended = await payer.eventually(
        lambda: payer.get("billing", path), lambda seen: seen["state"] in ENDS, "the treasury's payment", 24 * HOUR
    )
    return "paid back" if ended["state"] == "paid" else f"the refund was {ended['state']}"


async def _newest(payer: Person, application_id: str) -> Any:
    found: Reply = await payer.get("billing", f"/v1/refunds?application_id={application_id}")
    return max(found["refunds"], key=lambda case: case["opened_at"])


def the_treasury_paid_once(world: World, paymaster: Paymaster, refunds: dict[str, dict[str, Any]]) -> None:
    """I5 against the outside: what the treasury was ordered to pay is what cases say that it was, once each."""
    sent = {name: case for name, case in refunds.items() if case["state"] in ("ordered", "paid")}
    totals = paymaster.books.totals()
    rupiah = sum(case["amount"] for case in sent.values())
    if (totals["orders"], totals["rupiah"]) != (len(sent), rupiah):
        world.violated("I5", f"the treasury has {totals}, the cases say {len(sent)} orders of {rupiah}")
