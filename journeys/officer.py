"""The people behind the counter, by the same public HTTP API with staff tokens."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from journeys.addresses import Addresses
from journeys.api_client import Api

TOKEN_SECONDS: Final = 240.0
"""A staff token lives five minutes; after four the officer signs in again."""


class Officer:
    """One member of staff, signed in while the token lasts."""

    def __init__(self, addresses: Addresses, api: Api, username: str) -> None:
        self.at = addresses
        self.api = api
        self.username = username
        self._signed_in_until = 0.0
        self._signing_in = asyncio.Lock()

    async def ask_consent(self, address: str) -> str:
        """Ask a person to be assisted: a code goes to this address. The assistance that waits for it."""
        asked = await self.post(f"{self.at.identity}/v1/assistances", {"identifier": address})
        return str(asked["assistance_id"])

    async def tell_code(self, assistance_id: str, code: str) -> str:
        """Type the code that the person told; the query with which the officer acts for them from now on."""
        live = await self.post(f"{self.at.identity}/v1/assistances/{assistance_id}/code", {"code": code})
        return f"on_behalf_of={live['account_id']}&assistance={assistance_id}"

    async def end_assistance(self, assistance_id: str) -> Any:
        """End it: the person has been helped."""
        return await self.post(f"{self.at.identity}/v1/assistances/{assistance_id}/end", {})

    async def check_in(self, queue_code: str) -> Any:
        """Check a visitor in by what the QR code says."""
        return await self.post(f"{self.at.scheduling}/v1/check-ins", {"queue_code": queue_code})

    async def check_in_on_proof(self, application_id: str, ntpn: str) -> Any:
        """Let a visitor in whose payment does not show, on the NTPN of the proof that they brought."""
        body = {"application_id": application_id, "ntpn": ntpn}
        return await self.post(f"{self.at.scheduling}/v1/check-ins", body)

    async def find_case(self, application_id: str) -> str:
        """Wait for the payment case of an application; its id."""
        await self._sign_in()
        found = await self.api.get_until(
            f"{self.at.billing}/v1/cases?application_id={application_id}", lambda seen: bool(seen["cases"]), "a case"
        )
        return str(found["cases"][0]["case_id"])

    async def answer_case(self, case_id: str, outcome: str, reason: str) -> Any:
        """Propose the outcome of a payment case, or agree to what another person has proposed."""
        url = f"{self.at.billing}/v1/cases/{case_id}/closure"
        return await self.post(url, {"outcome": outcome, "reason": reason})

    async def see_originals(self, application_id: str) -> Any:
        """Record that every required original was seen, once the screen shows that the visitor has checked in."""
        await self._sign_in()
        url = f"{self.at.application}/v1/applications/{application_id}"
        # the check-in may not be heard of yet: a look before it is not part of the step at hand
        looked = f"{url}?reason=person_at_counter"
        view = await self.api.get_until(
            looked, lambda seen: seen["current_step"] == "interview", "the checked-in visitor"
        )
        seen = [item["code"] for item in view["requirements"] if item.get("document_id")]
        return await self.post(f"{url}/originals", {"requirements": seen})

    async def record_interview(self, application_id: str, outcome: str = "approved") -> Any:
        """Record the outcome of the interview."""
        url = f"{self.at.application}/v1/applications/{application_id}/interview"
        return await self.post(url, {"outcome": outcome})

    async def hand_out(self, application_id: str) -> Any:
        """Record that the holder collected the passport."""
        url = f"{self.at.application}/v1/applications/{application_id}/collection"
        return await self.post(url, {"collected_by": "self"})

    async def refund_step(self, refund_id: str, step: str, **more: Any) -> Any:
        """Take the step of a refund that is this officer's, and wait for SIMPONI's word where it needs one."""
        path = f"{self.at.billing}/v1/refunds/{refund_id}"
        await self.post(f"{path}/steps", {"step": step, **more})
        return await self.api.get_until(
            path, lambda seen: seen["confirmation"] is None, "SIMPONI's word on the payment"
        )

    async def refund_report(self) -> Any:
        """Return the outcomes of the last month's refund cases, of all offices."""
        await self._sign_in()
        today = datetime.now(UTC).date()
        since, until = today - timedelta(days=30), today + timedelta(days=1)
        return await self.api.get(f"{self.at.billing}/v1/refund-statistics", since=since, until=until)

    async def post(self, url: str, body: dict[str, Any]) -> Any:
        """Send a command as this officer."""
        await self._sign_in()
        return await self.api.post(url, body)

    async def _sign_in(self) -> None:
        async with self._signing_in:
            if time.monotonic() < self._signed_in_until:
                return
            answer = await self.api.post(
                f"{self.at.identity}/v1/staff/logins", {"username": self.username, "password": self.at.staff_password}
            )
            self.api.token = answer["access_token"]
            self._signed_in_until = time.monotonic() + TOKEN_SECONDS
