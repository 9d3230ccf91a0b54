"""Paspor's HTTP API for Python programs: the generated calls of `paspor_api`, made patient, resumable and typed."""

from paspor_client.keys import new_key
from paspor_client.opening import open_client
from paspor_client.problems import FieldError, NextCall, Refused, answer_of
from paspor_client.transport import PatientTransport
from paspor_client.uploads import send_pages, send_picture
from paspor_client.waiting import GaveUp, wait_until

__all__ = [
    "FieldError",
    "GaveUp",
    "NextCall",
    "PatientTransport",
    "Refused",
    "answer_of",
    "new_key",
    "open_client",
    "send_pages",
    "send_picture",
    "wait_until",
]
