"""When SIMPONI is asked about a billing code that is not known to be paid: the nearer to its end, the more often."""

from __future__ import annotations

from datetime import datetime

from services.billing.rules import BillPolicy, seconds


def next_poll(now: datetime, expires_at: datetime, policy: BillPolicy) -> datetime:
    """Return the time of the next poll: after a quarter of the time to the code's end, within the policy's limits.

    After its end the distance grows again, and with it the time between polls.
    """
    distance = abs((expires_at - now).total_seconds()) / 4
    return now + seconds(min(max(distance, policy.poll_least_seconds), policy.poll_most_seconds))
