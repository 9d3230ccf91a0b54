"""Refusals of running a file of passports."""

from __future__ import annotations

from shared.errors import NotAllowed, NotFound, Refusal, fact_types


class PassportFileNotChecked(Refusal):
    """A file is run only as it was checked: the call lacks the id of the dry run."""

    status = 422
    code = "passport_file_not_checked"
    title = "A file of passports is checked before it is run."
    title_id = "Berkas paspor diperiksa dahulu sebelum dijalankan."
    next_action = "Send the file with dry_run=true; another officer sends it with dry_run=false and that import_id."
    next_action_id = "Kirim berkas dengan dry_run=true; petugas lain mengirim dengan dry_run=false dan import_id itu."


class PassportFileUnknown(NotFound):
    """No file was checked under that id in the last seven days."""

    code = "passport_file_unknown"
    title = "No file was checked under this id in the last seven days."
    title_id = "Tidak ada berkas yang diperiksa dengan id ini dalam tujuh hari terakhir."
    next_action = "Have the file checked with dry_run=true and use the import_id of that answer."
    next_action_id = "Minta berkas diperiksa dengan dry_run=true dan gunakan import_id dari jawabannya."


class SecondOfficerNeeded(NotAllowed):
    """A file is run by another officer than the one who had it checked."""

    code = "second_officer_needed"
    title = "You had this file checked: another officer runs it; nothing was recorded."
    title_id = "Anda yang memeriksa berkas ini: petugas lain yang menjalankannya; tidak ada yang dicatat."
    next_action = "Give the file and its import_id to another operator, who sends it with dry_run=false."
    next_action_id = "Berikan berkas dan import_id-nya kepada operator lain untuk dikirim dengan dry_run=false."


class PassportFileChanged(Refusal):
    """The file is not the one that was checked."""

    status = 409
    code = "passport_file_changed"
    title = "This is not the file that was checked under this id; nothing was recorded."
    title_id = "Ini bukan berkas yang diperiksa dengan id tersebut; tidak ada yang dicatat."
    next_action = "Send the file unchanged, or have the new one checked with dry_run=true."
    next_action_id = "Kirim berkas tanpa perubahan, atau minta yang baru diperiksa dengan dry_run=true."


class PassportFileNotAsChecked(Refusal):
    """Something has changed since the check; `rows` are the rows that cannot be recorded now. No row was recorded."""

    status = 409
    code = "passport_file_not_as_checked"
    facts_told = fact_types(rows=list[int])
    title = "Rows of this file cannot be recorded any more; none was recorded."
    title_id = "Ada baris yang tidak dapat dicatat lagi; belum ada yang dicatat."
    next_action = "Have the file checked again with dry_run=true: it names each row and what is wrong with it."
    next_action_id = "Minta berkas diperiksa lagi dengan dry_run=true: tiap baris dan kesalahannya disebutkan."
