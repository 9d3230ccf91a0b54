"""What notification refuses, one class per sentence."""

from __future__ import annotations

from shared.errors import Refusal


class ChannelHasNoAddress(Refusal):
    """A channel was chosen for which the account has no address."""

    status = 409
    code = "channel_has_no_address"
    title = "There is no address for this channel."
    title_id = "Tidak ada alamat untuk saluran ini."
    next_action = "Add and verify a phone number first, or choose email."
    next_action_id = "Tambahkan dan verifikasi nomor telepon lebih dahulu, atau pilih email."
