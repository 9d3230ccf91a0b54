"""Refusals about cases."""

from __future__ import annotations

from shared.errors import NotFound, Refusal, fact_types
from shared.events.codes import PaymentCaseOutcome


class CaseUnknown(NotFound):
    """No case of that id."""

    code = "case_unknown"
    title = "There is no such case."
    title_id = "Pemeriksaan tidak ditemukan."
    next_action = "List the cases and use an id from there."
    next_action_id = "Buka daftar pemeriksaan dan gunakan id dari sana."


class CaseIsClosed(Refusal):
    """The case was answered before."""

    status = 409
    code = "case_is_closed"
    facts_told = fact_types(outcome=PaymentCaseOutcome)
    title = "This case was answered already."
    title_id = "Pemeriksaan ini sudah selesai."
    next_action = "Read its outcome; what is new goes into a new claim."
    next_action_id = "Lihat hasilnya; hal baru disampaikan sebagai klaim baru."


class TooManyCaseNotes(Refusal):
    """A case takes no more notes."""

    status = 409
    code = "too_many_case_notes"
    facts_told = fact_types(limit=int)
    title = "This case holds as many notes as it may."
    title_id = "Jumlah catatan pemeriksaan ini sudah mencapai batas."
    next_action = "Answer the case; the reason may sum up what was found."
    next_action_id = "Selesaikan pemeriksaan; alasan dapat merangkum temuan."


class AnswerDoesNotFit(Refusal):
    """The outcome is none that this kind of case knows."""

    status = 422
    code = "answer_does_not_fit"
    facts_told = fact_types(fitting=list[str])
    title = "This kind of case has no such outcome."
    title_id = "Jenis pemeriksaan ini tidak mengenal hasil tersebut."
    next_action = "Use one of the outcomes that are named in `fitting`."
    next_action_id = "Gunakan salah satu hasil yang disebut pada `fitting`."


class SecondPersonMustAgree(Refusal):
    """The person who proposed to give money up, or to confirm it, cannot also agree to it."""

    status = 409
    code = "second_person_must_agree"
    facts_told = fact_types(outcome=PaymentCaseOutcome)
    title = "Money is given up by this, or said to be there, so another person must say the same."
    title_id = "Keputusan ini menghapuskan uang atau menyatakan uang ada, sehingga orang lain harus menyetujuinya."
    next_action = "Ask a colleague to close the case with the same outcome."
    next_action_id = "Minta rekan lain menutup pemeriksaan dengan hasil yang sama."


class OwnFileNotYours(Refusal):
    """The person who brought a settlement file cannot close the cases that it opened."""

    status = 403
    code = "own_file_not_yours"
    title = "You brought the file that this case comes from, so others must answer it."
    title_id = "Anda yang membawa berkas asal pemeriksaan ini, sehingga orang lain yang harus menyelesaikannya."
    next_action = "Ask two colleagues; you may write down what you know as a note."
    next_action_id = "Minta dua rekan menyelesaikannya; Anda dapat menuliskan keterangan sebagai catatan."
