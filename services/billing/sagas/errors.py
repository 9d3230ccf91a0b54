"""Refusals about sagas, their overrides, and explanations."""

from __future__ import annotations

from services.billing.sagas.model import OverrideState
from shared.errors import NotFound, Refusal, fact_types


class SagaUnknown(NotFound):
    """Billing knows no money of that application."""

    code = "saga_unknown"
    title = "There is no bill, receipt or refund of that application."
    title_id = "Tidak ada tagihan, penerimaan atau pengembalian untuk permohonan itu."
    next_action = "Check the application's id."
    next_action_id = "Periksa id permohonan."


class OverrideUnknown(NotFound):
    """No override of that id at that application."""

    code = "override_unknown"
    title = "There is no such override."
    title_id = "Tindakan pengecualian tidak ditemukan."
    next_action = "Read the saga; it lists its overrides."
    next_action_id = "Buka data saga; di sana tercantum tindakan pengecualiannya."


class OverrideDecided(Refusal):
    """A second person has decided on it before."""

    status = 409
    code = "override_decided"
    facts_told = fact_types(state=OverrideState)
    title = "This override was decided on already."
    title_id = "Tindakan pengecualian ini sudah diputuskan."
    next_action = "Read the saga; propose another override if one is still needed."
    next_action_id = "Buka data saga; usulkan tindakan lain bila masih diperlukan."


class OverrideDoesNotFit(Refusal):
    """The act means nothing where the money stands now."""

    status = 409
    code = "override_does_not_fit"
    title = "This cannot be done where the money stands now."
    title_id = "Tindakan ini tidak sesuai dengan keadaan dana saat ini."
    next_action = "Read the saga and choose an act that fits its step."
    next_action_id = "Buka data saga dan pilih tindakan yang sesuai dengan tahapnya."


class NothingToExplain(NotFound):
    """No bill, code, receipt or refund case has that number."""

    code = "nothing_to_explain"
    title = "No bill, receipt or refund has that number."
    title_id = "Tidak ada tagihan, penerimaan atau pengembalian dengan nomor itu."
    next_action = "Give a billing code, an NTPN, a bill's or a refund case's id."
    next_action_id = "Berikan kode billing, NTPN, id tagihan atau id pengembalian."
