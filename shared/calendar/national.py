"""Holidays of Indonesia: one table for all services. A new decree is a new year here, and nothing else.

Public holidays and joint leave (cuti bersama) are named for each year by a joint decree (SKB) of the ministers of
religion, of manpower and of state apparatus. Its number and days were read in reports, not in the decree itself; a
test compares the table with the package `holidays`. Years without a decree carry predicted days and are provisional:
movable holidays may shift by a day, and joint leave is not known.
"""

from __future__ import annotations

from typing import Final

from shared.calendar.working_days import Calendar, HolidayYear, calendar_of, dated

EVERY_YEAR: Final = ((1, 1), (5, 1), (6, 1), (8, 17), (12, 25))
"""New Year, Labour Day, Pancasila, Independence, Christmas: by presidential decree the same each year."""

HOLIDAY_YEARS: Final = (
    HolidayYear(
        2026,
        decree="SKB Menteri Agama 1497/2025, Menteri Ketenagakerjaan 2/2025, Menteri PANRB 5/2025 (19 September 2025)",
        public=dated(
            2026,
            """
            01-01 Tahun Baru
            01-16 Isra Mikraj
            02-17 Tahun Baru Imlek
            03-19 Nyepi
            03-21 Idul Fitri
            03-22 Idul Fitri
            04-03 Wafat Yesus Kristus
            04-05 Paskah
            05-01 Hari Buruh
            05-14 Kenaikan Yesus Kristus
            05-27 Idul Adha
            05-31 Waisak
            06-01 Hari Lahir Pancasila
            06-16 Tahun Baru Islam
            08-17 Proklamasi Kemerdekaan
            08-25 Maulid Nabi
            12-25 Natal
            """,
        ),
        joint_leave=dated(
            2026,
            """
            02-16 Tahun Baru Imlek
            03-18 Nyepi
            03-20 Idul Fitri
            03-23 Idul Fitri
            03-24 Idul Fitri
            05-15 Kenaikan Yesus Kristus
            05-28 Idul Adha
            12-24 Natal
            """,
        ),
    ),
    HolidayYear(
        2027,
        decree="SKB Menteri Agama 1205/2026, Menteri Ketenagakerjaan 3/2026, Menteri PANRB 2/2026 (15 September 2026)",
        public=dated(
            2027,
            """
            01-01 Tahun Baru
            01-05 Isra Mikraj
            02-06 Tahun Baru Imlek
            03-08 Nyepi
            03-10 Idul Fitri
            03-11 Idul Fitri
            03-26 Wafat Yesus Kristus
            03-28 Paskah
            05-01 Hari Buruh
            05-06 Kenaikan Yesus Kristus
            05-17 Idul Adha
            05-20 Waisak
            06-01 Hari Lahir Pancasila
            06-06 Tahun Baru Islam
            08-15 Maulid Nabi
            08-17 Proklamasi Kemerdekaan
            12-25 Natal
            12-26 Isra Mikraj
            """,
        ),
        joint_leave=dated(
            2027,
            """
            02-05 Tahun Baru Imlek
            03-09 Idul Fitri
            03-12 Idul Fitri
            03-15 Idul Fitri
            03-25 Wafat Yesus Kristus
            05-18 Idul Adha
            05-19 Waisak
            12-24 Natal
            """,
        ),
    ),
    HolidayYear(
        2028,
        public=dated(
            2028,
            """
            01-01 Tahun Baru
            01-26 Tahun Baru Imlek
            02-27 Idul Fitri
            02-28 Idul Fitri
            03-26 Nyepi
            04-14 Wafat Yesus Kristus
            04-16 Paskah
            05-01 Hari Buruh
            05-05 Idul Adha
            05-09 Waisak
            05-25 Kenaikan Yesus Kristus
            05-26 Tahun Baru Islam
            06-01 Hari Lahir Pancasila
            08-04 Maulid Nabi
            08-17 Proklamasi Kemerdekaan
            12-14 Isra Mikraj
            12-25 Natal
            """,
        ),
    ),
    HolidayYear(
        2029,
        public=dated(
            2029,
            """
            01-01 Tahun Baru
            02-13 Tahun Baru Imlek
            02-15 Idul Fitri
            02-16 Idul Fitri
            03-15 Nyepi
            03-30 Wafat Yesus Kristus
            04-01 Paskah
            04-25 Idul Adha
            05-01 Hari Buruh
            05-10 Kenaikan Yesus Kristus
            05-15 Tahun Baru Islam
            05-27 Waisak
            06-01 Hari Lahir Pancasila
            07-24 Maulid Nabi
            08-17 Proklamasi Kemerdekaan
            12-04 Isra Mikraj
            12-25 Natal
            """,
        ),
    ),
)

NATIONAL_CALENDAR: Final[Calendar] = calendar_of(HOLIDAY_YEARS, EVERY_YEAR)
"""The working days of Indonesia's state offices."""
