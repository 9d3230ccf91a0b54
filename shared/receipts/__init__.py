"""Receipts: the paper about one payment or one refund, the same wherever it is typeset."""
