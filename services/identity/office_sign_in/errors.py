"""Refusals about signing in through an office's own provider, its links and its administration."""

from __future__ import annotations

from services.identity.office_sign_in.link import OfficeLinkState
from services.identity.office_sign_in.provider import ProviderState
from shared.errors import NotAllowed, NotFound, Refusal, Unavailable, fact_types
from shared.http.outside import AddressProblem


class OfficeProviderUnknown(NotFound):
    """No provider of that id signs anybody in now."""

    code = "office_provider_unknown"
    title = "There is no such office sign-in."
    title_id = "Cara masuk kantor tersebut tidak ditemukan."
    next_action = "Choose one from the list of office sign-ins."
    next_action_id = "Pilih salah satu dari daftar cara masuk kantor."


class OfficeProviderDown(Unavailable):
    """The provider does not answer as one; `reason` says how."""

    code = "office_provider_down"
    facts_told = fact_types(reason=str)
    title = "The sign-in of your office does not answer right now."
    title_id = "Layanan masuk kantor Anda sedang tidak menjawab."
    next_action = "Try again in a moment, or sign in with your password if your office allows it."
    next_action_id = "Coba lagi beberapa saat lagi, atau masuk dengan kata sandi bila kantor Anda mengizinkannya."
    retry_after_seconds = 10


class OfficeSignInOver(NotAllowed):
    """Not begun in this browser, used already, or too long ago."""

    code = "office_sign_in_over"
    title = "This sign-in is over, or it began in another browser."
    title_id = "Proses masuk ini sudah berakhir, atau dimulai di peramban lain."
    next_action = "Begin again at the list of office sign-ins."
    next_action_id = "Mulai lagi dari daftar cara masuk kantor."


class OfficeAnswerNotTrusted(NotAllowed):
    """The provider's answer proves no user; `reason` says which check failed."""

    code = "office_answer_not_trusted"
    facts_told = fact_types(reason=str)
    title = "The answer of your office's sign-in cannot be trusted."
    title_id = "Jawaban dari layanan masuk kantor Anda tidak dapat dipercaya."
    next_action = "Begin again; if it happens again, tell an operator."
    next_action_id = "Mulai lagi; bila terulang, beri tahu operator."


class OfficeSignInDenied(NotAllowed):
    """The provider itself says no, or the person stopped there."""

    code = "office_sign_in_denied"
    title = "Your office's sign-in did not let you in."
    title_id = "Layanan masuk kantor Anda tidak mengizinkan Anda masuk."
    next_action = "Begin again, or ask those who run your office's computers."
    next_action_id = "Mulai lagi, atau hubungi pengelola komputer kantor Anda."


class OfficeUserNotLinked(NotAllowed):
    """The user at the office is proven, and no member of staff is linked with them."""

    code = "office_user_not_linked"
    title = "Your user at the office is not linked with a staff account here."
    title_id = "Pengguna kantor Anda belum terhubung dengan akun petugas di sini."
    next_action = "Sign in with your password, ask for the link, and let the head of your office agree."
    next_action_id = "Masuk dengan kata sandi, ajukan penghubungan, lalu mintalah persetujuan kepala kantor."


class OfficeLinkAwaitsApproval(NotAllowed):
    """The link is asked for, and not agreed to yet."""

    code = "office_link_awaits_approval"
    title = "The link with your user at the office is not agreed to yet."
    title_id = "Penghubungan dengan pengguna kantor Anda belum disetujui."
    next_action = "Ask the head of your office to agree; until then sign in with your password."
    next_action_id = "Mintalah persetujuan kepala kantor; sampai saat itu masuklah dengan kata sandi."


class OfficeNotSpokenFor(NotAllowed):
    """The provider does not speak for the office that the member belongs to."""

    code = "office_not_spoken_for"
    title = "This sign-in does not speak for the office that you belong to."
    title_id = "Layanan masuk ini tidak berlaku untuk kantor tempat Anda bertugas."
    next_action = "Sign in with your password, or through the sign-in of your own office."
    next_action_id = "Masuk dengan kata sandi, atau melalui layanan masuk kantor Anda sendiri."


