"""A browser that came back from a provider: each sign-in comes back once, and its tokens are taken once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.identity.sessions.session import OfficeWord
from shared.store.transitions import Transitions


class ReturnStage(StrEnum):
    """Stages of a sign-in from the browser's return on."""

    RETURNED = "returned"
    """The code is being redeemed; a crash leaves it so, and the sign-in is begun again."""
    PROVED = "proved"
    REFUSED = "refused"
    CLAIMED = "claimed"


class ReturnCommand(StrEnum):
    """Commands on a sign-in that has come back."""

    PROVE = "prove"
    REFUSE = "refuse"
    CLAIM = "claim"


RETURN_TRANSITIONS: Final[Transitions[ReturnStage, ReturnCommand]] = Transitions(
    {
        (ReturnStage.RETURNED, ReturnCommand.PROVE): ReturnStage.PROVED,
        (ReturnStage.RETURNED, ReturnCommand.REFUSE): ReturnStage.REFUSED,
        (ReturnStage.PROVED, ReturnCommand.CLAIM): ReturnStage.CLAIMED,
    }
)


@dataclass(frozen=True)
class ReturnedSignIn:
    """A sign-in that has come back; the store forgets it once its cookie is over too."""

    stage: ReturnStage
    kept_until: datetime
    word: OfficeWord | None = None
    """The provider's word, and the link that it proves."""
    claim_until: datetime | None = None
    """Until when the browser may take the tokens: a counter is left to the next officer soon."""
    proved_second_factor: bool = False
    refusal: str = ""
    """The code of the refusal that ended it."""

    def can_be_claimed(self, now: datetime) -> bool:
        """Return whether its tokens can be taken now."""
        in_time = self.claim_until is not None and now < self.claim_until
        return in_time and RETURN_TRANSITIONS.allows(self.stage, ReturnCommand.CLAIM)


def prove_return(
    returned: ReturnedSignIn, word: OfficeWord, claim_until: datetime, *, proved_second_factor: bool
) -> ReturnedSignIn:
    """Return the sign-in, proven by the provider's word on a link."""
    stage = RETURN_TRANSITIONS.after(returned.stage, ReturnCommand.PROVE)
    return replace(
        returned,
        stage=stage,
        word=word,
        claim_until=claim_until,
        proved_second_factor=proved_second_factor,
    )


def refuse_return(returned: ReturnedSignIn, code: str) -> ReturnedSignIn:
    """Return the sign-in, refused with this code."""
    return replace(returned, stage=RETURN_TRANSITIONS.after(returned.stage, ReturnCommand.REFUSE), refusal=code)


def claim_return(returned: ReturnedSignIn) -> ReturnedSignIn:
    """Return the sign-in with its tokens taken."""
    return replace(returned, stage=RETURN_TRANSITIONS.after(returned.stage, ReturnCommand.CLAIM))
