"""The timeline in words, in both languages: one sentence per kind of entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    id: str


TIMELINE: Final[dict[str, Text]] = {
    "drafted": Text("The application was begun.", "Permohonan dibuat."),
    "questionnaire_answered": Text("The questionnaire was answered.", "Kuesioner dijawab."),
    "upload_begun": Text("An upload was begun.", "Unggahan dimulai."),
    "document_checking": Text("A document is being read.", "Dokumen sedang dibaca."),
    "picture_reused": Text(
        "A picture of another application of the account is used.",
        "Gambar dari permohonan lain dalam akun ini dipakai.",
    ),
    "document_accepted": Text("A document was accepted.", "Dokumen diterima."),
    "document_flagged": Text("A document waits for an officer's look.", "Dokumen menunggu pemeriksaan petugas."),
    "document_refused": Text("A document was refused.", "Dokumen ditolak."),
    "document_removed": Text("A page was removed.", "Sebuah halaman dihapus."),
    "identity_confirmed": Text(
        "The civil registry confirmed the identity.", "Dukcapil mengonfirmasi identitas pemohon."
    ),
    "returned_to_draft": Text(
        "The civil registry confirmed the identity; the application does not fit it yet and is a draft again.",
        "Dukcapil mengonfirmasi identitas; permohonan belum sesuai dan kembali menjadi draf.",
    ),
    "identity_refused": Text(
        "The civil registry refused the applicant's data; the application is a draft again.",
        "Dukcapil menolak data pemohon; permohonan kembali menjadi konsep.",
    ),
    "another_application_open": Text(
        "The person has another open application; this one waits.",
        "Orang ini memiliki permohonan lain yang masih terbuka; permohonan ini menunggu.",
    ),
    "submitted": Text("The application was submitted.", "Permohonan dikirim."),
    "draft_ending": Text(
        "The applicant was told that the draft ends.", "Pemohon diberi tahu bahwa konsep akan berakhir."
    ),
    "draft_expired": Text(
        "The draft ended: there was no work on it for 30 days.", "Konsep berakhir: tidak dilanjutkan selama 30 hari."
    ),
    "closed_for_person": Text(
        "An officer closed the application: the person showed who they are and applies with another account.",
        "Petugas menutup permohonan: orangnya membuktikan jati diri dan mengajukan dengan akun lain.",
    ),
    "particulars_corrected": Text(
        "The applicant's data were corrected; letter and file follow.",
        "Data pemohon diperbaiki; surat dan berkas mengikuti.",
    ),
    "particulars_corrected_late": Text(
        "The applicant's data were corrected after the passport was ordered: tell the officer before it is printed.",
        "Data pemohon diperbaiki setelah paspor dipesan: beri tahu petugas sebelum dicetak.",
    ),
    "withdrawn": Text("The application was withdrawn.", "Permohonan ditarik."),
    "seat_held": Text("A seat is held.", "Kursi ditahan."),
    "seat_offered": Text("Another time is offered.", "Waktu lain ditawarkan."),
    "offer_ended": Text("The offered time was not taken.", "Waktu yang ditawarkan tidak diambil."),
    "seat_unavailable": Text("No seat could be found.", "Tidak ada kursi yang tersedia."),
    "same_day_place_gone": Text(
        "The place for a passport on the same day ended; a paid surcharge goes back unless you gave the visit up.",
        "Kuota percepatan berakhir; biayanya dikembalikan bila sudah dibayar, kecuali Anda membatalkan kunjungan.",
    ),
    "appointment_confirmed": Text("The visit is confirmed.", "Kunjungan dikonfirmasi."),
    "appointment_rescheduled": Text("The visit was moved.", "Jadwal kunjungan diubah."),
    "appointment_released": Text("The seat was given back.", "Kursi dilepas."),
    "visitor_checked_in": Text("You checked in at the office.", "Anda telah check-in di kantor."),
    "visit_interrupted": Text(
        "The office's systems stopped the visit; a new date is yours without paying again.",
        "Sistem kantor terganggu saat kunjungan; Anda berhak memilih tanggal baru tanpa membayar lagi.",
    ),
    "special_reschedule_opened": Text(
        "You may choose a new date without paying again.", "Anda dapat memilih tanggal baru tanpa membayar lagi."
    ),
    "special_reschedule_refused": Text(
        "The office refused a special reschedule.", "Kantor menolak jadwal ulang khusus."
    ),
    "special_reschedule_ended": Text(
        "The new date was not chosen in time.", "Tanggal baru tidak dipilih sampai batas waktunya."
    ),
    "visitor_missed": Text("The visit was missed.", "Kunjungan terlewat."),
    "visit_voided": Text(
        "The proof of payment was not valid; the visit does not count.",
        "Bukti pembayaran tidak sah; kunjungan tidak dihitung.",
    ),
    "approval_held_back": Text(
        "The passport is not printed before the fee is paid.", "Paspor tidak dicetak sebelum biaya dibayar."
    ),
    "printing_recall_asked": Text(
        "The passport was ordered already; the order is being taken back.",
        "Paspor sudah dipesan; pesanan sedang ditarik kembali.",
    ),
    "printing_recalled": Text(
        "The order to print the passport was taken back.", "Pesanan cetak paspor telah ditarik kembali."
    ),
    "recall_too_late": Text(
        "The passport was printed before its order could be taken back.",
        "Paspor sudah dicetak sebelum pesanannya dapat ditarik kembali.",
    ),
    "book_kept_back": Text(
        "The passport is printed; the office keeps it until the fee is paid.",
        "Paspor sudah dicetak; kantor menyimpannya sampai biaya dibayar.",
    ),
    "book_left_unpaid": Text(
        "The passport was handed out before it showed that the fee is not paid.",
        "Paspor sudah diserahkan sebelum diketahui bahwa biaya belum dibayar.",
    ),
    "bill_requested": Text("A billing code is being asked for.", "Kode billing sedang diminta."),
    "bill_issued": Text("The billing code is there.", "Kode billing terbit."),
    "bill_joined": Text("One code pays this bill and others.", "Satu kode melunasi tagihan ini dan yang lain."),
    "bill_delayed": Text("The billing code is late.", "Kode billing terlambat."),
    "bill_failed": Text("No billing code could be had.", "Kode billing tidak dapat diterbitkan."),
    "bill_waived": Text("Nothing is to pay.", "Tidak ada biaya."),
    "bill_paid_unsettled": Text(
        "The bank has the payment; the treasury has not confirmed it.",
        "Bank menerima pembayaran; kas negara belum mengonfirmasi.",
    ),
    "bill_paid": Text("The payment arrived.", "Pembayaran diterima."),
    "bill_expiry_unconfirmed": Text(
        "The billing code ended; the treasury is being asked.", "Kode billing berakhir; kas negara sedang ditanya."
    ),
    "bill_expired": Text("The billing code ended unpaid.", "Kode billing berakhir tanpa pembayaran."),
    "bill_superseded": Text("Another payment settled the application.", "Pembayaran lain melunasi permohonan."),
    "bill_cancelled": Text("The bill was cancelled.", "Tagihan dibatalkan."),
    "payment_arrived_late": Text("A payment arrived late.", "Pembayaran diterima terlambat."),
    "refund_opened": Text("A refund case was opened.", "Pengembalian dana diproses."),
    "refund_requested": Text("The refund is looked at.", "Pengembalian diperiksa."),
    "refund_incomplete": Text("Something is missing for the refund.", "Pengembalian belum lengkap."),
    "refund_complete": Text("The refund request is complete.", "Permohonan pengembalian lengkap."),
    "refund_researched": Text("The payment was looked into.", "Pembayaran sudah diteliti."),
    "refund_recommended": Text("The office recommends the refund.", "Kantor merekomendasikan pengembalian."),
    "refund_approved": Text("The refund is approved.", "Pengembalian disetujui."),
    "refund_released": Text("The treasury will be asked to pay back.", "Kas negara akan diminta membayar."),
    "refund_ordered": Text("The treasury was ordered to pay back.", "Perintah bayar pengembalian terbit."),
    "refund_paid": Text("The money was paid back.", "Uang sudah dikembalikan."),
    "refund_credited": Text("The money is credited on a coming fee.", "Uang diperhitungkan untuk biaya berikutnya."),
    "refund_refused": Text("The refund was refused, the rule is named.", "Pengembalian ditolak sesuai aturan."),
    "refund_objected": Text("You objected to the refusal of the refund.", "Anda mengajukan keberatan."),
    "refund_withdrawn": Text("The refund was taken back.", "Permohonan pengembalian dibatalkan."),
    "payment_case_opened": Text(
        "A payment that does not show yet is being looked into.", "Pembayaran yang belum terlihat sedang diperiksa."
    ),
    "payment_case_closed": Text("The question about the payment was answered.", "Pemeriksaan pembayaran selesai."),
    "delivery_sent": Text("A message was sent to you.", "Pesan dikirim kepada Anda."),
    "delivery_failed": Text("A message could not be delivered.", "Pesan tidak dapat dikirim."),
    "letter_not_made": Text(
        "The cover letter could not be made. The visit is certain all the same: come with the queue code.",
        "Surat pengantar tidak dapat dibuat. Jadwal tetap berlaku: datang dengan kode antrean.",
    ),
    "letter_asked_again": Text("The office has the letter made again.", "Kantor meminta surat dibuat lagi."),
    "letter_ready": Text("The cover letter can be downloaded.", "Surat pengantar dapat diunduh."),
    "file_handed_over": Text("The issuance system has the file.", "Berkas diterima sistem penerbitan."),
    "picture_refused": Text(
        "The issuance system does not take the picture of a document; the office looks at it.",
        "Sistem penerbitan tidak menerima gambar suatu dokumen; kantor memeriksanya.",
    ),
    "hand_over_overdue": Text(
        "The issuance system does not have the file yet; the office was alerted.",
        "Sistem penerbitan belum menerima berkas; kantor diberi tahu.",
    ),
    "hand_over_asked_again": Text("The office sent the file again.", "Kantor mengirim ulang berkas."),
    "originals_seen": Text("An officer saw the originals.", "Petugas memeriksa dokumen asli."),
    "interview_approved": Text("The interview was passed.", "Wawancara disetujui."),
    "interview_incomplete": Text("Papers are missing.", "Ada dokumen yang kurang."),
    "earlier_books_answered": Text(
        "The issuance system answered about earlier passports.", "Sistem penerbitan menjawab tentang paspor sebelumnya."
    ),
    "answers_fitted": Text(
        "The answers were changed to fit the earlier passport on record.",
        "Jawaban diubah sesuai catatan paspor sebelumnya.",
    ),
    "answers_kept": Text(
        "The answers stay, although a record of an earlier passport differs.",
        "Jawaban dipertahankan meskipun catatan paspor sebelumnya berbeda.",
    ),
    "kind_corrected": Text("An officer corrected what was applied for.", "Petugas memperbaiki jenis permohonan."),
    "penalty_lost": Text("The book before this one was found to be lost.", "Paspor sebelumnya diketahui hilang."),
    "penalty_damaged": Text("The book before this one was found to be damaged.", "Paspor sebelumnya diketahui rusak."),
    "correction_priced": Text("What the correction costs is known.", "Biaya akibat perbaikan sudah dihitung."),
    "interview_refused": Text("The application was refused.", "Permohonan ditolak."),
    "approval_handed_over": Text("The passport was ordered for printing.", "Pencetakan paspor dipesan."),
    "passport_queued": Text("The passport is queued for printing.", "Paspor dalam antrean pencetakan."),
    "print_overdue": Text(
        "The passport is not printed in time; the office was alerted.",
        "Paspor belum dicetak tepat waktu; kantor diberi tahu.",
    ),
    "refusal_letter_ready": Text("The letter of refusal can be downloaded.", "Surat penolakan dapat diunduh."),
    "appeal_lodged": Text("The applicant objected to the refusal.", "Pemohon mengajukan keberatan atas penolakan."),
    "note_opened": Text(
        "The head of the office opened the interviewer's note.", "Kepala kantor membuka catatan petugas."
    ),
    "note_withheld": Text(
        "The head of the office keeps the interviewer's note, on a ground of the law.",
        "Kepala kantor mengecualikan catatan petugas berdasarkan undang-undang.",
    ),
    "passport_printed": Text("The passport is printed.", "Paspor telah dicetak."),
    "collection_reminder": Text(
        "You were reminded to collect the passport.", "Anda diingatkan untuk mengambil paspor."
    ),
    "proxy_announced": Text(
        "A person was named who may collect the passport with a letter of authority.",
        "Orang yang boleh mengambil paspor dengan surat kuasa telah didaftarkan.",
    ),
    "proxy_taken_back": Text(
        "The person who was to collect the passport may not any more.",
        "Orang yang akan mengambil paspor tidak lagi diberi kuasa.",
    ),
    "passport_collected": Text("The passport was collected.", "Paspor telah diambil."),
    "application_closed": Text("A time limit ran out.", "Batas waktu terlewati."),
}

DOCUMENT_REASONS: Final[dict[str, Text]] = {
    "type_is_not_as_declared": Text(
        "The file is of another type than it says. Save it as JPEG or PNG and upload that.",
        "Jenis file tidak sesuai. Simpan sebagai JPEG atau PNG lalu unggah.",
    ),
    "not_a_picture": Text(
        "The file is no picture and no scan. Take a picture of the document and upload it as JPEG, PNG, HEIC or PDF.",
        "File bukan gambar atau hasil pindai. Foto dokumennya, lalu unggah sebagai JPEG, PNG, HEIC, atau PDF.",
    ),
    "too_many_pixels": Text(
        "The picture has more than 200 million pixels. Take it with a lower resolution; 12 million show every letter.",
        "Gambar lebih dari 200 juta piksel. Ambil dengan resolusi lebih rendah; 12 juta piksel sudah cukup jelas.",
    ),
    "too_much_memory": Text(
        "The picture is too large to be looked at in this format. Save it as a plain (not progressive) JPEG of about "
        "12 million pixels, or scan it with 300 dots per inch.",
        "Gambar terlalu besar untuk diperiksa dalam format ini. Simpan sebagai JPEG biasa (bukan progresif) sekitar "
        "12 juta piksel, atau pindai dengan 300 titik per inci.",
    ),
    "encrypted_pdf": Text(
        "The PDF is locked with a password. Save it without one, or take a picture of the document.",
        "PDF terkunci kata sandi. Simpan tanpa kata sandi, atau foto dokumennya.",
    ),
    "one_tone": Text(
        "The picture shows one tone only and nothing of a document. Lay the document flat in good light, let it fill "
        "the picture, and take it again.",
        "Gambar hanya satu warna, dokumennya tidak terlihat. Letakkan dokumen di tempat rata dan terang, penuhi "
        "bingkai dengan dokumen, lalu foto ulang.",
    ),
    "not_decoded": Text(
        "The picture could not be looked at. Upload it again; if that fails, take a new picture.",
        "Gambar tidak dapat diperiksa. Unggah ulang; jika tetap gagal, ambil gambar baru.",
    ),
    "too_small": Text(
        "The picture is too small to be read: at least 300 pixels on the shorter side.",
        "Gambar terlalu kecil untuk dibaca: sisi terpendek paling sedikit 300 piksel.",
    ),
    "blurred": Text(
        "The picture is too blurred to be read. Hold the camera still, tap on the document, and take it again.",
        "Gambar terlalu kabur untuk dibaca. Tahan kamera, ketuk pada dokumen agar fokus, lalu foto ulang.",
    ),
    "cropped": Text(
        "Part of the document is cut off. Take the picture so that all edges of the document are seen.",
        "Sebagian dokumen terpotong. Foto hingga semua tepi dokumen terlihat.",
    ),
    "tilted": Text(
        "The document lies at an angle. Hold the camera straight above it.",
        "Dokumen terlihat miring. Pegang kamera tegak lurus di atasnya.",
    ),
    "glare": Text(
        "Light shines on the document and hides part of it. Take the picture without flash, away from a lamp.",
        "Pantulan cahaya menutupi sebagian dokumen. Foto tanpa lampu kilat dan jauh dari lampu.",
    ),
    "other_kind": Text(
        "The picture shows another document than the one that is asked for. Upload the one that is named here.",
        "Gambar menunjukkan dokumen lain dari yang diminta. Unggah dokumen yang disebutkan di sini.",
    ),
    "unknown_kind": Text(
        "The machine could not tell which document this is; an officer looks at it.",
        "Sistem tidak dapat mengenali dokumen ini; petugas akan memeriksanya.",
    ),
    "nothing_written": Text(
        "The picture shows no document: nothing is written on it. Take a picture of the document.",
        "Gambar tidak menunjukkan dokumen: tidak ada tulisan. Foto dokumennya.",
    ),
    "code_only": Text(
        "The picture shows a code and no document. Take a picture of the document itself.",
        "Gambar hanya menunjukkan kode, bukan dokumen. Foto dokumennya.",
    ),
    "not_whole": Text(
        "The head or the foot of the document could not be read. Take the picture so that the whole document is in it, "
        "close and sharp; else an officer looks at it.",
        "Bagian atas atau bawah dokumen tidak terbaca. Foto dari dekat dan tajam hingga seluruh dokumen terlihat; jika "
        "tidak, petugas akan memeriksanya.",
    ),
    "not_readable": Text(
        "The number on the document could not be read. Take the picture closer; else an officer looks at it.",
        "Nomor pada dokumen tidak terbaca. Foto lebih dekat dan lebih tajam; jika tidak, petugas akan memeriksanya.",
    ),
    "holder_not_found": Text(
        "The applicant's name and number were not found on the document; an officer looks at it.",
        "Nama dan nomor pemohon tidak ditemukan pada dokumen; petugas akan memeriksanya.",
    ),
    "no_portrait": Text(
        "The picture is no portrait: a face from the front before a plain background. An officer looks at it.",
        "Gambar bukan pasfoto: wajah dari depan dengan latar polos. Petugas akan memeriksanya.",
    ),
    "data_differ": Text(
        "What was typed differs from what the document says. Compare both; an officer looks at it.",
        "Data yang diketik berbeda dari yang tertulis pada dokumen. Bandingkan; petugas akan memeriksanya.",
    ),
    "broken_picture": Text(
        "The picture is broken or cut off. Upload it again.", "Gambar rusak atau terpotong. Unggah ulang."
    ),
    "malware_found": Text(
        "The file holds malware and was not kept. Take a new picture of the document with another device.",
        "File mengandung malware dan tidak disimpan. Foto ulang dokumen dengan perangkat lain.",
    ),
    "too_many_being_read": Text(
        "Many pages of this account are being read at this moment, so this one is not: an officer looks at it. Send it "
        "again in a minute if a machine is to read it.",
        "Banyak halaman dari akun ini sedang dibaca, maka halaman ini tidak: petugas akan memeriksanya. Kirim ulang "
        "sebentar lagi jika ingin dibaca sistem.",
    ),
    "not_read": Text(
        "No machine has read this page; an officer looks at it before the visit. Go on meanwhile.",
        "Sistem tidak membaca halaman ini; petugas memeriksanya sebelum kedatangan. Silakan lanjutkan.",
    ),
    "one_page_only": Text(
        "The file has several pages. Send each page as a file of its own.",
        "File berisi beberapa halaman. Kirim tiap halaman sebagai file tersendiri.",
    ),
    "too_many_pages": Text(
        "With this file the item has more than 10 pages. Upload the pages that are needed and bring the rest along.",
        "Dengan file ini persyaratan melebihi 10 halaman. Unggah halaman yang perlu dan bawa selebihnya.",
    ),
    "too_many_documents": Text(
        "With its pages the application has more uploads than it may have. Bring the document to the office.",
        "Dengan halamannya, permohonan ini melebihi batas unggahan. Bawa dokumen ke kantor.",
    ),
    "longer_than_declared": Text(
        "More bytes came than were announced. Begin the upload again.",
        "Data melebihi ukuran yang disebutkan. Mulai unggahan lagi.",
    ),
    "upload_abandoned": Text(
        "The upload was not finished in time. Begin it again.", "Unggahan tidak selesai tepat waktu. Mulai lagi."
    ),
    "never_named": Text(
        "No request named this picture within seven days, so it was removed. Upload it again and name it.",
        "Gambar ini tidak dicantumkan dalam permintaan selama tujuh hari, maka dihapus. Unggah lagi lalu cantumkan.",
    ),
}


SEEN_BY_OFFICER: Final = Text(
    "No machine knows this kind of document: an officer always looks at it before the visit. Go on meanwhile.",
    "Sistem tidak mengenal jenis dokumen ini: petugas selalu memeriksanya sebelum kedatangan. Silakan lanjutkan.",
)
OFFICER_LOOKS: Final = Text(
    "An officer looks at this page before the visit. Go on meanwhile.",
    "Petugas memeriksa halaman ini sebelum kedatangan. Silakan lanjutkan.",
)


def line_text(what: str) -> Text:
    """The sentence of a timeline entry; an unknown kind speaks for itself."""
    plain = what.replace("_", " ")
    return TIMELINE.get(what, Text(plain, plain))


def reason_text(reason: str | None) -> Text | None:
    """Why a document was refused, in words; an officer's own code speaks for itself."""
    if reason is None:
        return None
    plain = reason.replace("_", " ")
    return DOCUMENT_REASONS.get(reason, Text(plain, plain))
