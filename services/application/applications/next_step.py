"""How far an application has come: done steps, the current one, what to do next and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.application.applications.application import FINAL, PAST_INTERVIEW, Application, Status
from services.application.applications.correction_transitions import owed
from services.application.applications.earlier_book_findings import answers_bind, find_open_difference, is_unknown
from services.application.applications.earlier_book_texts import APPLICANT_TEXTS, AT_THE_VISIT, NOT_ASKED
from services.application.applications.hand_over import PrintStage, issue_due, print_stage
from services.application.applications.visit import ENDED_BILL_STATES, Bill, BillState, Seat, SeatState
from services.application.requirements.requirement import CAPITAL_ZONE
from services.application.texts import Text


class Step(StrEnum):
    """The steps, in their order."""

    __schema_name__ = "ApplicationStep"

    QUESTIONNAIRE = "questionnaire"
    DOCUMENTS = "documents"
    SUBMIT = "submit"
    IDENTITY = "identity"
    """Only where the civil registry has not confirmed the identity yet."""
    CHOOSE_SEAT = "choose_seat"
    PAY = "pay"
    COME = "come"
    INTERVIEW = "interview"
    PRINT = "print"
    COLLECT = "collect"


class ActionCode(StrEnum):
    """Kinds of next action; :mod:`shared.next_calls` has the call that does each of them."""

    ANSWER_QUESTIONNAIRE = "answer_questionnaire"
    UPLOAD_DOCUMENTS = "upload_documents"
    SUBMIT = "submit"
    CHECK_EARLIER_BOOK = "check_earlier_book"
    SEE_IDENTITY_CHECK = "see_identity_check"
    END_OTHER_APPLICATION = "end_other_application"
    CHOOSE_SEAT = "choose_seat"
    ANSWER_OFFER = "answer_offer"
    CHOOSE_NEW_DATE = "choose_new_date"
    ASK_SPECIAL_RESCHEDULE = "ask_special_reschedule"
    RENEW_BILL = "renew_bill"
    PAY = "pay"
    WAIT = "wait"
    COME = "come"
    ASK_OFFICE = "ask_office"
    COLLECT = "collect"
    READ_REFUSAL = "read_refusal"
    BEGIN_AGAIN = "begin_again"
    NOTHING = "nothing"


FINISHED: Final = "finished"


class NoStep(StrEnum):
    """The current step of an application that has none left."""

    FINISHED = FINISHED


"""The current step of an application that has ended."""

# fmt: off
MONTHS_EN: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
MONTHS_ID: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)
DAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS_ID: Final = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
# fmt: on
ZONE_NAMES: Final = {7: "WIB", 8: "WITA", 9: "WIT"}
_BEFORE_INTERVIEW: Final = frozenset({Step.CHOOSE_SEAT, Step.PAY, Step.COME})
_BEFORE_PAYMENT: Final = frozenset({Step.SUBMIT, Step.CHOOSE_SEAT, Step.PAY})
_TOLD_BEFORE_VISIT: Final = frozenset({Step.PAY, Step.COME})


@dataclass(frozen=True)
class NextAction:
    """The next action in both languages, and its deadline (None where time does not matter)."""

    code: ActionCode
    en: str
    id: str
    deadline: datetime | None = None
    bill_id: str | None = None
    """The bill that it is about, if it is about one."""


@dataclass(frozen=True)
class Progress:
    """How far an application has come, and what its applicant does next."""

    current_step: str
    remaining: tuple[Step, ...]
    next_action: NextAction


def done_steps(application: Application, *, documents_complete: bool) -> frozenset[Step]:
    """The steps that are behind the applicant. A step counts only if all before it are done."""
    checks = {
        Step.QUESTIONNAIRE: application.answers is not None,
        Step.DOCUMENTS: documents_complete,
        Step.SUBMIT: application.submitted_at is not None,
        Step.IDENTITY: application.identity_confirmed,
        Step.CHOOSE_SEAT: _has_seat(application),
        Step.PAY: _is_certain(application),
        Step.COME: _has_come(application),
        Step.INTERVIEW: application.status in PAST_INTERVIEW,
        Step.PRINT: application.status in {Status.PRINTED, Status.COLLECTED},
        Step.COLLECT: application.status is Status.COLLECTED,
    }
    if application.submitted_at is not None:
        checks |= {Step.QUESTIONNAIRE: True, Step.DOCUMENTS: True}
    if application.status in PAST_INTERVIEW or application.status is Status.INCOMPLETE:
        checks |= {Step.CHOOSE_SEAT: True, Step.PAY: True, Step.COME: True}
    done: set[Step] = set()
    for step in Step:
        if not checks[step]:
            break
        done.add(step)
    return frozenset(done)


def first_missing(application: Application, wanted: Step, *, documents_complete: bool) -> Step | None:
    """The step that must come before `wanted`, or none if its turn has come."""
    done = done_steps(application, documents_complete=documents_complete)
    before = list(Step)[: list(Step).index(wanted)]
    return next((step for step in before if step not in done), None)


def application_progress(
    application: Application, *, documents_complete: bool, lacking: tuple[Text, ...] = ()
) -> Progress:
    """Return the current step, the remaining steps, the next action and its deadline.

    ``lacking`` are the titles of the papers that an incomplete interview asked for.
    """
    if application.status in FINAL:
        ending = _CLOSED_FOR_PERSON if application.closed_for_person else _ENDINGS[application.status]
        return Progress(FINISHED, (), ending)
    done = done_steps(application, documents_complete=documents_complete)
    seat = application.visits.seat
    not_needed = {Step.PAY} if seat is not None and seat.state is SeatState.SPECIAL_OPEN else set()
    not_needed |= {Step.IDENTITY} if application.identity_confirmed else set()
    remaining = tuple(step for step in Step if step not in done | not_needed)
    action = _ACTIONS[remaining[0]](application)
    if application.status is Status.INCOMPLETE and lacking:
        action = _with_lacking(action, lacking)
    if application.submitted_at is not None and not documents_complete and remaining[0] in _BEFORE_INTERVIEW:
        action = _with_upload_again(action)
    action = _with_earlier_book(action, application, remaining[0])
    for bill in owed(application):
        action = _with_owed(action, bill, seat.office_timezone if seat else None)
    return Progress(remaining[0].value, remaining, action)


def local_time(moment: datetime, timezone: str | None, *, indonesian: bool) -> str:
    """A time as people say it, in a zone: "Senin 23 November 2026, 08.00 WIB"."""
    local = moment.astimezone(ZoneInfo(timezone or CAPITAL_ZONE))
    offset = local.utcoffset()
    hours = round(offset.total_seconds() / 3600) if offset is not None else 0
    zone = ZONE_NAMES.get(hours, f"UTC{hours:+d}")
    days, months, colon = (DAYS_ID, MONTHS_ID, ".") if indonesian else (DAYS_EN, MONTHS_EN, ":")
    day = f"{days[local.weekday()]} {local.day} {months[local.month - 1]} {local.year}"
    return f"{day}, {local:%H}{colon}{local:%M} {zone}"


def rupiah(amount: int) -> str:
    """An amount as people write it: "Rp650.000"."""
    return f"Rp{amount:,}".replace(",", ".")


def _has_seat(application: Application) -> bool:
    seat = application.visits.seat
    return seat is not None and seat.state not in (SeatState.OFFERED, SeatState.SPECIAL_OPEN)


def _is_certain(application: Application) -> bool:
    seat = application.visits.seat
    return seat is not None and seat.state in {SeatState.CONFIRMED, SeatState.CHECKED_IN}


def _has_come(application: Application) -> bool:
    seat = application.visits.seat
    return seat is not None and seat.state is SeatState.CHECKED_IN


def _with_upload_again(action: NextAction) -> NextAction:
    return NextAction(
        ActionCode.UPLOAD_DOCUMENTS,
        f"A document is missing or was refused: upload it again. {action.en}",
        f"Ada dokumen yang kurang atau ditolak: unggah ulang. {action.id}",
        action.deadline,
    )


def _with_lacking(action: NextAction, lacking: tuple[Text, ...]) -> NextAction:
    names_en, names_id = "; ".join(title.en for title in lacking), "; ".join(title.id for title in lacking)
    return replace(
        action,
        en=f"{action.en} Missing: {names_en}. Bring the originals to the same office.",
        id=f"{action.id} Yang kurang: {names_id}. Bawa aslinya ke kantor yang sama.",
    )


def _with_earlier_book(action: NextAction, application: Application, step: Step) -> NextAction:
    """Say first what a record of an earlier book differs in, or last that nothing is known of one."""
    found = find_open_difference(application)
    if found is not None and not answers_bind(application):
        text = APPLICANT_TEXTS[found]
        en, id_ = f"{text.en} {action.en}", f"{text.id} {action.id}"
        return NextAction(ActionCode.CHECK_EARLIER_BOOK, en, id_, action.deadline, action.bill_id)
    if found is not None and step in _TOLD_BEFORE_VISIT:
        text = APPLICANT_TEXTS[found]
        en, id_ = f"{action.en} {text.en} {AT_THE_VISIT.en}", f"{action.id} {text.id} {AT_THE_VISIT.id}"
        return replace(action, en=en, id=id_)
    if is_unknown(application) and step in _BEFORE_PAYMENT and not answers_bind(application):
        return replace(action, en=f"{action.en} {NOT_ASKED.en}", id=f"{action.id} {NOT_ASKED.id}")
    return action


def _with_owed(action: NextAction, bill: Bill, timezone: str | None) -> NextAction:
    """A difference or a penalty comes first: the passport waits for it."""
    if bill.state is BillState.ISSUED:
        en, id_ = _until(bill.expires_at, timezone)
        pay_en = f"Pay {rupiah(bill.amount or 0)} with billing code {bill.billing_code}{en}."
        pay_id = f"Bayar {rupiah(bill.amount or 0)} dengan kode billing {bill.billing_code}{id_}."
        deadline = bill.expires_at or action.deadline
        return NextAction(ActionCode.PAY, f"{pay_en} {action.en}", f"{pay_id} {action.id}", deadline, bill.bill_id)
    if bill.state in ENDED_BILL_STATES:
        ended_en = "The billing code of what is still owed has ended: ask for a new one."
        ended_id = "Kode billing yang masih harus dibayar telah berakhir: minta kode baru."
        en, id_ = f"{ended_en} {action.en}", f"{ended_id} {action.id}"
        return NextAction(ActionCode.RENEW_BILL, en, id_, action.deadline, bill.bill_id)
    return action


def _until(deadline: datetime | None, timezone: str | None) -> tuple[str, str]:
    if deadline is None:
        return "", ""
    en = local_time(deadline, timezone, indonesian=False)
    id_ = local_time(deadline, timezone, indonesian=True)
    return f" until {en}", f" sampai {id_}"


def _questionnaire(_: Application) -> NextAction:
    return NextAction(ActionCode.ANSWER_QUESTIONNAIRE, "Answer the questionnaire.", "Jawab kuesioner.")


def _documents(_: Application) -> NextAction:
    return NextAction(
        ActionCode.UPLOAD_DOCUMENTS,
        "Upload a picture (JPEG or PNG) of each required document.",
        "Unggah gambar (JPEG atau PNG) setiap dokumen yang wajib.",
    )


def _submit(_: Application) -> NextAction:
    return NextAction(
        ActionCode.SUBMIT,
        "Check your answers, read what is not paid back, and submit.",
        "Periksa jawaban Anda, baca ketentuan biaya yang tidak dikembalikan, lalu kirim.",
    )


def _identity(application: Application) -> NextAction:
    if application.another_open:
        return NextAction(
            ActionCode.END_OTHER_APPLICATION,
            "Another account has applied for this person, and this application waits. Show the identity card at an "
            "immigration office: an officer closes the other one, and this one goes on. If that account is yours, "
            "you may withdraw the application there instead.",
            "Akun lain sudah mengajukan permohonan untuk orang ini, dan permohonan ini menunggu. Tunjukkan KTP di "
            "kantor imigrasi: petugas menutup permohonan itu, dan permohonan ini berlanjut. Jika akun itu milik "
            "Anda, Anda juga dapat menarik permohonannya di sana.",
        )
    return NextAction(
        ActionCode.SEE_IDENTITY_CHECK,
        "The civil registry has not confirmed the identity yet; a seat can be chosen as soon as it has. "
        "See the applicant for how the check stands.",
        "Dukcapil belum mengonfirmasi identitas; kursi dapat dipilih segera setelahnya. "
        "Lihat data pemohon untuk mengetahui status pemeriksaannya.",
    )


def _choose_seat(application: Application) -> NextAction:
    seat, bill = application.visits.last_seat, application.visits.bill
    if seat is not None and seat.state is SeatState.OFFERED:
        en, id_ = _until(seat.offer_until, seat.office_timezone)
        return NextAction(
            ActionCode.ANSWER_OFFER,
            f"Your payment came late; another time is kept for you{en}: accept or decline it.",
            f"Pembayaran Anda terlambat; waktu lain disimpan untuk Anda{id_}: terima atau tolak.",
            seat.offer_until,
        )
    if bill is not None and bill.state is BillState.PAID_LATE and not application.visits.refunds:
        return NextAction(
            ActionCode.WAIT,
            "Your payment came late; we are looking for a time for you. You need do nothing.",
            "Pembayaran Anda terlambat; kami mencarikan waktu untuk Anda. Anda tidak perlu melakukan apa pun.",
        )
    if seat is not None and seat.state in _WITHOUT_VISIT:
        return _new_date(seat)
    if bill is not None and bill.state in ENDED_BILL_STATES:
        return NextAction(
            ActionCode.RENEW_BILL,
            "The billing code ended unpaid and the seat went back. Ask for a new code or choose another time.",
            "Kode billing berakhir tanpa pembayaran dan kursi dilepas. Minta kode baru atau pilih waktu lain.",
            bill_id=bill.bill_id,
        )
    return NextAction(
        ActionCode.CHOOSE_SEAT, "Choose an office and a time for your visit.", "Pilih kantor dan waktu kedatangan."
    )


_WITHOUT_VISIT: Final = (SeatState.SPECIAL_OPEN, SeatState.SPECIAL_ENDED, SeatState.MISSED, SeatState.VOIDED)


def _new_date(seat: Seat) -> NextAction:
    """Return the next action after a visit that did not take place or was stopped."""
    if seat.state is SeatState.SPECIAL_OPEN:
        en, id_ = _until(seat.until, seat.office_timezone)
        return NextAction(
            ActionCode.CHOOSE_NEW_DATE,
            f"Choose a new date{en}; you do not pay again.",
            f"Pilih tanggal baru{id_}; Anda tidak membayar lagi.",
            seat.until,
        )
    if seat.state is SeatState.SPECIAL_ENDED:
        return NextAction(
            ActionCode.ASK_OFFICE,
            "The new date was not chosen in time. Ask the office about your application.",
            "Tanggal baru tidak dipilih tepat waktu. Tanyakan permohonan Anda kepada kantor.",
        )
    if seat.state is SeatState.VOIDED:
        return NextAction(
            ActionCode.CHOOSE_SEAT,
            "The proof of payment was not valid. Ask your bank, then choose an office and a time and pay.",
            "Bukti pembayaran tidak sah. Tanyakan bank Anda, lalu pilih kantor dan waktu, dan bayar.",
        )
    if seat.special_refused is not None:
        return NextAction(
            ActionCode.ASK_OFFICE,
            "You did not come to your visit and the office refused a special reschedule. Ask the office.",
            "Anda tidak hadir dan kantor menolak jadwal ulang khusus. Tanyakan kepada kantor.",
        )
    en, id_ = _until(seat.ask_until, seat.office_timezone)
    return NextAction(
        ActionCode.ASK_SPECIAL_RESCHEDULE,
        f"You did not come. A system fault, illness or force majeure permits a new date without paying: ask{en}.",
        f"Anda tidak hadir. Gangguan sistem, sakit, atau keadaan kahar membolehkan tanggal baru tanpa membayar: "
        f"mintalah{id_}.",
        seat.ask_until,
    )


def _pay(application: Application) -> NextAction:
    seat, bill = application.visits.seat, application.visits.bill
    timezone = seat.office_timezone if seat else None
    say = _PAYMENTS.get(bill.state) if bill is not None else None
    if bill is None or say is None:
        deadline = seat.hold_until if seat and bill is None else None
        return NextAction(
            ActionCode.WAIT,
            "Your seat is held; the billing code is being made.",
            "Kursi Anda ditahan; kode billing sedang dibuat.",
            deadline,
        )
    return say(bill, timezone)


def _pay_now(bill: Bill, timezone: str | None) -> NextAction:
    en, id_ = _until(bill.expires_at, timezone)
    amount = rupiah(bill.amount or 0)
    return NextAction(
        ActionCode.PAY,
        f"Pay {amount} with billing code {bill.billing_code}{en}.",
        f"Bayar {amount} dengan kode billing {bill.billing_code}{id_}.",
        bill.expires_at,
    )


def _code_late(bill: Bill, timezone: str | None) -> NextAction:
    en, id_ = (
        ("", "")
        if bill.next_check_at is None
        else (
            f" We ask again at {local_time(bill.next_check_at, timezone, indonesian=False)}.",
            f" Kami mencoba lagi {local_time(bill.next_check_at, timezone, indonesian=True)}.",
        )
    )
    return NextAction(
        ActionCode.WAIT,
        f"The treasury is slow to give a billing code. Your seat is kept; you need do nothing.{en}",
        f"Kode billing terlambat diterbitkan. Kursi Anda tetap disimpan; Anda tidak perlu melakukan apa pun.{id_}",
    )


def _bank_has_it(_: Bill, __: str | None) -> NextAction:
    return NextAction(
        ActionCode.WAIT,
        "The bank has taken your payment; the treasury has not confirmed it yet. Your seat is kept; do not pay again.",
        "Bank telah menerima pembayaran Anda; kas negara belum mengonfirmasi. Kursi Anda disimpan; jangan bayar lagi.",
    )


def _asking(_: Bill, __: str | None) -> NextAction:
    return NextAction(
        ActionCode.WAIT,
        "The billing code has ended; we are asking the treasury whether you paid in time. Your seat is kept.",
        "Kode billing telah berakhir; kami menanyakan apakah Anda membayar tepat waktu. Kursi Anda disimpan.",
    )


def _confirming(_: Bill, __: str | None) -> NextAction:
    return NextAction(
        ActionCode.WAIT,
        "Your payment is in; your seat is being confirmed.",
        "Pembayaran diterima; kursi sedang dikonfirmasi.",
    )


_PAYMENTS: Final[dict[BillState, Callable[[Bill, str | None], NextAction]]] = {
    BillState.ISSUED: _pay_now,
    BillState.DELAYED: _code_late,
    BillState.PAID_UNSETTLED: _bank_has_it,
    BillState.EXPIRY_UNCONFIRMED: _asking,
    BillState.PAID: _confirming,
    BillState.PAID_LATE: _confirming,
    BillState.WAIVED: _confirming,
}


def _come(application: Application) -> NextAction:
    seat = application.visits.seat
    place_en, place_id = _when_and_where(seat)
    return NextAction(
        ActionCode.COME,
        f"Come to {place_en}. Bring the originals and your queue code.",
        f"Datang ke {place_id}. Bawa dokumen asli dan kode antrean.",
        seat.starts_at if seat else None,
    )


def _when_and_where(seat: Seat | None) -> tuple[str, str]:
    if seat is None or seat.starts_at is None:
        return "the office", "kantor"
    en = local_time(seat.starts_at, seat.office_timezone, indonesian=False)
    id_ = local_time(seat.starts_at, seat.office_timezone, indonesian=True)
    return f"{seat.office_name} on {en}", f"{seat.office_name} pada {id_}"


def _interview(application: Application) -> NextAction:
    interview, seat = application.interview, application.visits.last_seat
    if application.status is Status.INCOMPLETE and interview is not None:
        en, id_ = _until(interview.complete_until, seat.office_timezone if seat else None)
        return NextAction(
            ActionCode.UPLOAD_DOCUMENTS,
            f"Papers are missing: bring or upload them{en}.",
            f"Ada dokumen yang kurang: lengkapi{id_}.",
            interview.complete_until,
        )
    return NextAction(ActionCode.WAIT, "Wait until your number is called.", "Tunggu sampai nomor Anda dipanggil.")


def _unpaid() -> NextAction:
    return NextAction(
        ActionCode.CHOOSE_SEAT,
        "The proof of payment was not valid and the passport waits for the fee. Ask your bank, or choose an office and "
        "a time and pay.",
        "Bukti pembayaran tidak sah dan paspor menunggu pembayaran. Tanyakan bank Anda, atau pilih kantor dan waktu, "
        "lalu bayar.",
    )


def _print(application: Application) -> NextAction:
    if application.visits.unpaid:
        return _unpaid()
    approval, seat = application.approval, application.visits.last_seat
    if approval is None:
        return NextAction(ActionCode.WAIT, "Your passport is being ordered.", "Pencetakan paspor Anda sedang dipesan.")
    due = issue_due(approval.approved_at)
    en, id_ = _until(due, seat.office_timezone if seat else None)
    words = _PRINTING[print_stage(approval)]
    late_en, late_id = _LATE if approval.overdue_since is not None else ("", "")
    return NextAction(
        ActionCode.WAIT,
        f"{words.en} It has time{en}; we tell you when the passport is ready.{late_en}",
        f"{words.id} Batas waktunya{id_}; kami memberi tahu jika paspor sudah siap.{late_id}",
        due,
    )


_CANCELLED: Final = Text(
    ": then it is cancelled, and you would have to apply and pay again.",
    ": setelah itu paspor dibatalkan, dan Anda harus mengajukan serta membayar lagi.",
)
_PRINTING: Final = {
    PrintStage.APPROVED: Text(
        "The interview was passed; the approval is on its way to the issuance system.",
        "Wawancara disetujui; persetujuan sedang dikirim ke sistem penerbitan.",
    ),
    PrintStage.ADJUDICATION: Text(
        "The issuance system checks your data before printing (adjudication).",
        "Sistem penerbitan memeriksa data Anda sebelum dicetak (adjudikasi).",
    ),
    PrintStage.QUEUED: Text("Your passport is queued for printing.", "Paspor Anda dalam antrean pencetakan."),
    PrintStage.PRINTED: Text("Your passport is printed.", "Paspor Anda telah dicetak."),
}
_LATE: Final = (" It is late: the office was alerted.", " Pencetakan terlambat: kantor sudah diberi tahu.")


def _collect(application: Application) -> NextAction:
    if application.visits.unpaid:
        return _unpaid()
    seat = application.visits.last_seat
    office = seat.office_name if seat and seat.office_name else None
    en, id_ = _until(application.collect_until, seat.office_timezone if seat else None)
    return NextAction(
        ActionCode.COLLECT,
        f"Collect your passport at {office or 'the office'}{en}{_CANCELLED.en if en else '.'}",
        f"Ambil paspor Anda di {office or 'kantor'}{id_}{_CANCELLED.id if id_ else '.'}",
        application.collect_until,
    )


_ACTIONS: Final[dict[Step, Callable[[Application], NextAction]]] = {
    Step.QUESTIONNAIRE: _questionnaire,
    Step.DOCUMENTS: _documents,
    Step.SUBMIT: _submit,
    Step.IDENTITY: _identity,
    Step.CHOOSE_SEAT: _choose_seat,
    Step.PAY: _pay,
    Step.COME: _come,
    Step.INTERVIEW: _interview,
    Step.PRINT: _print,
    Step.COLLECT: _collect,
}
_ENDINGS: Final[dict[Status, NextAction]] = {
    Status.COLLECTED: NextAction(ActionCode.NOTHING, "Nothing is left to do.", "Tidak ada lagi yang perlu dilakukan."),
    Status.REFUSED: NextAction(
        ActionCode.READ_REFUSAL,
        "The application was refused. Read the reason, its rule and the ways of redress; you may also apply again.",
        "Permohonan ditolak. Baca alasan, aturan, dan upaya yang tersedia; Anda juga dapat mengajukan permohonan baru.",
    ),
    Status.WITHDRAWN: NextAction(
        ActionCode.BEGIN_AGAIN,
        "You withdrew this application; you may begin a new one.",
        "Anda menarik permohonan ini; Anda dapat memulai permohonan baru.",
    ),
    Status.CLOSED: NextAction(
        ActionCode.BEGIN_AGAIN,
        "A time limit ran out and the application was closed; you may begin a new one.",
        "Batas waktu terlewati dan permohonan ditutup; Anda dapat memulai permohonan baru.",
    ),
}
_CLOSED_FOR_PERSON: Final = NextAction(
    ActionCode.BEGIN_AGAIN,
    "An officer closed this application: its person showed the identity card and applies with another account. "
    "You may begin one for yourself.",
    "Petugas menutup permohonan ini: orangnya menunjukkan KTP dan mengajukan dengan akun lain. "
    "Anda dapat memulai permohonan untuk diri sendiri.",
)
