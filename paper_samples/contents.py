"""The text of each kind of paper: titles, labels and their order, as on the real ones; the renderers lay it out.

Titles and labels are those of the papers in use; the zone of a passport follows ICAO 9303. No crest, pattern or
signature is copied.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from paper_samples.holder import JOBS, RELIGIONS, SCHOOLING, Holder, Household, invent_day
from paper_samples.kinds import PaperKind
from paper_samples.mrz import machine_lines
from paper_samples.words import (
    ROMAN_MONTHS,
    WEEKDAYS,
    date_words,
    long_date,
    number_words,
    passport_date,
)

ROWS_OF_A_FAMILY_CARD: Final = 10
PERSON_COLUMNS: Final = (
    *("No", "Nama Lengkap", "NIK", "Jenis Kelamin", "Tempat Lahir", "Tanggal Lahir"),
    *("Agama", "Pendidikan", "Jenis Pekerjaan"),
)
TIE_COLUMNS: Final = (
    *("No", "Status Perkawinan", "Tanggal Perkawinan", "Status Hubungan Dalam Keluarga", "Kewarganegaraan"),
    *("No. Paspor", "No. KITAP", "Ayah", "Ibu"),
)
GRANDPARENTS: Final = (("HADI UMPAMA", "RATNA LESTARI"), ("SUWITO", "MARSINAH"))
MARRIED_AGE: Final = 17
ADULTS_BORN_UNTIL: Final = 2006
LIFELONG: Final = "SEUMUR HIDUP"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The text of one page, from top to bottom."""

    kind: PaperKind
    titles: tuple[str, ...]
    lead: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    """Label and value; without a value the label is a heading."""

    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    """Place and date, office and signer, at the foot."""

    machine_lines: tuple[str, ...] = ()
    by_hand: bool = False
    """The values were filled in by hand."""


def compose(kind: PaperKind, household: Household, chance: random.Random) -> Content:
    """Return the content of one page of this kind about the household's holder.

    Raises:
        KeyError: a portrait has no text.
    """
    return _COMPOSERS[kind](household, chance)


def _ktp(home: Household, chance: random.Random) -> Content:
    holder = home.holder
    issued = invent_day(chance, date(max(2012, holder.birth_date.year + MARRIED_AGE), 1, 1))
    return Content(
        kind=PaperKind.KTP,
        titles=(f"PROVINSI {home.province}", home.regency),
        fields=(
            ("NIK", holder.nik),
            ("Nama", holder.full_name),
            ("Tempat/Tgl Lahir", f"{holder.birth_place}, {holder.birth_date:%d-%m-%Y}"),
            ("Jenis Kelamin", f"{_sex(holder)}     Gol. Darah : {chance.choice(('A', 'B', 'AB', 'O', '-'))}"),
            ("Alamat", home.street),
            ("   RT/RW", home.neighbourhood),
            ("   Kel/Desa", home.village),
            ("   Kecamatan", home.district),
            ("Agama", home.religion),
            ("Status Perkawinan", chance.choice(("KAWIN", "BELUM KAWIN", "CERAI HIDUP"))),
            ("Pekerjaan", chance.choice(JOBS)),
            ("Kewarganegaraan", "WNI"),
            ("Berlaku Hingga", LIFELONG if chance.random() < 0.8 else f"{holder.birth_date:%d-%m}-{issued.year + 5}"),
        ),
        closing=(home.regency.removeprefix("KOTA ").removeprefix("KABUPATEN "), f"{issued:%d-%m-%Y}"),
    )


