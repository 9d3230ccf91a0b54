"""`./paspor keys turn` and `keys show`: a key turn of the services at an address, begun and followed over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from local_suite.errors import CommandError
from operations.errors import RequestMakesNoSense

TOKEN_VARIABLE: Final = "PASPOR_TOKEN"  # noqa: S105 - the name of a variable
ANSWER_SECONDS: Final = 30.0
ALL_MAY_GO, STILL_UNDER_WAY = 0, 3
"""Exit statuses; 1 is a refusal's, 2 is the command line's own."""


class NoAnswer(CommandError):
    """A service did not answer, or refused."""


def turn(base: str, services: Sequence[str], say: Callable[[str], None]) -> int:
    """Begin the turn of these services, or find it under way, and say how far each is.

    Raises:
        NoAnswer: a service refuses or cannot be reached; those before it have begun.
    """
    return _tell(base, services, "POST", say)


def show(base: str, services: Sequence[str], say: Callable[[str], None]) -> int:
    """Say how far the turn of these services is.

    Raises:
        NoAnswer: a service refuses or cannot be reached.
    """
    return _tell(base, services, "GET", say)


def _tell(base: str, services: Sequence[str], method: str, say: Callable[[str], None]) -> int:
    turns = []
    for service in services:
        turns.append(_ask(base, service, method))
        say(_sentence(service, turns[-1]))
    return ALL_MAY_GO if all(turn["old_keys_may_go"] for turn in turns) else STILL_UNDER_WAY


def _sentence(service: str, turn: Mapping[str, Any]) -> str:
    end = "the old keys may go" if turn["old_keys_may_go"] else "keep the old keys"
    return (
        f"{service}: {turn['state']}; {turn['counted']} counted, {turn['done']} done, {turn['left']} left, "
        f"{turn['failed']} failed; {end}"
    )


def _ask(base: str, service: str, method: str) -> Mapping[str, Any]:
    if urlsplit(base).scheme not in ("http", "https"):
        raise RequestMakesNoSense(f"{base} is no address: write https://HOST, where operators reach the services.")
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise RequestMakesNoSense(f"Sign in as an operator and put the access token into {TOKEN_VARIABLE}.")
    url = f"{base.rstrip('/')}/v1/key-turns/{service}"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = Request(url, method=method, headers=headers)  # noqa: S310 - the scheme was looked at
    try:
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            found: Mapping[str, Any] = json.load(answer)
            return found
    except HTTPError as refused:
        raise NoAnswer(f"{service} refuses with {refused.code}: {_detail(refused)}") from None
    except (OSError, ValueError) as trouble:
        reason = getattr(trouble, "reason", trouble)
        raise NoAnswer(f"{service} gives no answer at {url}: {reason}.") from None


def _detail(refused: HTTPError) -> str:
    try:
        problem = json.load(refused)
        return str(problem["title"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(refused.reason)
