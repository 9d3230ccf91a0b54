"""The one way in which reading a secret fails."""

from __future__ import annotations


class CannotDecrypt(Exception):
    """A value was changed, belongs elsewhere, or was written with a key that is not here.

    The message says which of the two is known and shows neither value nor key.
    """
