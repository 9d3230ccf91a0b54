"""Sentences about a message for the person it was sent to: its state, the cause of a failure, the next action.

English and Indonesian. Nothing of the message itself is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.notification.deliveries.delivery import (
    ADDRESS_MALFORMED,
    LETTER_GONE,
    NO_ADDRESS,
    RETURNED,
    TEXT_BROKEN,
    UNREADABLE,
    Delivery,
    State,
)
from shared.events.codes import DeliveryChannel


@dataclass(frozen=True)
class DeliveryText:
    """The sentences of one state or cause."""

    says: str
    says_id: str
    next_action: str
    next_action_id: str


WAITS: Final = DeliveryText(
    "The message waits to be sent.",
    "Pesan menunggu untuk dikirim.",
    "Wait a moment and ask again.",
    "Tunggu sebentar, lalu lihat lagi.",
)
TRIED_AGAIN: Final = DeliveryText(
    "The message could not be sent yet and is tried again by itself.",
    "Pesan belum dapat dikirim dan akan dicoba lagi secara otomatis.",
    "Wait for the next try; its time is named.",
    "Tunggu percobaan berikutnya pada waktu yang disebutkan.",
)
SENT: Final[Mapping[DeliveryChannel, DeliveryText]] = {
    DeliveryChannel.EMAIL: DeliveryText(
        "The mail server has taken the email; whether it is read is not known here.",
        "Server surel sudah menerima surel; tidak diketahui apakah sudah dibaca.",
        "Look into your inbox and the folder for spam.",
        "Periksa kotak masuk dan folder spam.",
    ),
    DeliveryChannel.SMS: DeliveryText(
        "The telephone operator has taken the SMS and has not confirmed its arrival yet.",
        "Operator telepon sudah menerima SMS dan belum mengonfirmasi penyampaiannya.",
        "Check that the telephone is switched on and has a signal.",
        "Pastikan telepon menyala dan mendapat sinyal.",
    ),
}
ARRIVED: Final = DeliveryText(
    "The message has arrived on the telephone.",
    "Pesan sudah sampai di telepon.",
    "Nothing is left to do.",
    "Tidak ada yang perlu dilakukan.",
)
TOO_LATE: Final = DeliveryText(
    "The message was of no more use when it could be sent, so it was not sent.",
    "Pesan tidak berguna lagi ketika dapat dikirim, sehingga tidak dikirim.",
    "Look at your application, or ask for a new code.",
    "Lihat permohonan Anda, atau minta kode baru.",
)

NO_ADDRESS_HERE: Final = DeliveryText(
    "Your account has no address for this channel.",
    "Akun Anda tidak mempunyai alamat untuk saluran ini.",
    "Add and verify an address in your account.",
    "Tambahkan dan verifikasi alamat pada akun Anda.",
)
ADDRESS_REFUSED: Final = DeliveryText(
    "The address was refused: it does not exist or takes no messages.",
    "Alamat ditolak: tidak ada atau tidak menerima pesan.",
    "Check the address in your account, correct it, or choose another channel.",
    "Periksa alamat pada akun Anda, perbaiki, atau pilih saluran lain.",
)
NOT_DELIVERED: Final = DeliveryText(
    "The telephone operator could not deliver the SMS.",
    "Operator telepon tidak dapat menyampaikan SMS.",
    "Check the number and that the telephone is switched on, or choose email.",
    "Periksa nomor dan pastikan telepon menyala, atau pilih surel.",
)
OUR_FAULT: Final = DeliveryText(
    "The message could not be made, by a fault of ours; our operators are told of it.",
    "Pesan tidak dapat dibuat karena kesalahan kami; petugas kami diberi tahu.",
    "Look at your application; it shows the same.",
    "Lihat permohonan Anda; isinya sama.",
)
NO_ANSWER: Final = DeliveryText(
    "The channel did not answer for as long as the message was of use.",
    "Saluran tidak menjawab selama pesan masih berguna.",
    "Look at your application, ask for a new code, or choose another channel.",
    "Lihat permohonan Anda, minta kode baru, atau pilih saluran lain.",
)

_FAILED: Final[Mapping[str, DeliveryText]] = {
    NO_ADDRESS: NO_ADDRESS_HERE,
    ADDRESS_MALFORMED: ADDRESS_REFUSED,
    RETURNED: NOT_DELIVERED,
    UNREADABLE: OUR_FAULT,
    TEXT_BROKEN: OUR_FAULT,
    LETTER_GONE: OUR_FAULT,
}
_REFUSED: Final = ("smtp_5", "sms_4")
"""How the codes of a final refusal by a channel begin; any other cause is a channel that did not answer."""


def text_of(delivery: Delivery) -> DeliveryText:
    """Return the sentences of the state that a message is in, with the cause if it failed."""
    if delivery.state is State.QUEUED:
        return TRIED_AGAIN if delivery.tries else WAITS
    if delivery.state is State.SENT:
        return SENT[delivery.channel]
    if delivery.state is State.FAILED:
        reason = delivery.reason or ""
        return _FAILED.get(reason, ADDRESS_REFUSED if reason.startswith(_REFUSED) else NO_ANSWER)
    return ARRIVED if delivery.state is State.DELIVERED else TOO_LATE
