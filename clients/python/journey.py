"""One application by the Python client: from the first code to the downloaded letter.

    python journey.py http://127.0.0.1:8080 --mail http://127.0.0.1:8025 --bank http://127.0.0.1:8092 --picture card.jpg

The person is one whom the trial's civil registry knows; somebody else is given by `--nik`, `--name`, ...
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from paspor_api.api.applicants import add_applicant
from paspor_api.api.applications import answer, begin, download_letter, submit
from paspor_api.api.appointments import hold_seat
from paspor_api.api.billing import list_bills
from paspor_api.api.offices import list_sessions
from paspor_api.api.signing_in import register, verify
from paspor_api.models import (
    ApplicantForm,
    ApplicantView,
    ApplicationView,
    AppointmentView,
    BeginApplication,
    BillView,
    HoldSeat,
    Questionnaire,
    Registration,
    Submission,
    Verification,
)
from paspor_client import answer_of, new_key, open_client, send_pages, wait_until
from trial import Trial

ANSWERS = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}
PAGES = {"birth_proof": 2}
"""A diploma has its marks on the back; of what is not named here one picture is enough."""


def walk(address: str, trial: Trial, person: Mapping[str, str], picture: bytes, office_id: str) -> bytes:
    """Register, apply, upload, hold a seat, pay, and return the letter as PDF.

    Raises:
        paspor_client.Refused: a service said no, in words.
        paspor_client.GaveUp: something that was waited for did not happen.
    """
    email = f"warga.{uuid.uuid4().hex[:12]}@contoh.example"
    stranger = open_client(address, language="en")
    asked = Registration.from_dict({"email": email, "language": "id"})
    challenge = answer_of(register.sync_detailed(client=stranger, body=asked, idempotency_key=new_key()))
    code = Verification.from_dict({"code": trial.read_code(email)})
    tokens = answer_of(
        verify.sync_detailed(challenge.challenge_id, client=stranger, body=code, idempotency_key=new_key())
    )
    say(f"registered as {email}")

    citizen = open_client(address, token=tokens.access_token, language="en")
    form = ApplicantForm.from_dict(dict(person))
    applicant = answer_of(add_applicant.sync_detailed(client=citizen, body=form, idempotency_key=new_key()))
    path = f"/v1/applicants/{applicant.applicant_id}"
    applicant = wait_until(citizen, path, ApplicantView.from_dict, lambda seen: seen.identity.state != "pending")
    say(f"the civil registry's answer: {applicant.identity.state}")

    draft = BeginApplication.from_dict({"applicant_id": applicant.applicant_id})
    application = answer_of(begin.sync_detailed(client=citizen, body=draft, idempotency_key=new_key()))
    application_id = application.application_id
    answers = Questionnaire.from_dict(ANSWERS)
    application = answer_of(answer.sync_detailed(application_id, client=citizen, body=answers))
    wanted = [item.code for item in application.requirements if item.need == "required" and item.state == "missing"]
    for requirement in wanted:
        pages = [picture] * PAGES.get(requirement, 1)
        send_pages(citizen, application_id, requirement, pages, file_name=f"{requirement}.jpg")
    sure = Submission.from_dict({"confirmed_not_refundable": True})
    submitted = answer_of(submit.sync_detailed(application_id, client=citizen, body=sure, idempotency_key=new_key()))
    say("uploaded " + ", ".join(f"{document.requirement} page {document.page}" for document in submitted.documents))

    sessions = answer_of(list_sessions.sync_detailed(office_id, client=citizen)).sessions
    free = next(session for session in sessions if session.to_dict()["pools"].get("regular", {}).get("free", 0) > 0)
    seat = HoldSeat.from_dict({"application_id": application_id, "session_id": free.session_id})
    appointment = answer_of(hold_seat.sync_detailed(client=citizen, body=seat, idempotency_key=new_key()))
    path = f"/v1/applications/{application_id}"
    wait_until(citizen, path, ApplicationView.from_dict, lambda seen: seen.current_step == "pay")
    bill = answer_of(list_bills.sync_detailed(client=citizen, application_id=application_id)).bills[0]
    path = f"/v1/bills/{bill.bill_id}"
    bill = wait_until(citizen, path, BillView.from_dict, lambda seen: seen.state == "issued")
    say(f"to pay: {bill.amount} with code {bill.billing_code}")

    trial.pay(str(bill.billing_code), bill.amount)
    path = f"/v1/appointments/{appointment.appointment_id}"
    wait_until(citizen, path, AppointmentView.from_dict, lambda seen: seen.state == "confirmed")
    path = f"/v1/applications/{application_id}"
    wait_until(citizen, path, ApplicationView.from_dict, lambda seen: seen.letter_state == "ready")
    letter = download_letter.sync_detailed(application_id, client=citizen)
    answer_of(letter)
    say("the letter is there")
    return letter.content


def say(line: str) -> None:
    """Print one line of progress."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Walk with the arguments of the command line; the letter goes to the file that `--letter` names."""
    parser = argparse.ArgumentParser(description="One application by the Python client.")
    parser.add_argument("address", help="of the gateway")
    parser.add_argument("--mail", required=True, help="address of the trial's mailbox")
    parser.add_argument("--bank", required=True, help="address of the simulated SIMPONI")
    parser.add_argument("--picture", type=Path, required=True, help="a JPEG; in a trial any upright page will do")
    parser.add_argument("--office", default="jakarta-selatan")
    parser.add_argument("--letter", type=Path, default=Path("letter.pdf"))
    parser.add_argument("--nik", default="3174014502900001")
    parser.add_argument("--name", default="SRI CONTOH LESTARI")
    parser.add_argument("--birth-place", default="JAKARTA")
    parser.add_argument("--birth-date", default="1990-02-05")
    parser.add_argument("--sex", default="female")
    parser.add_argument("--family-card", default="3174010101150001")
    chosen = parser.parse_args()
    person = {
        "nik": chosen.nik,
        "full_name": chosen.name,
        "birth_place": chosen.birth_place,
        "birth_date": chosen.birth_date,
        "sex": chosen.sex,
        "family_card_number": chosen.family_card,
    }
    trial = Trial(chosen.mail, chosen.bank)
    letter = walk(chosen.address, trial, person, chosen.picture.read_bytes(), chosen.office)
    chosen.letter.write_bytes(letter)
    say(f"{len(letter)} bytes in {chosen.letter}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
