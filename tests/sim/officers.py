"""The people behind the counter of the one office."""

from __future__ import annotations

from typing import Any

from shared.tokens import Caller, Role
from tests.sim.person import Person
from tests.sim.suite import OFFICE
from tests.sim.world import World

DAY = 86400.0
REFUSED_AT_THE_DOOR = (
    "visit_on_another_day",
    "too_early_to_check_in",
    "visit_missed",
    "not_possible_now",
    "not_paid_yet",
    "queue_code_replaced",
    "being_moved",
)


class Officer(Person):
    """One member of staff who serves one visitor at a time."""

    def __init__(self, world: World, role: Role, visitor: str) -> None:
        super().__init__(world, f"{role.value}/{visitor}")
        self.caller = Caller(
            f"staff-{role.value}", role, f"session-{visitor}", OFFICE.office_id, offices=(OFFICE.office_id,)
        )


class Counter:
    """Check-in, interview and collection of one visitor."""

    def __init__(self, world: World, visitor: str) -> None:
        self.front = Officer(world, Role.FRONT_OFFICER, visitor)
        self.interviewer = Officer(world, Role.INTERVIEWER, visitor)

    async def check_in(self, seat: Any) -> bool:
        """Whether the visitor is let in."""
        body = {"queue_code": seat["queue_code"]}
        return (await self.front.post("scheduling", "/v1/check-ins", body, expect=REFUSED_AT_THE_DOOR)).ok

    async def interview(self, application_id: str, outcome: str) -> bool:
        """See the originals and decide; whether the book is to be made."""
        path = f"/v1/applications/{application_id}"
        view = await self.front.eventually(
            lambda: self.front.get("application", path),
            lambda seen: seen["state"] == "checked_in" or seen["current_step"] == "interview",
            "the visitor's arrival at the interviewer",
        )
        for document in view["documents"]:
            if document["state"] == "flagged":
                decision = f"{path}/documents/{document['document_id']}/decision"
                await self.interviewer.post("application", decision, {"decision": "accepted"})
        seen = [item["code"] for item in view["requirements"] if item.get("document_id")]
        await self.interviewer.post("application", f"{path}/originals", {"requirements": seen})
        body = (
            {"outcome": outcome}
            if outcome == "approved"
            else {"outcome": outcome, "reason_code": "identity_not_proven"}
        )
        await self.interviewer.post("application", f"{path}/interview", body)
        return outcome == "approved"

    async def hand_out(self, application_id: str) -> str:
        """Give the passport once it is printed."""
        path = f"/v1/applications/{application_id}"
        await self.front.eventually(
            lambda: self.front.get("application", f"{path}?reason=applicant_asked"),
            lambda seen: seen["current_step"] == "collect",
            "the printed passport",
            2 * DAY,
        )
        await self.front.post("application", f"{path}/collection", {"collected_by": "self"})
        return "collected"
