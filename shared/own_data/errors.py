"""Refusals about exports, wherever a part of one is downloaded."""

from __future__ import annotations

from shared.errors import NotFound, Refusal


class ExportOver(NotFound):
    """There is no such export of this account, or its days are over."""

    code = "export_over"
    title = "This export is not here, or its days are over."
    title_id = "Ekspor ini tidak ada, atau masa simpannya sudah habis."
    next_action = "Ask for a new one at POST /v1/account/exports; it can be downloaded for 7 days."
    next_action_id = "Minta yang baru di POST /v1/account/exports; dapat diunduh selama 7 hari."


class ExportOfAnotherSession(Refusal):
    """The caller is signed in elsewhere than where both addresses were proven."""

    status = 403
    code = "export_of_another_session"
    title = "An export is downloaded where it was asked for, so that no other device gets it."
    title_id = "Ekspor diunduh di tempat ia diminta, agar tidak diperoleh perangkat lain."
    next_action = "Download it on that device, or ask for a new one here, for example now at POST /v1/account/exports."
    next_action_id = (
        "Unduh di perangkat tersebut, atau minta yang baru di sini, misalnya sekarang di POST /v1/account/exports."
    )
