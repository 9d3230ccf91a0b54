"""Settings of billing, read from the environment; durations in seconds, with the numbers of the rules as defaults."""

from __future__ import annotations

import re
from datetime import datetime
from inspect import signature
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, AliasChoices, Field, SecretStr

from services.billing.rules import (
    BillPolicy,
    CallPolicy,
    CasePolicy,
    Policies,
    ReceiptPolicy,
    RefundPolicy,
    SettlementPolicy,
)
from shared.crypto.detached import DetachedVerifier, read_public_keys
from shared.production import Anything, AtLeast, Encrypted, SharedSecret
from shared.settings import ENV_PREFIX, ServiceSettings

_BILL: Final = BillPolicy()
_CALLS: Final = CallPolicy()
_RECEIPT: Final = ReceiptPolicy()
_CASE: Final = CasePolicy()
_SETTLEMENT: Final = SettlementPolicy()
_REFUND: Final = RefundPolicy()
"""The rules as they are; each setting of a rule has the rule's own number as its default."""

P = TypeVar("P")

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")
_SECRETS: Final = ("SIMPONI_CALLBACK_SECRETS", "SIMPONI_CALLBACK_SECRET")


def read_secrets(text: str) -> dict[str, str]:
    """Return the secrets by their key id, from ``k1:secret,k0:secret``; a bare secret is that of ``k1``."""
    pairs = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    if len(pairs) == 1 and not pairs[0][2]:
        return {"k1": pairs[0][0]}
    return {key: secret for key, _, secret in pairs}


def _are_secrets(value: SecretStr) -> SecretStr:
    secrets = read_secrets(value.get_secret_value())
    if not 1 <= len(secrets) <= 2 or not all(_KEY.match(key) and secret for key, secret in secrets.items()):
        raise ValueError("give one or two secrets as k1:secret,k0:secret")
    return value


def _are_public_keys(value: str) -> str:
    read_public_keys(value)
    return value


def _is_a_cutoff(value: str) -> str:
    datetime.fromisoformat(f"2027-{value}:00")
    return value


