"""The one way in which a person's key is refused."""

from __future__ import annotations

from shared.crypto.errors import CannotDecrypt


class PersonErased(CannotDecrypt):
    """The person's key was destroyed: nothing of them opens any more, and nothing new is sealed for them.

    Over HTTP it reads as not found; a message about an erased person is taken and has no effect.
    """