def _family_card(home: Household, chance: random.Random) -> Content:
    head, other, children = _family(home)
    members = (head, other, *children)
    married = invent_day(chance, date(head.birth_date.year + 20, 1, 1), date(head.birth_date.year + 22, 1, 1))
    filler = chance.choice(("-", ""))
    persons, ties = [], []
    for number, member in enumerate(members, 1):
        is_parent = number <= len((head, other))
        rank = ("KEPALA KELUARGA", "ISTRI")[number - 1] if is_parent else "ANAK"
        father, mother = GRANDPARENTS[number - 1] if is_parent else (head.full_name, other.full_name)
        birth = (member.birth_place, f"{member.birth_date:%d-%m-%Y}")
        work = (home.religion, chance.choice(SCHOOLING), chance.choice(JOBS))
        state = ("KAWIN TERCATAT", f"{married:%d-%m-%Y}") if is_parent else ("BELUM KAWIN", "-")
        persons.append((str(number), member.full_name, member.nik, _sex(member), *birth, *work))
        ties.append((str(number), *state, rank, "WNI", "-", "-", father, mother))
    return Content(
        kind=PaperKind.FAMILY_CARD,
        titles=("KARTU KELUARGA", f"No. {home.holder.family_card_number}"),
        fields=(
            ("Nama Kepala Keluarga", head.full_name),
            ("Alamat", home.street),
            ("RT/RW", home.neighbourhood),
            ("Kode Pos", f"{chance.randint(10000, 99999)}"),
            ("Desa/Kelurahan", home.village),
            ("Kecamatan", home.district),
            ("Kabupaten/Kota", home.regency),
            ("Provinsi", home.province),
        ),
        tables=(
            Table(PERSON_COLUMNS, _filled_up(filler, persons)),
            Table(TIE_COLUMNS, _filled_up(filler, ties)),
        ),
        closing=(
            f"Dikeluarkan Tanggal : {invent_day(chance, date(2016, 1, 1)):%d-%m-%Y}",
            "KEPALA DINAS KEPENDUDUKAN DAN PENCATATAN SIPIL",
            home.mother.full_name.title() + ", S.H.",
        ),
    )


def _birth_certificate(home: Household, chance: random.Random) -> Content:
    holder = home.holder
    issued = invent_day(chance, holder.birth_date)
    return Content(
        kind=PaperKind.BIRTH_CERTIFICATE,
        titles=("REPUBLIK INDONESIA", "PENCATATAN SIPIL", "WARGA NEGARA INDONESIA", "KUTIPAN AKTA KELAHIRAN"),
        lead=(f"Nomor Induk Kependudukan : {holder.nik}",),
        sentences=(
            f"Berdasarkan Akta Kelahiran Nomor {holder.nik[:4]}-LU-{issued:%d%m%Y}-{chance.randint(1, 9999):04d}",
            f"menurut stbld {chance.choice(('1917.130 jo 1919.81', '1920.751 jo 1927.564', '-'))}",
            f"bahwa di {holder.birth_place} pada tanggal {date_words(holder.birth_date)} telah lahir",
            holder.full_name,
            f"anak ke {number_words(chance.randint(1, 4))}, {_sex(holder)} dari ayah {home.father.full_name} "
            f"dan ibu {home.mother.full_name}",
            f"Kutipan ini dikeluarkan di {home.regency} pada tanggal {date_words(issued)}",
        ),
        closing=("Pejabat Pencatatan Sipil", home.regency, home.spouse.full_name.title() + ", S.Sos."),
    )


def _marriage_certificate(home: Household, chance: random.Random) -> Content:
    husband, wife = (home.holder, home.spouse) if home.holder.sex == "male" else (home.spouse, home.holder)
    wedding = invent_day(chance, date(max(husband.birth_date.year, wife.birth_date.year) + 20, 1, 1))
    number = (
        f"{chance.randint(1, 999):04d}/{chance.randint(1, 99):03d}/{ROMAN_MONTHS[wedding.month - 1]}/{wedding.year}"
    )
    is_muslim = chance.random() < 0.75
    office = f"KANTOR URUSAN AGAMA KECAMATAN {home.district}" if is_muslim else f"PENCATATAN SIPIL {home.regency}"
    titles = ("KEMENTERIAN AGAMA", office, "KUTIPAN AKTA NIKAH") if is_muslim else (office, "KUTIPAN AKTA PERKAWINAN")

    def rows(person: Holder, father: str, role: str) -> tuple[tuple[str, str], ...]:
        return (
            (role, ""),
            ("1. Nama lengkap", person.full_name),
            ("2. Bin/binti", father),
            ("3. Tempat dan tanggal lahir", f"{person.birth_place}, {long_date(person.birth_date)}"),
            ("4. Nomor Induk Kependudukan", person.nik),
            ("5. Kewarganegaraan", "INDONESIA"),
            ("6. Agama", "ISLAM" if is_muslim else chance.choice(RELIGIONS[1:])),
            ("7. Pekerjaan", chance.choice(JOBS)),
            ("8. Tempat tinggal", home.street),
        )

    return Content(
        kind=PaperKind.MARRIAGE_CERTIFICATE,
        titles=(*titles, f"Nomor : {number}"),
        lead=(f"Pada hari {WEEKDAYS[wedding.weekday()]} tanggal {long_date(wedding)} telah dilangsungkan akad nikah",)
        if is_muslim
        else (f"bahwa di {home.regency} pada tanggal {long_date(wedding)} telah dilangsungkan perkawinan antara",),
        fields=(*rows(husband, home.father.full_name, "SUAMI"), *rows(wife, "SUWITO", "ISTRI")),
        closing=(f"{home.district}, {long_date(wedding)}", "Pegawai Pencatat Nikah", "H. Umpama Teladan, S.Ag."),
    )


