"""The civil registry over HTTP: ``CALL_VERIFY_BY_ELEMEN``, which tells match or no match and never its own value.

The official interface text is not public; names and answers follow public code and vendors' documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import structlog
from pydantic import BaseModel, Field, ValidationError

from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Cause, FieldAnswer, RegistryAnswer
from services.identity.applicants.registry_match import Field as Compared
from services.identity.config import Settings
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.http.client import JsonClient, Patience
from shared.randomness import Randomness

log = structlog.get_logger()

NAME: Final = "dukcapil"
OWN_ADDRESS: Final = "127.0.0.1"
QUOTA_USED_UP: Final = "05"
LITTLE_QUOTA: Final = 1000
"""Checks left today at which the log warns."""

REFUSALS: Final[Mapping[str, Cause]] = {
    "11": Cause.DECEASED,
    "12": Cause.DUPLICATE,
    "13": Cause.NOT_FOUND,
    "14": Cause.INACTIVE,
    "15": Cause.MALFORMED,
}

FIELDS: Final[Mapping[str, Compared]] = {
    "NIK": Compared.NIK,
    "NAMA_LGKP": Compared.FULL_NAME,
    "TMPT_LHR": Compared.BIRTH_PLACE,
    "TGL_LHR": Compared.BIRTH_DATE,
    "JENIS_KLMIN": Compared.SEX,
    "NO_KK": Compared.FAMILY_CARD_NUMBER,
}

_SEX_WORDS: Final = {Sex.MALE: "Laki-Laki", Sex.FEMALE: "Perempuan"}
_MATCHES: Final = re.compile(r"Sesuai(?: \((\d{1,3})\))?\Z")


class _Reply(BaseModel):
    """One page with one element."""

    content: list[dict[str, Any]] = Field(min_length=1, max_length=10)
    quota_left: int | None = Field(default=None, alias="quotaLimiter")


class Dukcapil:
    """The registry behind timeout, repeats and a circuit breaker."""

    def __init__(self, settings: Settings, clock: Clock, randomness: Randomness) -> None:
        self._settings = settings
        patience = Patience(try_seconds=settings.registry_rules.try_seconds, tries=settings.registry_rules.tries)
        self._http = JsonClient(NAME, settings.dukcapil_url, clock=clock, randomness=randomness, patience=patience)
        self._path = f"/dukcapil/get_json/{settings.dukcapil_institution}/CALL_VERIFY_BY_ELEMEN"
        self.quota_left: int | None = None
        """Checks left today, as the registry last reported them."""

    async def compare(self, particulars: Particulars, name_percent: int) -> RegistryAnswer:
        """Ask the registry; a comparison changes nothing there, so it may be repeated.

        Raises:
            UpstreamDown: it does not answer, cannot be understood, or its quota is used up.
        """
        body = self._question(particulars, name_percent)
        answer = await self._http.call("POST", self._path, body=body, idempotent=True)
        if not answer.ok:
            raise UpstreamDown(NAME, f"status_{answer.status}")
        try:
            reply = _Reply.model_validate_json(answer.body)
        except ValidationError:
            raise UpstreamDown(NAME, "unreadable") from None
        self._note_quota(reply.quota_left)
        return read_answer(reply.content[0])

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _question(self, particulars: Particulars, name_percent: int) -> dict[str, str]:
        question = {
            "user_id": self._settings.dukcapil_user,
            "password": self._settings.dukcapil_password.get_secret_value(),
            "ip_user": OWN_ADDRESS,
            "TRESHOLD": str(name_percent),
            "NIK": particulars.nik or "",
            "NAMA_LGKP": particulars.full_name,
            "TMPT_LHR": particulars.birth_place,
            "TGL_LHR": particulars.birth_date.strftime("%d-%m-%Y"),
            "JENIS_KLMIN": _SEX_WORDS[particulars.sex],
        }
        if particulars.family_card_number is not None:
            question["NO_KK"] = particulars.family_card_number
        return question

    def _note_quota(self, quota_left: int | None) -> None:
        self.quota_left = quota_left
        if quota_left is not None and quota_left < LITTLE_QUOTA:
            log.warning("registry_quota_low", quota_left=quota_left)


def read_answer(content: Mapping[str, Any]) -> RegistryAnswer:
    """Return the registry's words as an answer.

    Raises:
        UpstreamDown: the quota is used up, or the code or a word is not known.
    """
    code = content.get("RESPONSE_CODE")
    if code is not None:
        if code == QUOTA_USED_UP:
            raise UpstreamDown(NAME, "quota_used_up")
        refusal = REFUSALS.get(str(code))
        if refusal is None:
            raise UpstreamDown(NAME, "code_unknown")
        return RegistryAnswer(refusal=refusal)
    return RegistryAnswer(fields={ours: _field(content[name]) for name, ours in FIELDS.items() if name in content})


def _field(word: Any) -> FieldAnswer:
    if word == "Tidak Sesuai":
        return FieldAnswer(matches=False)
    found = _MATCHES.match(word) if isinstance(word, str) else None
    if found is None:
        raise UpstreamDown(NAME, "unreadable")
    return FieldAnswer(matches=True, percent=int(found.group(1)) if found.group(1) else None)