class SecondFactorNotProved(NotAllowed):
    """The provider has not said that it asked for a second factor."""

    code = "second_factor_not_proved"
    title = "Your office's sign-in has not proved a second factor."
    title_id = "Layanan masuk kantor Anda tidak membuktikan faktor kedua."
    next_action = "Sign in at your office with its second factor, or here with your password."
    next_action_id = "Masuklah di kantor dengan faktor keduanya, atau di sini dengan kata sandi."


class LogoutTokenNotTrusted(Refusal):
    """A provider has sent no logout token that counts; `reason` says which check failed, `error`
    is the code of OpenID Connect Back-Channel Logout 1.0, section 2.8.
    """

    status = 400
    code = "logout_token_not_trusted"
    facts_told = fact_types(reason=str, error=str)
    title = "This logout token cannot be trusted, or has counted before."
    title_id = "Token logout ini tidak dapat dipercaya, atau sudah pernah dipakai."
    next_action = "Send a new logout token, signed as the ID tokens are."
    next_action_id = "Kirim token logout baru yang ditandatangani seperti token ID."


class OfficeUserLinkedAlready(Refusal):
    """This user, or this member of staff, has a link already."""

    status = 409
    code = "office_user_linked_already"
    title = "This user at the office, or your account here, is linked already."
    title_id = "Pengguna kantor ini, atau akun Anda di sini, sudah terhubung."
    next_action = "Let the head of your office end the other link first."
    next_action_id = "Mintalah kepala kantor mengakhiri penghubungan yang lain dahulu."


class OfficeLinkUnknown(NotFound):
    """No link has that id."""

    code = "office_link_unknown"
    title = "There is no such link."
    title_id = "Penghubungan tersebut tidak ditemukan."
    next_action = "List the links and use an id from there."
    next_action_id = "Buka daftar penghubungan dan gunakan id dari sana."


class OfficeLinkStateForbids(Refusal):
    """The link is made or ended already; `state` says which."""

    status = 409
    code = "office_link_state_forbids"
    facts_told = fact_types(state=OfficeLinkState)
    title = "This cannot be done with this link now."
    title_id = "Tindakan ini tidak dapat dilakukan terhadap penghubungan tersebut saat ini."
    next_action = "Look at the state of the link; one that has ended is asked for again."
    next_action_id = "Periksa status penghubungan; yang sudah berakhir harus diajukan lagi."


class ProviderAddressNotTaken(Refusal):
    """The issuer is not an https address of the outside; `reason` says why."""

    status = 422
    code = "provider_address_not_taken"
    facts_told = fact_types(reason=AddressProblem)
    title = "The address of the issuer cannot be used."
    title_id = "Alamat penerbit tidak dapat dipakai."
    next_action = "Write the https address as the provider's own document names it, such as https://masuk.example.org."
    next_action_id = "Tulis alamat https seperti pada dokumen penyedia, misalnya https://masuk.example.org."


class ProviderMatterPending(Refusal):
    """Something else is asked for about the provider and not decided yet."""

    status = 409
    code = "provider_matter_pending"
    title = "Something is asked for about this provider and not decided yet."
    title_id = "Masih ada permintaan tentang penyedia ini yang belum diputuskan."
    next_action = "Let another operator approve it, or refuse it, then ask again."
    next_action_id = "Mintalah operator lain menyetujui atau menolaknya, lalu ajukan lagi."


class NoSuchProposal(Refusal):
    """The proposal was decided on, or it is another one than the operator has read."""

    status = 409
    code = "no_such_proposal"
    title = "This proposal about the provider does not wait for a decision."
    title_id = "Usulan tentang penyedia ini tidak menunggu keputusan."
    next_action = "Look at the provider, and decide about the proposal that is there."
    next_action_id = "Lihat data penyedia, lalu putuskan usulan yang ada di sana."


class ProviderStateForbids(Refusal):
    """In the state that it is in, this cannot be done with the provider; `state` says which."""

    status = 409
    code = "provider_state_forbids"
    facts_told = fact_types(state=ProviderState)
    title = "This cannot be done with this provider now."
    title_id = "Tindakan ini tidak dapat dilakukan terhadap penyedia ini saat ini."
    next_action = "Look at the state of the provider; one that was refused is proposed again."
    next_action_id = "Periksa status penyedia; yang ditolak harus diusulkan lagi."
