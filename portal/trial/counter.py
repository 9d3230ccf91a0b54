"""The counter of an office in a trial, where no officer sits: demo staff, by the public APIs, with their own tokens."""

from __future__ import annotations

import asyncio
import hashlib
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from portal.api.problem import Problem, ServiceDown, read_problem
from portal.config import Settings

SECONDS: Final = 10.0
HEARD_SECONDS: Final = 15.0
"""Within this time application has heard of a check-in."""

LOOK_SECONDS: Final = 0.3

FRONT, INTERVIEWER = "front_officer", "interviewer"


class Counter:
    """Two of the demo staff, signed in when they are first needed; open for one request."""

    def __init__(self, settings: Settings, language: str) -> None:
        """Refusals come in `language`."""
        self._urls = settings.service_urls
        self._password = settings.trial_staff_password
        self._language = language
        self._tokens: dict[str, str] = {}
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def receive(self, application_id: str, queue_code: str | None) -> None:
        """Check the visitor in by the queue code, if they are not inside yet; see the originals, interview, approve.

        Raises:
            Problem: the office refuses. ServiceDown.
        """
        if queue_code is not None:
            await self._do(FRONT, "scheduling", "/v1/check-ins", {"queue_code": queue_code})
        path = f"/v1/applications/{application_id}"
        view = await self._heard_of_check_in(path)
        seen = [item["code"] for item in view["requirements"] if item.get("document_id")]
        await self._do(INTERVIEWER, "application", f"{path}/originals", {"requirements": seen})
        await self._do(INTERVIEWER, "application", f"{path}/interview", {"outcome": "approved"})

    async def hand_out(self, application_id: str) -> None:
        """Give the passport to its holder.

        Raises:
            Problem: the office refuses. ServiceDown.
        """
        await self._do(FRONT, "application", f"/v1/applications/{application_id}/collection", {"collected_by": "self"})

    async def _heard_of_check_in(self, path: str) -> Any:
        for _ in range(int(HEARD_SECONDS / LOOK_SECONDS)):
            looked = f"{path}?reason=person_at_counter"
            view = await self._call("GET", "application", looked, await self._token(INTERVIEWER), None)
            if view["current_step"] == "interview":
                return view
            await asyncio.sleep(LOOK_SECONDS)
        raise ServiceDown("application", "check_in_not_heard_of")

    async def _do(self, username: str, service: str, path: str, body: dict[str, Any]) -> None:
        await self._call("POST", service, path, await self._token(username), body)

    async def _token(self, username: str) -> str:
        if username not in self._tokens:
            password = self._password.get_secret_value() if self._password is not None else ""
            body = {"username": username, "password": password}
            self._tokens[username] = (await self._call("POST", "identity", "/v1/staff/logins", None, body))[
                "access_token"
            ]
        return self._tokens[username]

    async def _call(self, method: str, service: str, path: str, token: str | None, body: dict[str, Any] | None) -> Any:
        headers = {"Accept-Language": self._language}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if method == "POST":
            headers["Idempotency-Key"] = hashlib.sha256(f"{path} {body}".encode()).hexdigest()[:48]
        try:
            async with self._session.request(method, self._urls[service] + path, json=body, headers=headers) as answer:
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ServiceDown(service, type(error).__name__) from None
        if answer.status >= 500:
            raise ServiceDown(service, f"status_{answer.status}")
        if answer.status >= 400:
            raise self._refusal(answer.status, said)
        return said

    def _refusal(self, status: int, body: Any) -> Problem:
        """Return what the office says; that its own sign-in failed is nothing that a visitor can mend."""
        problem = read_problem(status, body, None)
        if status == 401:
            raise ServiceDown("identity", problem.code)
        return problem
