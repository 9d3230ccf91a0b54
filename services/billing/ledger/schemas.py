"""The ledger over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from services.billing.ledger.book import Balances
from shared.http.schema import IsoDate, Query, View


class DayQuery(Query):
    """The wanted day, in the capital."""

    date: IsoDate


class BalanceView(View):
    """The balance of one account: debits positive, credits negative."""

    account: str
    balance: int


class BalancesView(View):
    """Every account that is not at zero. All of them sum to zero."""

    as_of: datetime
    currency: str = "IDR"
    postings: int
    accounts: tuple[BalanceView, ...]

    @classmethod
    def from_balances(cls, balances: Balances) -> Self:
        """Return the view of the balances, for the treasurer."""
        accounts = tuple(BalanceView(account=name, balance=balance) for name, balance in balances.accounts.items())
        return cls(as_of=balances.as_of, postings=balances.postings, accounts=accounts)
