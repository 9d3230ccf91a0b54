"""The outside world of a trial, by what its simulators show of themselves: registry, mailbox, SMS gateway, bank."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from portal.config import Settings
from portal.trial.letters import Letter
from portal.trial.people import Family

SECONDS: Final = 5.0
LETTERS_SHOWN: Final = 10
BANK_REFUSES: Final = (404, 409, 422)


class SimulatorAway(Exception):
    """A simulator does not answer, or not as it should."""


class BankRefused(Exception):
    """The simulated bank takes no money for this code."""

    def __init__(self, code: str) -> None:
        """`code` is the bank's word for why."""
        super().__init__(code)
        self.code = code


class Outside:
    """Calls to the simulators; open for one request."""

    def __init__(self, settings: Settings) -> None:
        """`settings` name where they answer."""
        self._settings = settings
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def register(self, family: Family) -> None:
        """Let the civil registry know these people; again changes nothing.

        Raises:
            SimulatorAway.
        """
        people = [family.adult.as_registered(), family.child.as_registered()]
        await self._done("POST", f"{self._settings.trial_registry_url}/control/people", {"people": people})

    async def mails_to(self, address: str) -> list[Letter]:
        """Return the newest mails to an address, the newest first.

        Raises:
            SimulatorAway.
        """
        base = f"{self._settings.trial_mailbox_url}/api/v1"
        query = {"query": f"to:{address}", "limit": str(LETTERS_SHOWN)}
        found = await self._done("GET", f"{base}/search", query=query)
        letters = []
        for listed in found["messages"][:LETTERS_SHOWN]:
            mail = await self._done("GET", f"{base}/message/{listed['ID']}")
            files = tuple(str(file["FileName"]) for file in mail.get("Attachments") or ())
            letters.append(Letter(listed["Created"], mail["Subject"], mail["Text"], files))
        return letters

    async def texts_to(self, number: str) -> list[Letter]:
        """Return the newest text messages to a number in its international form, the newest first.

        Raises:
            SimulatorAway.
        """
        found = await self._done("GET", f"{self._settings.trial_sms_url}/control/messages", query={"to": number})
        newest = found["messages"][::-1][:LETTERS_SHOWN]
        return [Letter(text["accepted_at"], "", text["text"]) for text in newest]

    async def pay(self, billing_code: str, amount: int) -> None:
        """Pay a billing code at the bank's counter, in rupiah.

        Raises:
            BankRefused: the bank does not take it. SimulatorAway.
        """
        body = {"billing_code": billing_code, "amount": amount, "channel": "teller"}
        url = f"{self._settings.trial_bank_url}/bank/payments"
        status, said = await self._call("POST", url, body, refusals=BANK_REFUSES)
        if status in BANK_REFUSES:
            raise BankRefused(str(said["code"]))

    async def _done(self, method: str, url: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        return (await self._call(method, url, body, query))[1]

    async def _call(
        self,
        method: str,
        url: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        refusals: tuple[int, ...] = (),
    ) -> tuple[int, Any]:
        try:
            async with self._session.request(method, url, json=body, params=query) as answer:
                if answer.status >= 400 and answer.status not in refusals:
                    raise SimulatorAway
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise SimulatorAway from None
