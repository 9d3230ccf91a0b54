"""Rules for settings in production, written beside the field: ``Annotated[int, AtLeast(1800, "...")]``.

A rule speaks only where PASPOR_ENVIRONMENT is production; a trial or a test may have any value of the right type.
Every rule that is broken is one line of the refusal: the setting, why, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

ENVIRONMENT_FIELD: Final = "environment"
"""The first field of every settings class: rules read it while the later fields are checked."""

PRODUCTION: Final = "production"

REFUSED: Final = "not_for_production"
"""The kind of error by which a refusal of a rule is told from a value of the wrong form."""

RESERVED_NAMES: Final = ("example", "test", "invalid", "localhost", "local", "internal")
"""Last labels of names that cannot be reached from outside (RFC 2606, RFC 6761, RFC 6762)."""

SIMULATED: Final = "simulated-"
"""How the secrets begin that the simulators take by default; everybody can read them in the source."""

SHORTEST_SHARED_SECRET: Final = 16
"""Characters of a secret that is shared with an agency."""


class Rule:
    """A rule for a setting in production. `why` completes the sentence "..., because"; `write` is an example value."""

    def __init__(self, why: str, write: str = "Leave it out") -> None:
        self.why = why
        self.write = write

    def wrong(self, value: Any) -> str | None:
        """Return the error of the value in production ("it is below 1800"), or None."""
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        if info.data.get(ENVIRONMENT_FIELD) != PRODUCTION:
            return value
        if (wrong := self.wrong(value)) is not None:
            told = f"{wrong}, because {self.why}. {self.write}"
            raise PydanticCustomError(REFUSED, "{told}", {"told": told})
        return value


class Anything(Rule):
    """No limit in production beyond the field's own; `why` says why none is needed."""


class AtLeast(Rule):
    """A number, or each of several, not below `least`."""

    def __init__(self, least: float, why: str) -> None:
        super().__init__(why, f"Write {least:g} or more, or leave it out")
        self.least = least

    def wrong(self, value: Any) -> str | None:
        """Name the least value where it is not reached; an unset value is not wrong."""
        numbers = value if isinstance(value, tuple) else () if value is None else (value,)
        return f"it is below {self.least:g}" if any(number < self.least for number in numbers) else None


class AtMost(Rule):
    """A number not above `most`."""

    def __init__(self, most: float, why: str) -> None:
        super().__init__(why, f"Write {most:g} or less, or leave it out")
        self.most = most

    def wrong(self, value: Any) -> str | None:
        """Name the largest value where it is passed."""
        return f"it is above {self.most:g}" if value > self.most else None


class Between(Rule):
    """A number from `least` to `most`."""

    def __init__(self, least: float, most: float, why: str) -> None:
        super().__init__(why, f"Write a number from {least:g} to {most:g}, or leave it out")
        self.least, self.most = least, most

    def wrong(self, value: Any) -> str | None:
        """Name the bound that is passed."""
        if value < self.least:
            return f"it is below {self.least:g}"
        return f"it is above {self.most:g}" if value > self.most else None


class OneOfThese(Rule):
    """One of a few words; unset is not wrong."""

    def __init__(self, words: tuple[str, ...], why: str) -> None:
        super().__init__(why, f"Write {' or '.join(words)}")
        self.words = words

    def wrong(self, value: Any) -> str | None:
        """Name the words where it is none of them."""
        return None if value is None or value in self.words else f"it is not {' or '.join(self.words)}"


class OtherThan(Rule):
    """Another value than that of trials."""

    def __init__(self, trial: str, why: str, write: str) -> None:
        super().__init__(why, f"Write {write}")
        self.trial = trial

    def wrong(self, value: Any) -> str | None:
        """Say that it is the one of trials."""
        return "it is the one of trials" if value == self.trial else None


class SomeNetworks(Rule):
    """Networks of ours or of agencies: never all addresses of the world."""

    def wrong(self, value: Any) -> str | None:
        """Name the network that is everybody."""
        everybody = next((network for network in value if network.prefixlen == 0), None)
        return f"{everybody} is everybody" if everybody is not None else None