class Settings(ServiceSettings):
    """Billing's settings."""

    database: str = Field("paspor_billing", min_length=1, max_length=38, pattern=r"^[a-z][a-z0-9_]*$")
    http_port: int = Field(8104, ge=0, le=65535, description="the port to listen on; 0 takes a free one")

    simponi_url: Annotated[
        str, Encrypted("personal data and money are told there", "Write the agency's https:// address")
    ] = Field("http://127.0.0.1:8202", pattern=r"^https?://", description="where SIMPONI answers")
    simponi_client_id: str = Field("paspor", min_length=1, description="our name at SIMPONI")
    simponi_client_secret: Annotated[SecretStr, SharedSecret("whoever knows it asks for codes in our name", 8)] = Field(
        min_length=1, description="our secret at SIMPONI"
    )
    simponi_callback_secrets: Annotated[
        Annotated[SecretStr, AfterValidator(_are_secrets)], SharedSecret("whoever knows it can tell us of payments")
    ] = Field(
        validation_alias=AliasChoices("simponi_callback_secrets", *(f"{ENV_PREFIX}{name}" for name in _SECRETS)),
        description="what SIMPONI signs its notices with: k1:secret[,k0:secret]",
    )

    bill_validity_seconds: Annotated[int, AtLeast(1800, "people need time to reach a bank")] = Field(
        _BILL.validity_seconds, ge=1, description="how long a code can be paid"
    )
    bill_grace_seconds: Annotated[int, AtLeast(1200, "SIMPONI's notices come up to 15 minutes late")] = Field(
        _BILL.grace_seconds, ge=0, description="from a code's end to the last question (at least 20 min)"
    )
    bill_tell_delay_seconds: Annotated[int, AtLeast(30, "a code that comes a little late would alarm people")] = Field(
        _BILL.tell_delay_seconds, ge=1, description="without a code: the applicant is told after this"
    )
    bill_alert_seconds: Annotated[int, AtLeast(300, "operators would be called for hiccups")] = Field(
        _BILL.alert_seconds, ge=1, description="without a code: the operators are told after this"
    )
    bill_issue_limit_seconds: Annotated[int, AtLeast(3600, "SIMPONI may be away for an hour")] = Field(
        _BILL.issue_limit_seconds, ge=1, description="without a code: the bill fails after this"
    )
    bill_ask_least_seconds: Annotated[int, AtLeast(2, "SIMPONI would be asked too often")] = Field(
        _BILL.ask_least_seconds, ge=1, description="first pause between two requests for a code"
    )
    bill_ask_most_seconds: Annotated[int, AtLeast(10, "SIMPONI would be asked too often")] = Field(
        _BILL.ask_most_seconds, ge=1, description="longest pause between two requests for a code"
    )
    bill_refusals_limit: Annotated[int, AtLeast(2, "one refusal may be a fault in passing")] = Field(
        _BILL.refusals_limit, ge=1, le=100, description="refusals by SIMPONI that fail a bill"
    )
    bill_poll_least_seconds: Annotated[int, AtLeast(10, "SIMPONI would be asked too often")] = Field(
        _BILL.poll_least_seconds, ge=1, description="shortest pause between two looks at a code"
    )
    bill_poll_most_seconds: Annotated[int, AtLeast(60, "SIMPONI would be asked too often")] = Field(
        _BILL.poll_most_seconds, ge=1, le=300, description="longest pause between two looks (at most 5 min)"
    )
    bill_unconfirmed_retry_seconds: Annotated[int, AtLeast(10, "SIMPONI would be asked too often")] = Field(
        _BILL.unconfirmed_retry_seconds, ge=1, description="pause between last questions without answer"
    )
    bill_unconfirmed_limit_seconds: Annotated[int, AtLeast(3600, "a seat that may be paid would be sold again")] = (
        Field(_BILL.unconfirmed_limit_seconds, ge=1, description="a seat without answer stays this long")
    )
    bill_watch_ended_seconds: Annotated[int, AtLeast(3600, "late payments would not be found")] = Field(
        _BILL.watch_ended_seconds, ge=0, description="how long an ended code is still looked at"
    )
    bill_claim_case_seconds: Annotated[int, AtLeast(600, "a treasurer would be asked before SIMPONI could answer")] = (
        Field(_BILL.claim_case_seconds, ge=1, description="an unconfirmed claim becomes a case after this")
    )
    bill_renewal_retry_seconds: Annotated[int, AtLeast(30, "codes would be asked for in a circle")] = Field(
        _BILL.renewal_retry_seconds, ge=1, description="a new code may be asked for again after this"
    )
    bill_same_day_pay_until: str = Field(
        _BILL.same_day_pay_until,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="HH:MM in Jakarta: same-day is paid before",
    )
    bill_year_end_cutoff: Annotated[str, AfterValidator(_is_a_cutoff)] = Field(
        _BILL.year_end_cutoff,
        pattern=r"^\d\d-\d\dT\d\d:\d\d$",
        description="MM-DDTHH:MM in Asia/Jakarta: no code outlives it",
    )
    bill_expected_wait_seconds: Annotated[int, Anything("it is only told; nothing waits for it")] = Field(
        _BILL.expected_wait_seconds, ge=0, description="what people are told to expect (15 min)"
    )

    simponi_calls_per_minute: Annotated[int, Anything("agreed on with SIMPONI, which refuses more")] = Field(
        _CALLS.per_minute, ge=1, le=60_000, description="calls about codes a minute, per process"
    )
    simponi_codes_per_call: Annotated[int, Anything("agreed on with SIMPONI, which refuses more")] = Field(
        _CALLS.codes_each, ge=1, le=500, description="codes asked about in one call"
    )

    receipt_drive_seconds: Annotated[int, AtLeast(2, "a receipt in work would be taken up twice")] = Field(
        _RECEIPT.drive_seconds, ge=1, description="a receipt left midway goes on after this"
    )
    receipt_drive_most_seconds: Annotated[int, AtLeast(60, "the store would be asked too often")] = Field(
        _RECEIPT.drive_most_seconds, ge=1, description="longest pause between looks for a code's bill"
    )
    receipt_unknown_code_seconds: Annotated[int, AtLeast(600, "money would go back before its bill is known")] = Field(
        _RECEIPT.unknown_code_seconds, ge=1, description="money on an unknown code goes back after this"
    )
    receipt_late_answer_seconds: Annotated[int, AtLeast(30, "scheduling would be asked before it could answer")] = (
        Field(_RECEIPT.late_answer_seconds, ge=1, description="scheduling's answer on late money is awaited")
    )
    receipt_late_answer_most_seconds: Annotated[int, AtLeast(60, "scheduling would be asked too often")] = Field(
        _RECEIPT.late_answer_most_seconds, ge=1, description="longest pause between repeated questions"
    )
    receipt_late_gives_up_seconds: Annotated[int, AtLeast(3600, "money would go back while a seat is sought")] = Field(
        _RECEIPT.late_gives_up_seconds, ge=1, description="late money goes back without answer"
    )

    case_due_seconds: Annotated[int, AtLeast(3600, "every case would be overdue at once")] = Field(
        _CASE.due_seconds, ge=1, description="a case without answer is overdue after this (24 h)"
    )
    case_look_seconds: Annotated[int, AtLeast(60, "the store would be asked too often")] = Field(
        _CASE.look_seconds, ge=1, description="first pause between two looks for a case's money"
    )
    case_look_most_seconds: Annotated[int, AtLeast(300, "the store would be asked too often")] = Field(
        _CASE.look_most_seconds, ge=1, description="longest pause between two looks for a case's money"
    )

    simponi_settlement_keys: Annotated[str, AfterValidator(_are_public_keys)] = Field(
        "", description="the JWK set (public) that SIMPONI signs settlement files with; empty: none counts as signed"
    )

    settlement_ready_seconds: Annotated[int, AtLeast(3600, "the file of a day is not whole before")] = Field(
        _SETTLEMENT.ready_seconds, ge=0, description="a settlement file is fetched so long after its day"
    )
    settlement_retry_seconds: Annotated[int, AtLeast(60, "the treasury would be asked too often")] = Field(
        _SETTLEMENT.retry_seconds, ge=1, description="pause between tries to fetch a settlement file"
    )
    settlement_missing_seconds: Annotated[
        int, AtLeast(86_400, "every receipt would be a case before its file is there")
    ] = Field(_SETTLEMENT.missing_seconds, ge=1, description="a receipt in no file so long after is a case")
    settlement_days_back: Annotated[int, AtLeast(3, "a weekend would be missed")] = Field(
        _SETTLEMENT.days_back, ge=1, le=60, description="how many past days a settlement file is wanted for"
    )

    refund_completeness_days: Annotated[int, Anything("in working days; the field begins at one")] = Field(
        _REFUND.completeness_days, ge=1, le=60, description="working days to look at a refund request"
    )
    refund_papers_days: Annotated[int, Anything("in working days; the field begins at one")] = Field(
        _REFUND.papers_days, ge=1, le=60, description="working days to answer a request for papers"
    )
    refund_research_days: Annotated[int, Anything("in working days; the field begins at one")] = Field(
        _REFUND.research_days, ge=1, le=60, description="working days to look into the payment"
    )
    refund_recommend_days: Annotated[int, Anything("in working days; the field begins at one")] = Field(
        _REFUND.recommend_days, ge=1, le=60, description="working days of the office head"
    )
    refund_decide_days: Annotated[int, Anything("in working days; the field begins at one")] = Field(
        _REFUND.decide_days, ge=1, le=60, description="working days of the decider"
    )
    refund_payment_days: Annotated[int, Anything("in working days; the field begins at one")] = Field(
        _REFUND.payment_days, ge=1, le=60, description="working days of the treasury"
    )
    refund_bank_retry_seconds: Annotated[int, AtLeast(10, "the bank would be asked too often")] = Field(
        _REFUND.bank_retry_seconds, ge=1, description="first pause before the bank is asked again"
    )
    refund_track_seconds: Annotated[int, AtLeast(10, "the treasury would be asked too often")] = Field(
        _REFUND.track_seconds, ge=1, description="first pause before an order is looked at"
    )
    refund_book_seconds: Annotated[int, AtLeast(2, "a refund in work would be taken up twice")] = Field(
        _REFUND.book_seconds, ge=1, description="a refund left midway between two writes goes on after this"
    )

    def policies(self) -> Policies:
        """Return the policies with the numbers of these settings."""
        return Policies(
            bill=self._policy(BillPolicy, "bill"),
            calls=CallPolicy(per_minute=self.simponi_calls_per_minute, codes_each=self.simponi_codes_per_call),
            receipt=self._policy(ReceiptPolicy, "receipt"),
            refund=self._policy(RefundPolicy, "refund"),
            case=self._policy(CasePolicy, "case"),
            settlement=self._policy(SettlementPolicy, "settlement"),
        )

    def callback_secrets(self) -> dict[str, str]:
        """Return the secrets of SIMPONI's notices by their key id."""
        return read_secrets(self.simponi_callback_secrets.get_secret_value())

    def settlement_signatures(self) -> DetachedVerifier:
        """Return the verifier of SIMPONI's signatures of settlement files."""
        return DetachedVerifier(read_public_keys(self.simponi_settlement_keys))

    def _policy(self, policy: type[P], prefix: str, **data: Any) -> P:
        """Return the policy with the numbers that a setting may change, ``prefix_name`` for each; the others stay."""
        names = (name for name in signature(policy).parameters if f"{prefix}_{name}" in type(self).model_fields)
        return policy(**{name: getattr(self, f"{prefix}_{name}") for name in names}, **data)