def _diploma(home: Household, chance: random.Random) -> Content:
    holder = home.holder
    level, age = chance.choice((("SEKOLAH DASAR", 12), ("SEKOLAH MENENGAH PERTAMA", 15), ("SEKOLAH MENENGAH ATAS", 18)))
    year = holder.birth_date.year + age
    school = f"{level.title()} Negeri {chance.randint(1, 90)} {home.regency.title()}"
    return Content(
        kind=PaperKind.DIPLOMA,
        titles=(
            "KEMENTERIAN PENDIDIKAN DAN KEBUDAYAAN",
            "REPUBLIK INDONESIA",
            "IJAZAH",
            level,
            f"TAHUN PELAJARAN {year - 1}/{year}",
        ),
        lead=(f"Yang bertanda tangan di bawah ini, Kepala {school}, menerangkan bahwa:",),
        fields=(
            ("nama", holder.full_name),
            ("tempat dan tanggal lahir", f"{holder.birth_place}, {long_date(holder.birth_date)}"),
            ("nama orang tua/wali", home.father.full_name),
            ("nomor induk siswa", f"{chance.randint(1000, 99999)}"),
            ("nomor induk siswa nasional", f"{chance.randint(10**9, 10**10 - 1)}"),
            (
                "nomor peserta ujian",
                f"{chance.randint(1, 99)}-{chance.randint(100, 999)}-{chance.randint(1, 999):03d}-7",
            ),
            ("sekolah asal", school),
        ),
        sentences=(
            "LULUS",
            "dari satuan pendidikan berdasarkan hasil Ujian Nasional dan Ujian Sekolah serta telah memenuhi seluruh "
            "kriteria sesuai dengan peraturan perundang-undangan.",
        ),
        closing=(
            f"{home.regency.title()}, {long_date(date(year, 6, chance.randint(1, 28))).title()}",
            "Kepala Sekolah,",
            "Drs. Umpama Teladan",
            f"DN-{chance.randint(1, 34):02d} Ma {chance.randint(100000, 999999):07d}",
        ),
    )


def _old_passport(home: Household, chance: random.Random) -> Content:
    holder = home.holder
    issued = invent_day(chance, max(date(2014, 1, 1), holder.birth_date))
    years = chance.choice((5, 10)) if issued.year >= 2023 else 5
    expires = issued.replace(year=issued.year + years, day=min(issued.day, 28))
    registration = (
        f"{chance.randint(1, 9)}A{chance.randint(10, 99)}JC{chance.randint(1000, 9999)}-{chance.choice('ABC')}RT"
    )
    personal = f"{chance.randint(10**10, 10**11 - 1)}" if chance.random() < 0.5 else ""
    return Content(
        kind=PaperKind.OLD_PASSPORT,
        titles=("REPUBLIK INDONESIA", "REPUBLIC OF INDONESIA", "PASPOR", "PASSPORT"),
        fields=(
            ("JENIS/TYPE", "P"),
            ("KODE NEGARA/COUNTRY CODE", "IDN"),
            ("NO. PASPOR/PASSPORT NO.", holder.passport_number),
            ("NAMA LENGKAP/FULL NAME", holder.full_name),
            ("KEWARGANEGARAAN/NATIONALITY", "INDONESIA"),
            ("TGL. LAHIR/DATE OF BIRTH", passport_date(holder.birth_date)),
            ("KELAMIN/SEX", "L/M" if holder.sex == "male" else "P/F"),
            ("TEMPAT LAHIR/PLACE OF BIRTH", holder.birth_place),
            ("TGL. PENGELUARAN/DATE OF ISSUE", passport_date(issued)),
            ("TGL. HABIS BERLAKU/DATE OF EXPIRY", passport_date(expires)),
            ("NO. REG./REG. NO.", registration),
            ("KANTOR YANG MENGELUARKAN/ISSUING OFFICE", home.regency.removeprefix("KOTA ").removeprefix("KABUPATEN ")),
        ),
        machine_lines=machine_lines(
            holder.full_name,
            holder.passport_number,
            birth_date=holder.birth_date,
            expiry_date=expires,
            sex=holder.sex,
            personal_number=personal,
        ),
    )


