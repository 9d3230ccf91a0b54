"""Refusals of notification."""

from __future__ import annotations

from shared.errors import Refusal, fact_types
from shared.events.codes import DeliveryChannel


class ChannelHasNoAddress(Refusal):
    """A channel was chosen for which the account has no address."""

    status = 409
    code = "channel_has_no_address"
    facts_told = fact_types(channel=DeliveryChannel)
    title = "There is no address for this channel."
    title_id = "Tidak ada alamat untuk saluran ini."
    next_action = "Choose a channel that has an address, or add and verify one first."
    next_action_id = "Pilih saluran yang sudah memiliki alamat, atau tambahkan dan verifikasi alamatnya lebih dahulu."
