"""Refusals about settlement files. A refused file has no effect at all."""

from __future__ import annotations

from shared.errors import NotFound, Refusal


class SettlementUnknown(NotFound):
    """No settlement file of that id."""

    code = "settlement_unknown"
    title = "There is no such settlement file."
    title_id = "Berkas pelimpahan tidak ditemukan."
    next_action = "List the settlement files and use an id from there."
    next_action_id = "Buka daftar berkas pelimpahan dan gunakan id dari sana."


class SettlementFileBrokeOff(Refusal):
    """The last line with the totals is missing."""

    status = 422
    code = "settlement_file_broke_off"
    title = "The file has no last line with its totals, so a part of it is missing."
    title_id = "Berkas tidak mempunyai baris total, sehingga sebagian isinya hilang."
    next_action = "Fetch the whole file again; nothing of this one was used."
    next_action_id = "Ambil ulang berkas lengkap; isi berkas ini tidak digunakan."


class SettlementFileDoesNotAddUp(Refusal):
    """Count, sum or hash do not fit the lines."""

    status = 422
    code = "settlement_file_does_not_add_up"
    title = "The totals or the hash of the file do not fit its lines: it was changed."
    title_id = "Total atau sidik berkas tidak sesuai dengan barisnya: berkas telah berubah."
    next_action = "Fetch the file again from SIMPONI; nothing of this one was used."
    next_action_id = "Ambil ulang berkas dari SIMPONI; isi berkas ini tidak digunakan."


class SettlementFileHasWrongLine(Refusal):
    """A line is not of the form."""

    status = 422
    code = "settlement_file_has_wrong_line"
    title = "A line of the file is not of the documented form, out of sequence or of another day."
    title_id = "Satu baris berkas tidak sesuai format, tidak berurutan, atau dari hari lain."
    next_action = "Look at the line that is named; nothing of the file was used."
    next_action_id = "Periksa baris yang disebut; isi berkas tidak digunakan."


class SettlementSignatureWrong(Refusal):
    """The signature that came with the file is not SIMPONI's over this content."""

    status = 422
    code = "settlement_signature_wrong"
    title = "The signature is not one of SIMPONI's over this file."
    title_id = "Tanda tangan bukan milik SIMPONI untuk berkas ini."
    next_action = "Fetch file and signature again from SIMPONI; without a signature the file is taken as a claim."
    next_action_id = "Ambil ulang berkas dan tanda tangannya dari SIMPONI; tanpa tanda tangan, berkas menjadi klaim."
