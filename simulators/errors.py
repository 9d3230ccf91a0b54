"""Refusals of simulated agencies, in one shape for all of them."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A call that is refused and changed nothing. Subclasses are named as a sentence and carry a stable code."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    next_action: ClassVar[str] = "Read simulators/README.md."

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field

    def problem(self) -> dict[str, object]:
        """Return the body of the answer (RFC 9457)."""
        return {
            "type": "about:blank",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "field": self.field,
            "next_action": self.next_action,
        }


class RequestMalformed(Refusal):
    status = 400
    code = "request_malformed"
    next_action = "Correct the named field and call again."


class CallerUnknown(Refusal):
    status = 401
    code = "caller_unknown"
    next_action = "Send the credentials that the simulator was started with."


class SimulatorFull(Refusal):
    status = 507
    code = "simulator_full"
    next_action = "POST /control/reset empties the simulator."


class BehaviourUnknown(Refusal):
    status = 422
    code = "behaviour_unknown"
    next_action = "GET /control/behaviour lists operations and their modes."