class OverWithin(Rule):
    """A time that is over soon after the start; unset is not wrong."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why, f"Write a time at most {seconds / 60:g} minutes from now, or leave it out")
        self.seconds = seconds

    def wrong(self, value: Any) -> str | None:
        """Say that it is too far away."""
        if value is None or value <= datetime.now(UTC) + timedelta(seconds=self.seconds):
            return None
        return f"it is more than {self.seconds / 60:g} minutes away"


class TrialOnly(Rule):
    """A switch or secret of trials: unset or false in production."""

    def wrong(self, value: Any) -> str | None:
        """Say that it is set."""
        return "it is set" if value else None


class InsideOrEncrypted(Rule):
    """The address of one of our own: https, or a name inside the deployment, which outsiders cannot answer for."""

    def wrong(self, value: Any) -> str | None:
        """Say that it is unencrypted beyond the deployment."""
        parts = urlsplit(str(value))
        if parts.scheme == "https" or not _is_public(parts.hostname or ""):
            return None
        return "it is not https and leaves the deployment"


class MustBeTrue(Rule):
    """A protection that production cannot do without."""

    def wrong(self, value: Any) -> str | None:
        """Say that it is not true."""
        return None if value is True else "it is not true"


class Encrypted(Rule):
    """The address of somebody outside: https."""

    def wrong(self, value: Any) -> str | None:
        """Say that it is not encrypted."""
        return None if str(value).startswith("https://") else "it is not https"


class EncryptedIfNamed(Rule):
    """The address of somebody outside, https; or none."""

    def wrong(self, value: Any) -> str | None:
        """Say that it is not encrypted."""
        return None if not value or str(value).startswith("https://") else "it is not https"


class AllEncrypted(Rule):
    """A list of addresses, each of them https."""

    def wrong(self, value: Any) -> str | None:
        """Name the first that is not encrypted."""
        open_one = next((address for address in value if not address.startswith("https://")), None)
        return f"{open_one} is not https" if open_one is not None else None


class PublicAddress(Rule):
    """An address that citizens reach: https, and neither this machine nor a name without public address."""

    def wrong(self, value: Any) -> str | None:
        """Say what keeps citizens from it."""
        parts = urlsplit(str(value))
        if parts.scheme != "https":
            return "it is not https"
        return None if _is_public(parts.hostname or "") else "nobody outside can reach it"


class RealMailbox(Rule):
    """A sender whose domain is one that mail servers know."""

    def wrong(self, value: Any) -> str | None:
        """Say that the domain is a made-up one."""
        domain = parseaddr(str(value))[1].rpartition("@")[2]
        return None if _is_public(domain) else "its domain is an invented one"


class WithLogin(Rule):
    """The address of a server of ours, with the user that it is opened by."""

    def wrong(self, value: Any) -> str | None:
        """Say that it names no user, without showing it."""
        parts = urlsplit(str(value))
        if "@" in parts.netloc or "authmechanism=" in parts.query.lower():
            return "it is the server's guest" if parts.netloc.startswith("guest:") else None
        return "it names no user"


class SharedSecret(Rule):
    """A secret shared with an agency: not one of the simulators', and not shorter than `shortest` characters."""

    def __init__(self, why: str, shortest: int = SHORTEST_SHARED_SECRET) -> None:
        super().__init__(why, "Write the secret that was agreed on with the agency")
        self.shortest = shortest

    def wrong(self, value: Any) -> str | None:
        """Say what is wrong without showing it."""
        if value is None:
            return None
        secrets = [part.rpartition(":")[2].strip() for part in _text(value).split(",")]
        if any(secret.startswith(SIMULATED) for secret in secrets):
            return "it is the simulators' own"
        if any(len(secret) < self.shortest for secret in secrets):
            return f"it is shorter than {self.shortest} characters"
        return None


def rules_of(metadata: Sequence[Any]) -> list[Rule]:
    """Return the rules among what a field's annotation carries."""
    return [item for item in metadata if isinstance(item, Rule)]


def _text(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _is_public(host: str) -> bool:
    """Whether others can reach a name or address, as far as its form tells."""
    host = host.rstrip(".").lower()
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and host.rpartition(".")[2] not in RESERVED_NAMES
