"""The world around the suite, as the simulators show it: registry, bank, mailbox, telephone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from journeys.addresses import Addresses
from journeys.api_client import Api, eventually
from journeys.people import Person

_OTP = re.compile(r"(?<![\w-])(\d{6})(?![\w-])")
"""Six digits by themselves: those of an id in a link stand between letters or hyphens."""


class Outside:
    """The world outside the services, through the control side of the simulators."""

    def __init__(self, addresses: Addresses, api: Api) -> None:
        self._at = addresses
        self._api = api
        self._read: dict[str, Any] = {}

    async def register_people(self, people: Sequence[Person]) -> None:
        """Let the civil registry know these people."""
        body = {"people": [person.as_registered() for person in people]}
        await self._api.post(f"{self._at.dukcapil}/control/people", body)

    async def give_earlier_book(self, person: Person, **book: Any) -> None:
        """Let the issuance system know an earlier passport of this person."""
        await self._api.post(f"{self._at.dpri}/control/earlier-books", {"nik": person.nik, "books": [book]})

    async def behave(self, agency: str, **behaviour: Any) -> None:
        """Let a simulator behave badly, or well again."""
        await self._api.put(f"{getattr(self._at, agency)}/control/behaviour", behaviour)

    async def turn(self, agency: str, **settings: Any) -> None:
        """Turn settings of a simulator."""
        await self._api.put(f"{getattr(self._at, agency)}/control/settings", settings)

    async def pay(self, billing_code: str, amount: int, **more: Any) -> Any:
        """Pay a billing code at the bank."""
        body = {"billing_code": billing_code, "amount": amount, "channel": "mobile_banking", **more}
        return await self._api.post(f"{self._at.simponi}/bank/payments", body)

    async def letters_to(self, email: str) -> list[Any]:
        """The mails that an address has received, newest first."""
        found = await self._api.get(f"{self._at.mail}/api/v1/search", query=f"to:{email}", limit=50)
        return list(found["messages"])

    async def mail_text(self, mail: Any) -> str:
        """The plain text of a mail."""
        return str((await self._whole(mail))["Text"])

    async def _whole(self, mail: Any) -> Any:
        if mail["ID"] not in self._read:
            self._read[mail["ID"]] = await self._api.get(f"{self._at.mail}/api/v1/message/{mail['ID']}")
        return self._read[mail["ID"]]

    async def mail_with(self, email: str, words: str) -> Any:
        """Wait for a mail to this address whose text or subject holds the words (case does not count)."""

        async def read() -> Any:
            for mail in await self.letters_to(email):
                whole = await self._whole(mail)
                if words.lower() in f"{whole['Subject']}\n{whole['Text']}".lower():
                    return whole
            return None

        return await eventually(read, lambda mail: mail is not None, f"a mail with “{words}”")

    async def otp_by_mail(self, email: str, *, seen: int = 0) -> str:
        """Wait for a mail that holds a code, beyond those already seen, and read the newest one's.

        Other mails, such as a welcome, may come before or after it.
        """

        async def read() -> str:
            mails = await self.letters_to(email)
            for mail in mails[: len(mails) - seen]:
                if found := _OTP.search(await self.mail_text(mail)):
                    return found.group(1)
            return ""

        return await eventually(read, bool, f"the code by mail to {email}")

    async def texts_to(self, phone: str) -> list[Any]:
        """The text messages that a number has received."""
        return list((await self._api.get(f"{self._at.sms}/control/messages", to=phone))["messages"])

    async def otp_by_sms(self, phone: str, *, seen: int = 0) -> str:
        """Wait for a text message that holds a code, beyond those already seen, and read the newest one's."""

        async def read() -> list[Any]:
            return [text for text in (await self.texts_to(phone))[seen:] if _OTP.search(text["text"])]

        texts = await eventually(read, bool, f"the code by SMS to {phone}")
        return _code_in(texts[-1]["text"])


def _code_in(text: str) -> str:
    found = _OTP.search(text)
    if found is None:
        raise ValueError("the message holds no six-digit code")
    return found.group(1)
