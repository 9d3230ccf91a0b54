"""Refusals about a person who collects a passport for its holder."""

from __future__ import annotations

from collections.abc import Iterable

from shared.errors import Refusal, fact_types


class CollectorsPapersNotSeen(Refusal):
    """A member of the family shows the family card, anybody else the holder's letter, both their identity card."""

    status = 409
    code = "collectors_papers_not_seen"
    facts_told = fact_types(missing=list[str])
    title = "The papers of the person who collects the passport were not recorded as seen."
    title_id = "Dokumen orang yang mengambil paspor belum dicatat sebagai diperiksa."
    next_action = (
        "See the named papers, and record the collection with the person's name and NIK, for example with papers_seen "
        "identity_card and letter_of_authority."
    )
    next_action_id = (
        "Periksa dokumen yang disebutkan, lalu catat pengambilan dengan nama dan NIK orang tersebut, misalnya dengan "
        "papers_seen identity_card dan letter_of_authority."
    )

    def __init__(self, missing: Iterable[str]) -> None:
        codes = list(missing)
        super().__init__(
            f"Not seen: {', '.join(codes)}.",
            detail_id=f"Belum diperiksa: {', '.join(codes)}.",
            field="/collector",
            missing=codes,
        )


class CollectorNotNeeded(Refusal):
    """A passport that its holder collects has no other collector."""

    status = 422
    code = "collector_not_needed"
    title = "A collector is named, but the holder collects the passport; nothing was recorded."
    title_id = "Pengambil paspor disebutkan, padahal pemegang mengambilnya sendiri; tidak ada yang dicatat."
    next_action = "Leave collector out, or send family or proxy in collected_by."
    next_action_id = "Hapus collector, atau kirim family atau proxy dalam collected_by."


class CollectedOtherwise(Refusal):
    """The collection is recorded with another collector, and stays as it is."""

    status = 409
    code = "collected_otherwise"
    title = "It is recorded already that another person collected this passport; nothing was changed."
    title_id = "Sudah tercatat bahwa orang lain mengambil paspor ini; tidak ada yang diubah."
    next_action = "Look at the application; tell the head of the office if what is recorded is wrong."
    next_action_id = "Lihat permohonan; laporkan kepada kepala kantor bila catatannya salah."


class ProxyNotAuthorised(Refusal):
    """The holder has announced another person, or has taken the authority of this one back."""

    status = 409
    code = "proxy_not_authorised"
    title = "The holder does not let this person collect the passport."
    title_id = "Pemegang paspor tidak memberi kuasa kepada orang ini."
    next_action = (
        "Hand the passport to its holder or to the person who was announced; the holder can announce this person in "
        "the account."
    )
    next_action_id = (
        "Serahkan paspor kepada pemegangnya atau kepada penerima kuasa yang terdaftar; pemegang dapat mendaftarkan "
        "orang ini di akunnya."
    )


class ProxyIsHolder(Refusal):
    """The identity number is the holder's own."""

    status = 422
    code = "proxy_is_holder"
    title = "This is the holder's own NIK."
    title_id = "NIK ini milik pemegang paspor sendiri."
    next_action = "Give the NIK of the person who collects the passport; the holder needs no letter."
    next_action_id = "Tuliskan NIK orang yang mengambil paspor; pemegang sendiri tidak memerlukan surat kuasa."


class NoProxyAnnounced(Refusal):
    """There is no person to take the authority from."""

    status = 409
    code = "no_proxy_announced"
    title = "Nobody was announced to collect this passport."
    title_id = "Belum ada penerima kuasa untuk paspor ini."
    next_action = "Announce a person first, with their name and NIK."
    next_action_id = "Daftarkan penerima kuasa terlebih dahulu, dengan nama dan NIK-nya."