def _parents_statement(home: Household, chance: random.Random) -> Content:
    child = home.holder
    signed = invent_day(chance, max(date(2022, 10, 12), child.birth_date))
    return Content(
        kind=PaperKind.PARENTS_STATEMENT,
        titles=("SURAT PERNYATAAN KEDUA ORANG TUA",),
        lead=(
            "Kami yang bertanda tangan di bawah ini, ayah dan ibu, menyatakan menyetujui permohonan paspor Republik "
            "Indonesia bagi anak kami dan bertanggung jawab atas kebenaran data yang diberikan.",
        ),
        fields=(
            ("Nama ayah", home.father.full_name),
            ("NIK ayah", home.father.nik),
            ("Nama ibu", home.mother.full_name),
            ("NIK ibu", home.mother.nik),
            ("Nama anak", child.full_name),
            ("Tempat dan tanggal lahir anak", f"{child.birth_place}, {long_date(child.birth_date)}"),
            ("Tempat dan tanggal", f"{home.regency.title()}, {long_date(signed).title()}"),
        ),
        closing=("Tanda tangan ayah", "Tanda tangan ibu"),
        by_hand=chance.random() < 0.5,
    )


def _name_change_decision(home: Household, chance: random.Random) -> Content:
    holder = home.holder
    decided = invent_day(chance, date(max(2005, holder.birth_date.year + 1), 1, 1))
    earlier = f"{holder.full_name.split()[0]} {home.mother.full_name.split()[-1]} {home.spouse.full_name.split()[-1]}"
    return Content(
        kind=PaperKind.NAME_CHANGE_DECISION,
        titles=(
            "PENETAPAN",
            f"Nomor {chance.randint(1, 400)}/Pdt.P/{decided.year}/PN Rkn",
            "DEMI KEADILAN BERDASARKAN KETUHANAN YANG MAHA ESA",
        ),
        lead=(
            f"Pengadilan Negeri {home.regency.title()} yang memeriksa dan mengadili perkara perdata permohonan pada "
            "tingkat pertama, telah menjatuhkan penetapan sebagai berikut dalam perkara permohonan:",
        ),
        fields=(
            ("Nama", earlier),
            ("NIK", holder.nik),
            ("Tempat, tanggal lahir", f"{holder.birth_place}, {long_date(holder.birth_date)}"),
            ("Alamat", home.street),
            ("Pekerjaan", chance.choice(JOBS)),
        ),
        sentences=(
            "selanjutnya disebut sebagai Pemohon.",
            "MENETAPKAN",
            "1. Mengabulkan permohonan Pemohon untuk seluruhnya;",
            f"2. Memberi izin kepada Pemohon untuk mengganti nama dari {earlier} menjadi {holder.full_name};",
            "3. Memerintahkan Pemohon melaporkan penggantian nama ini kepada Dinas Kependudukan dan Pencatatan Sipil;",
            "4. Membebankan biaya perkara kepada Pemohon.",
        ),
        closing=(f"{home.regency.title()}, {long_date(decided).title()}", "Hakim,", "Umpama Teladan, S.H., M.H."),
    )


def _filled_up(filler: str, rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The rows with empty ones behind them, as many as the form has."""
    empty = (filler,) * (len(rows[0]) - 1)
    numbers = range(len(rows) + 1, ROWS_OF_A_FAMILY_CARD + 1)
    return (*rows, *((str(number), *empty) for number in numbers))


def _family(home: Household) -> tuple[Holder, Holder, tuple[Holder, ...]]:
    """Husband, wife and children; a holder under age is the child."""
    if home.holder.birth_date.year > ADULTS_BORN_UNTIL:
        return home.father, home.mother, (home.holder,)
    if home.holder.sex == "male":
        return home.holder, home.spouse, home.children
    return home.spouse, home.holder, home.children


def _sex(person: Holder) -> str:
    return "LAKI-LAKI" if person.sex == "male" else "PEREMPUAN"


_COMPOSERS: Final[dict[PaperKind, Callable[[Household, random.Random], Content]]] = {
    PaperKind.KTP: _ktp,
    PaperKind.FAMILY_CARD: _family_card,
    PaperKind.BIRTH_CERTIFICATE: _birth_certificate,
    PaperKind.MARRIAGE_CERTIFICATE: _marriage_certificate,
    PaperKind.DIPLOMA: _diploma,
    PaperKind.OLD_PASSPORT: _old_passport,
    PaperKind.PARENTS_STATEMENT: _parents_statement,
    PaperKind.NAME_CHANGE_DECISION: _name_change_decision,
}
