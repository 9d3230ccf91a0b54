"""The next action for a passport, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.application.passports.passport import PassportStep
from services.application.texts import Text

STEPS: Final[Mapping[PassportStep, Text]] = {
    PassportStep.COLLECT: Text("Collect it at its office in office hours.", "Ambil di kantornya pada jam kerja."),
    PassportStep.KEEP: Text(
        "Keep it safe; report its loss or damage at once.", "Simpan baik-baik; laporkan segera bila hilang atau rusak."
    ),
    PassportStep.REPLACE: Text(
        "Begin a replacement: what is known is filled in.",
        "Mulai penggantian: data yang sudah diketahui terisi sendiri.",
    ),
    PassportStep.SEE_NEWER: Text("Use the passport that took its place.", "Gunakan paspor yang menggantikannya."),
    PassportStep.BEGIN_AGAIN: Text(
        "Begin a new application: a passport that was not collected is cancelled.",
        "Mulai permohonan baru: paspor yang tidak diambil dibatalkan.",
    ),
}
