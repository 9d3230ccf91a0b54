"""The next step of an applicant, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.identity.applicants.applicant import IdentityState


@dataclass(frozen=True, slots=True)
class Progress:
    """The present step, those after it, and what to do now in both languages."""

    current_step: str
    remaining_steps: tuple[str, ...]
    next_action: str
    next_action_id: str


_CHECK: Final = "identity_check"
_APPLY: Final = "application"

_PROGRESS: Final[Mapping[IdentityState, Progress]] = {
    IdentityState.PENDING: Progress(
        _CHECK,
        (_APPLY,),
        "Wait: the civil registry is being asked. You may leave; the check goes on by itself.",
        "Tunggu: data sedang diperiksa ke Dukcapil. Anda boleh keluar; pemeriksaan berjalan sendiri.",
    ),
    IdentityState.UPSTREAM_DOWN: Progress(
        _CHECK,
        (_APPLY,),
        "Wait: the civil registry does not answer and is asked again by itself. This does not count as a failed try.",
        "Tunggu: Dukcapil belum menjawab dan akan dihubungi lagi secara otomatis. Ini tidak dihitung sebagai gagal.",
    ),
    IdentityState.SHOWN_BACK: Progress(
        "confirm_data",
        (_APPLY,),
        "Compare the named data with your identity card: correct them here, or confirm that they are right as typed.",
        "Cocokkan data yang disebut dengan KTP: perbaiki di sini, atau pastikan bahwa isian Anda sudah benar.",
    ),
    IdentityState.FAILED: Progress(
        _CHECK,
        (_APPLY,),
        "Read the remedies, correct the data or go to the civil registry office, then ask again.",
        "Baca petunjuknya, perbaiki data atau datang ke kantor Dukcapil, lalu minta pemeriksaan ulang.",
    ),
    IdentityState.PASSED: Progress(
        _APPLY,
        (),
        "Begin the passport application.",
        "Mulai permohonan paspor.",
    ),
}

GROWN: Final = Progress(
    "own_account",
    (),
    "This person is grown up now and acts for themselves: they open an account of their own with their own address.",
    "Orang ini sudah dewasa dan mengurusnya sendiri: ia membuat akun sendiri dengan alamat surelnya.",
)
"""Of somebody who was added as a child and is 17 or married, whatever the registry has said."""


def identity_progress(state: IdentityState) -> Progress:
    """Return the progress of an applicant in this state."""
    return _PROGRESS[state]
