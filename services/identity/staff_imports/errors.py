"""Refusals of running a file of staff."""

from __future__ import annotations

from shared.errors import NotFound, Refusal, fact_types


class ImportNotChecked(Refusal):
    """A file is run only as it was checked: the call lacks the id of the dry run."""

    status = 422
    code = "import_not_checked"
    title = "A file of staff is checked before it is run."
    title_id = "Berkas petugas diperiksa dahulu sebelum dijalankan."
    next_action = "Send the file with dry_run=true, then again with dry_run=false and the import_id of that answer."
    next_action_id = "Kirim berkas dengan dry_run=true, lalu sekali lagi dengan dry_run=false dan import_id jawabannya."


class ImportUnknown(NotFound):
    """You had no file checked under that id in the last 24 hours."""

    code = "import_unknown"
    title = "You had no file checked under this id in the last 24 hours."
    title_id = "Tidak ada berkas Anda yang diperiksa dengan id ini dalam 24 jam terakhir."
    next_action = "Send the file with dry_run=true and use the import_id of that answer."
    next_action_id = "Kirim berkas dengan dry_run=true dan gunakan import_id dari jawabannya."


class ImportFileChanged(Refusal):
    """The file is not the one that was checked."""

    status = 409
    code = "import_file_changed"
    title = "This is not the file that was checked under this id."
    title_id = "Ini bukan berkas yang diperiksa dengan id tersebut."
    next_action = "Send the file unchanged, or check the new one with dry_run=true."
    next_action_id = "Kirim berkas tanpa perubahan, atau periksa yang baru dengan dry_run=true."


class ImportNotAsChecked(Refusal):
    """Something has changed since the check; `rows` are the rows that cannot be hired now. No row was hired."""

    status = 409
    code = "import_not_as_checked"
    facts_told = fact_types(rows=list[int])
    title = "Rows of this file cannot be hired any more; none was hired."
    title_id = "Ada baris yang tidak dapat didaftarkan lagi; belum ada yang didaftarkan."
    next_action = "Check the file again with dry_run=true: it names each row and what is wrong with it."
    next_action_id = "Periksa lagi berkas dengan dry_run=true: tiap baris dan kesalahannya disebutkan."
