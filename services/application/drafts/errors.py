"""Refusals about drafts, submission and withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from services.application.requirements.requirement import Listed
from services.application.texts import Text
from shared.errors import Refusal, fact_types


class MissingItem(TypedDict):
    """An item of the list that is missing."""

    code: str
    title: str
    title_in_indonesian: str
    title_id: str


class MissingPages(TypedDict):
    """An item of the list of which pages are missing."""

    code: str
    pages: list[int]


class ApplicationAlreadyOpen(Refusal):
    """One live application per applicant."""

    status = 409
    code = "application_already_open"
    facts_told = fact_types(application_id=str)
    title = "An application of this person is open already."
    title_id = "Permohonan untuk orang ini sudah ada."
    next_action = "Go on with the open one, or withdraw it."
    next_action_id = "Lanjutkan atau tarik permohonan tersebut."


class AccountNotNamed(Refusal):
    """An officer acts for somebody and has to say for whom."""

    status = 422
    code = "account_not_named"
    title = "Say for whose account you act."
    title_id = "Sebutkan akun yang Anda wakili."
    next_action = "Add on_behalf_of with the account's id."
    next_action_id = "Tambahkan on_behalf_of dengan id akun."


class IdentityNotConfirmed(Refusal):
    """The civil registry refused the applicant's data."""

    status = 409
    code = "identity_not_confirmed"
    title = "The civil registry has not confirmed this applicant."
    title_id = "Dukcapil tidak mengonfirmasi pemohon ini."
    next_action = "See the applicant for the causes and correct the data, then repeat this step."
    next_action_id = "Lihat penyebabnya pada data pemohon dan perbaiki datanya, lalu ulangi langkah ini."


class ApplicantCameOfAge(Refusal):
    """The applicant was added as a child and is 17 or married: their guardian does not apply for them any more."""

    status = 409
    code = "child_came_of_age"
    facts_told = fact_types(applicant_id=str)
    title = "This person was added as a child and is grown up now: they apply themselves."
    title_id = "Orang ini didaftarkan sebagai anak dan kini sudah dewasa: ia mengajukan permohonan sendiri."
    next_action = "Let them open an account of their own, with their own email address, for example sari@example.org."
    next_action_id = "Mintalah ia membuat akun sendiri dengan alamat surelnya, misalnya sari@contoh.id."


class ItemsMissing(Refusal):
    """Compulsory items are not there; every one of them is named."""

    status = 422
    code = "items_missing"
    facts_told = fact_types(missing=list[MissingItem])
    title = "Required documents are missing."
    title_id = "Ada dokumen wajib yang belum ada."
    next_action = "Upload the named documents, then submit again."
    next_action_id = "Unggah dokumen yang disebutkan, lalu kirim lagi."

    def __init__(self, items: Sequence[Listed]) -> None:
        titles = ", ".join(item.requirement.title.en for item in items)
        titles_id = ", ".join(item.requirement.title.id for item in items)
        super().__init__(
            f"Missing: {titles}.",
            detail_id=f"Belum ada: {titles_id}.",
            missing=[
                MissingItem(
                    code=item.code,
                    title=item.requirement.title.en,
                    title_in_indonesian=item.requirement.title.id,
                    title_id=item.requirement.title.id,
                )
                for item in items
            ],
        )


class PagesMissing(Refusal):
    """The pages of an item have a gap; every missing page is named."""

    status = 422
    code = "pages_missing"
    facts_told = fact_types(missing=list[MissingPages])
    title = "Pages of a document are missing."
    title_id = "Ada halaman dokumen yang belum ada."
    next_action = "Upload the named pages, or remove those behind them, then submit again."
    next_action_id = "Unggah halaman yang disebutkan, atau hapus halaman sesudahnya, lalu kirim lagi."

    def __init__(self, pages: Mapping[str, tuple[int, ...]]) -> None:
        named = "; ".join(f"{code}: {', '.join(map(str, missing))}" for code, missing in pages.items())
        super().__init__(
            f"Missing pages of {named}.",
            detail_id=f"Halaman yang belum ada untuk {named}.",
            missing=[MissingPages(code=code, pages=list(missing)) for code, missing in pages.items()],
        )


class ConfirmationMissing(Refusal):
    """The applicant has to say that they know what is not paid back."""

    status = 422
    code = "confirmation_missing"
    title = "Confirm that you have read what is not paid back."
    title_id = "Konfirmasikan bahwa Anda telah membaca ketentuan biaya yang tidak dikembalikan."
    next_action = "Read the statement and send confirmed_not_refundable as true."
    next_action_id = "Baca pernyataannya dan kirim confirmed_not_refundable bernilai true."

    def __init__(self, statement: Text) -> None:
        super().__init__(statement.en, detail_id=statement.id, field="/confirmed_not_refundable")


class AnotherPersonsApplication(Refusal):
    """The application is not for the person who stands at the counter."""

    status = 409
    code = "another_persons_application"
    title = "This application is for another person."
    title_id = "Permohonan ini untuk orang lain."
    next_action = "Search again by the person's id, which POST /v1/persons/lookup tells for the NIK on the card."
    next_action_id = "Cari lagi dengan id orangnya, yang diberikan POST /v1/persons/lookup untuk NIK pada KTP."


class TooLateToWithdraw(Refusal):
    """The visit has begun."""

    status = 409
    code = "too_late_to_withdraw"
    title = "The visit has begun; the application cannot be withdrawn any more."
    title_id = "Kunjungan sudah dimulai; permohonan tidak dapat ditarik lagi."
    next_action = "Tell the officer."
    next_action_id = "Sampaikan kepada petugas."
