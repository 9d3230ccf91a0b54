"""Identity's own part of an export: account, sessions, consents and applicants, in the open for their holder."""

from __future__ import annotations

from datetime import date, datetime

from services.identity.accounts.account import Account
from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.consents.service import Consents
from services.identity.context import UseCaseContext
from shared.errors import NotFound
from shared.own_data.part import Correction, OwnData, own
from shared.own_data.staff_acts import OwnStaffAct, list_staff_acts
from shared.store.kinds import Record


class OwnAccount(OwnData):
    """The account."""

    account_id: str = own("Nomor akun", "Account number")
    email: str | None = own("Alamat email", "Email address", Correction.ADDRESS)
    phone: str | None = own("Nomor ponsel", "Telephone number", Correction.ADDRESS)
    language: str = own("Bahasa", "Language", Correction.PREFERENCES)
    registered_at: datetime = own("Terdaftar pada", "Registered at")
    joined_account_ids: list[str] = own("Akun yang digabungkan", "Accounts that were joined into it")


class OwnSession(OwnData):
    """A device that is signed in."""

    started_at: datetime = own("Masuk pada", "Signed in at", Correction.SESSIONS)
    ends_at: datetime = own("Berakhir pada", "Ends at", Correction.SESSIONS)


class OwnConsent(OwnData):
    """A consent that was given or withdrawn."""

    purpose: str = own("Tujuan", "Purpose", Correction.CONSENTS)
    notice_version: int = own("Versi pemberitahuan privasi", "Version of the privacy notice", Correction.CONSENTS)
    given: bool = own("Disetujui", "Given", Correction.CONSENTS)
    at: datetime = own("Pada", "At")
    how: str = own("Cara", "How")
    applicant_id: str | None = own("Untuk pemohon", "About the applicant")


class OwnApplicant(OwnData):
    """Somebody for whom the account applies."""

    applicant_id: str = own("Nomor pemohon", "Applicant number")
    full_name: str = own("Nama lengkap", "Full name", Correction.PARTICULARS)
    nik: str | None = own("NIK", "Identity number (NIK)", Correction.OFFICE)
    birth_place: str = own("Tempat lahir", "Place of birth", Correction.PARTICULARS)
    birth_date: date = own("Tanggal lahir", "Date of birth", Correction.PARTICULARS)
    sex: str = own("Jenis kelamin", "Sex", Correction.PARTICULARS)
    family_card_number: str | None = own("Nomor kartu keluarga", "Family card number", Correction.PARTICULARS)
    married: bool = own("Menikah", "Married", Correction.PARTICULARS)
    minor: bool = own("Anak", "Child")
    guardian_applicant_id: str | None = own("Wali", "Guardian", Correction.PARTICULARS)
    added_at: datetime = own("Ditambahkan pada", "Added at")
    identity_check: str = own("Hasil pencocokan kependudukan", "Result of the civil registry's check")
    corrected_fields: list[str] = own("Diperbaiki petugas", "Corrected by officers")


class IdentityPart(OwnData):
    """All that identity keeps of a person."""

    account: OwnAccount = own("Akun", "Account")
    sessions: list[OwnSession] = own("Perangkat yang masuk", "Devices signed in")
    consents: list[OwnConsent] = own("Persetujuan", "Consents")
    applicants: list[OwnApplicant] = own("Pemohon", "Applicants")
    staff_acts: list[OwnStaffAct] = own("Dibaca dan dikerjakan petugas", "Read and done by staff")


class IdentityParts:
    """Collects identity's own part."""

    def __init__(self, context: UseCaseContext, consents: Consents) -> None:
        self._store = context.store
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._applicant_vault = ApplicantVault(context.seals)
        self._consents = consents

    async def collect(self, account_id: str) -> IdentityPart:
        """Return what identity keeps of an account.

        Raises:
            NotFound: the account is gone.
        """
        record = await self._accounts.account(account_id)
        if record is None:
            raise NotFound()
        seen = await self._consents.list_consents(account_id)
        acts = [*seen.record.acts, *(child.act for child in seen.children if child.act not in seen.record.acts)]
        consents = [
            OwnConsent(
                purpose=act.purpose,
                notice_version=act.notice_version,
                given=act.is_given,
                at=act.at,
                how=act.how.value,
                applicant_id=act.applicant_id,
            )
            for act in acts
        ]
        found = await self._applicants.applicants_of(account_id)
        persons = [applicant.state.person_id for applicant in found if applicant.state.person_id is not None]
        subjects = (account_id, *(applicant.id for applicant in found), *persons)
        return IdentityPart(
            account=await self._account(record),
            sessions=[OwnSession(started_at=s.started_at, ends_at=s.ends_at) for s in record.state.sessions],
            consents=consents,
            applicants=[await self._applicant(applicant) for applicant in found],
            staff_acts=await list_staff_acts(self._store, subjects),
        )

    async def _account(self, record: Record[Account]) -> OwnAccount:
        account = record.state
        unlocked = await self._account_vault.unlock(record.id)
        email, phone = (unlocked.address_of(account, channel) for channel in (Channel.EMAIL, Channel.SMS))
        return OwnAccount(
            account_id=record.id,
            email=email.text if email else None,
            phone=phone.text if phone else None,
            language=account.language,
            registered_at=account.registered_at,
            joined_account_ids=[joined.account_id for joined in account.joined],
        )

    async def _applicant(self, record: Record[Applicant]) -> OwnApplicant:
        applicant = record.state
        particulars = await self._applicant_vault.particulars(applicant.particulars, record.id)
        corrected = [name.value for correction in applicant.corrections for name in correction.fields]
        return OwnApplicant(
            applicant_id=record.id,
            full_name=particulars.full_name,
            nik=particulars.nik,
            birth_place=particulars.birth_place,
            birth_date=particulars.birth_date,
            sex=particulars.sex.value,
            family_card_number=particulars.family_card_number,
            married=particulars.married,
            minor=applicant.minor,
            guardian_applicant_id=applicant.guardian_applicant_id,
            added_at=applicant.added_at,
            identity_check=applicant.identity.state.value,
            corrected_fields=list(dict.fromkeys(corrected)),
        )
