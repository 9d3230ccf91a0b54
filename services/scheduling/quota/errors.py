"""Refusals of changes of quota."""

from __future__ import annotations

from typing import Literal

from services.scheduling.offices.release_rule import RuleProblem
from services.scheduling.offices.session import PlanProblem
from services.scheduling.offices.weekly_template import TemplateProblem
from services.scheduling.quota.change import ChangeState
from services.scheduling.terms import Pool
from shared.errors import NotAllowed, NotFound, Refusal, fact_types


class EditedMeanwhile(Refusal):
    """It was changed since the version that the author had seen; `version` is the present one."""

    status = 409
    code = "edited_meanwhile"
    facts_told = fact_types(version=int)
    title = "This was changed by somebody else since you read it."
    title_id = "Data ini sudah diubah orang lain sejak Anda membacanya."
    next_action = "Read it again, look at what changed, and send your edit with the present version."
    next_action_id = "Muat ulang, periksa perubahannya, lalu kirim suntingan dengan versi terbaru."


class CutBelowBooked(Refusal):
    """More seats would be taken away than are free; `booked` says how many are not."""

    status = 409
    code = "cut_below_booked"
    facts_told = fact_types(pool=Pool, booked=int, seats=int)
    title = "More seats of this pool are booked than it would keep."
    title_id = "Kursi yang sudah dipesan lebih banyak daripada kuota baru."
    next_action = "Keep at least the booked seats, or send bulk_move=true to move the visits that are too many."
    next_action_id = "Sisakan minimal kursi yang sudah dipesan, atau kirim bulk_move=true untuk memindahkan kunjungan."


class NothingChanges(Refusal):
    """The edit says what is there already."""

    status = 422
    code = "nothing_changes"
    title = "This edit changes nothing."
    title_id = "Suntingan ini tidak mengubah apa pun."
    next_action = "Change at least one value."
    next_action_id = "Ubah setidaknya satu nilai."


class TemplateWrong(Refusal):
    """A template cannot be used; `problem` names the rule, `index` the session that breaks it."""

    status = 422
    code = "template_wrong"
    facts_told = fact_types(problem=TemplateProblem | PlanProblem, index=int)
    title = "This weekly template cannot be used."
    title_id = "Templat mingguan ini tidak dapat digunakan."
    next_action = "Correct the session named here and send the template again."
    next_action_id = "Perbaiki sesi yang disebutkan di sini, lalu kirim ulang templat."


class FactsWrong(Refusal):
    """The facts of an office contradict each other; `problem` names the rule."""

    status = 422
    code = "facts_wrong"
    facts_told = fact_types(
        problem=RuleProblem | Literal["closes_before_it_opens", "ends_before_it_starts", "half_a_position"]
    )
    title = "These office facts do not fit together."
    title_id = "Data kantor ini tidak konsisten."
    next_action = "Correct the named part and send the facts again."
    next_action_id = "Perbaiki bagian yang disebutkan, lalu kirim ulang."


class OutsideOpeningHours(Refusal):
    """The session lies outside the office's hours or on a closed day: that needs a reason."""

    status = 422
    code = "outside_opening_hours"
    title = "This session lies outside the office's opening hours."
    title_id = "Sesi ini berada di luar jam buka kantor."
    next_action = "Send the reason for working out of hours, or choose another time."
    next_action_id = "Sertakan alasan bekerja di luar jam, atau pilih waktu lain."


class ChangeNotFound(NotFound):
    """No change of this id."""

    code = "change_not_found"
    title = "There is no such change of quota."
    title_id = "Perubahan kuota tersebut tidak ada."
    next_action = "Read the list of your office's changes and choose one of them."
    next_action_id = "Lihat daftar perubahan kantor Anda dan pilih salah satu."


class SecondPersonNeeded(NotAllowed):
    """The author of a change cannot decide on it."""

    code = "second_person_needed"
    title = "Another administrator than its author must decide on this change."
    title_id = "Perubahan ini harus diputuskan admin lain, bukan pengusulnya."
    next_action = "Ask another administrator of your office to decide."
    next_action_id = "Mintalah admin lain di kantor Anda untuk memutuskan."


class ChangeDecided(Refusal):
    """The change was decided before; `state` says how."""

    status = 409
    code = "change_decided"
    facts_told = fact_types(state=ChangeState)
    title = "This change was decided before."
    title_id = "Perubahan ini sudah diputuskan."
    next_action = "Read the change; make a new one if it is still needed."
    next_action_id = "Lihat perubahan itu; ajukan yang baru bila masih diperlukan."


class ChangeFailed(Refusal):
    """The change could not take effect; `failure` is the reason's code."""

    status = 409
    code = "change_failed"
    facts_told = fact_types(change_id=str, failure=str)
    title = "This change could not take effect."
    title_id = "Perubahan ini tidak dapat diterapkan."
    next_action = "Read what it was about again and make a new change."
    next_action_id = "Muat ulang datanya dan ajukan perubahan baru."


class OfficeExists(Refusal):
    """Another office has this name."""

    status = 409
    code = "office_exists"
    facts_told = fact_types(office_id=str)
    title = "There is an office of this name already."
    title_id = "Kantor dengan nama ini sudah ada."
    next_action = "Choose another name."
    next_action_id = "Pilih nama lain."


class DayNotPossible(Refusal):
    """Offline quota is for today and the days to come, within the horizon of sessions."""

    status = 422
    code = "day_not_possible"
    title = "Offline quota cannot be opened for this day."
    title_id = "Kuota luring tidak dapat dibuka untuk hari ini."
    next_action = "Choose today or a day of the next weeks."
    next_action_id = "Pilih hari ini atau hari dalam beberapa minggu ke depan."
