"""Refusals of webhooks."""

from __future__ import annotations

from services.notification.webhooks.webhook import WebhookState
from shared.errors import NotFound, Refusal, fact_types
from shared.http.outside import AddressProblem


class WebhookUnknown(NotFound):
    """No webhook has that id."""

    code = "webhook_unknown"
    title = "There is no such webhook."
    title_id = "Webhook tersebut tidak ditemukan."
    next_action = "List the webhooks at GET /v1/webhooks and use an id from there."
    next_action_id = "Buka daftar webhook di GET /v1/webhooks dan gunakan id dari sana."


class WebhookAddressNotTaken(Refusal):
    """The address is no https address of the outside; `reason` says why."""

    status = 422
    code = "webhook_address_not_taken"
    facts_told = fact_types(reason=AddressProblem)
    title = "Events cannot be sent to this address."
    title_id = "Peristiwa tidak dapat dikirim ke alamat ini."
    next_action = (
        "Write an https address on the public Internet without query, such as https://hooks.example.org/paspor."
    )
    next_action_id = "Tulis alamat https di Internet umum tanpa parameter, misalnya https://hooks.example.org/paspor."


class WebhookKindUnknown(Refusal):
    """Webhooks are not told events of this kind."""

    status = 422
    code = "webhook_kind_unknown"
    facts_told = fact_types(kinds=list[str])
    title = "Webhooks are not told events of this kind."
    title_id = "Peristiwa jenis ini tidak disampaikan melalui webhook."
    next_action = "List the kinds at GET /v1/webhook-kinds and choose from those."
    next_action_id = "Buka daftar jenis di GET /v1/webhook-kinds dan pilih dari sana."


class TooManyWebhooks(Refusal):
    """As many webhooks as are served side by side are registered; `most` says how many."""

    status = 409
    code = "too_many_webhooks"
    facts_told = fact_types(most=int)
    title = "As many webhooks as are served are registered."
    title_id = "Jumlah webhook yang dapat dilayani sudah penuh."
    next_action = "Delete one that is not used any more, then register again."
    next_action_id = "Hapus webhook yang tidak dipakai lagi, lalu daftarkan kembali."


class WebhookStateForbids(Refusal):
    """In the state that it is in, this cannot be done with the webhook; `state` says which."""

    status = 409
    code = "webhook_state_forbids"
    facts_told = fact_types(state=WebhookState)
    title = "This cannot be done with this webhook now."
    title_id = "Tindakan ini tidak dapat dilakukan terhadap webhook tersebut saat ini."
    next_action = "Look at the webhook: one that is disabled is enabled first."
    next_action_id = "Periksa webhook tersebut: yang nonaktif harus diaktifkan dahulu."


class WebhookEventUnknown(NotFound):
    """No event of this id is kept: it was never told to webhooks, or its time is over."""

    code = "webhook_event_unknown"
    title = "No event of this id is kept for webhooks."
    title_id = "Peristiwa dengan id ini tidak disimpan untuk webhook."
    next_action = "Name a time instead, such as 2026-11-23T02:00:00Z: what is kept from then on is sent again."
    next_action_id = (
        "Sebutkan waktu sebagai gantinya, misalnya 2026-11-23T02:00:00Z: peristiwa sejak saat itu dikirim lagi."
    )
