"""What a person does outside the API in a trial: read the mail, pay at the bank. Both are simulated."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx

PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.3
CODE: Final = re.compile(r"(?<![\w-])(\d{6})(?![\w-])")


@dataclass(frozen=True)
class Trial:
    """Addresses of the trial's mailbox and bank, as `./paspor up` prints them."""

    mail: str
    bank: str

    def read_code(self, email: str) -> str:
        """Wait for a mail with a code of six digits.

        Raises:
            TimeoutError: none came within a minute.
        """
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            found = httpx.get(f"{self.mail}/api/v1/search", params={"query": f"to:{email}"}).json()
            for message in found["messages"]:
                text = httpx.get(f"{self.mail}/api/v1/message/{message['ID']}").json()["Text"]
                if code := CODE.search(text):
                    return code.group(1)
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"no code came to {email} within {PATIENCE_SECONDS:.0f} s")

    def pay(self, billing_code: str, amount: int) -> Any:
        """Pay a billing code at the simulated bank."""
        body = {"billing_code": billing_code, "amount": amount, "channel": "mobile_banking"}
        return httpx.post(f"{self.bank}/bank/payments", json=body).raise_for_status().json()
