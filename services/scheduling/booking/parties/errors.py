"""Why a family is not booked together."""

from __future__ import annotations

from services.scheduling.booking.parties.party import PartyBreak
from shared.errors import Refusal, fact_types


class PartyBroken(Refusal):
    """One member could not be seated, so none was; `reason` says why."""

    status = 409
    code = "party_broken"
    facts_told = fact_types(reason=PartyBreak)
    title = "The family could not be booked together, so nobody was booked."
    title_id = "Keluarga tidak dapat dipesankan bersama, sehingga tidak ada yang dipesankan."
    next_action = "Try again, with this session or another one."
    next_action_id = "Coba lagi pada sesi ini atau sesi lain."


class SamePersonTwice(Refusal):
    """Two applications of one person cannot sit on two seats."""

    status = 422
    code = "same_person_twice"
    title = "A person can be in a family booking once only."
    title_id = "Seseorang hanya dapat tercantum satu kali dalam pemesanan keluarga."
    next_action = "Name one application of each person."
    next_action_id = "Sebutkan satu permohonan untuk setiap orang."
