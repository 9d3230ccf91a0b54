"""Pictures that are no paper, for the half that decides: typeset by typst or made by numpy and OpenCV."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np

from paper_samples.kinds import Quality, WrongSort
from paper_samples.opencv_camera import Chance, choose_view, encode, take_picture
from paper_samples.typst_papers import FONTS, Picture, decode_picture, typeset, typeset_portrait

SHAPES: Final = ((1536, 2048), (2048, 1536), (1800, 2400))
"""Height and width."""

WARES: Final = (
    *("MIE INSTAN", "SUSU UHT 1L", "PISANG CAVENDISH", "KECAP MANIS", "TISU 250", "SAMPO", "BISKUIT", "DETERJEN"),
    *("KERUPUK", "JUS JAMBU", "BATERAI AA", "PASTA GIGI"),
)
TALK: Final = (
    *(
        "Pak, rapatnya jadi jam berapa?",
        "Jam dua siang di ruang atas",
        "Baik Pak, saya siapkan bahannya",
        "Terima kasih",
    ),
    *("Bu guru, besok libur?", "Tidak, masuk seperti biasa", "Ada yang lihat kunci motor saya?", "Di atas kulkas"),
    *("Selamat ulang tahun ya!", "Makasih semua", "Titip beli galon dong", "Oke, pulang kerja"),
)
FORMS: Final = (
    ("LEMBAR PENILAIAN KARYAWAN", ("Divisi", "Kehadiran", "Kerja sama", "Catatan atasan")),
    ("FORMULIR KEANGGOTAAN PERPUSTAKAAN", ("Nama anggota", "Sekolah", "Kelas", "Buku kesukaan")),
    ("FORMULIR PERMINTAAN BARANG", ("Barang", "Jumlah", "Keperluan", "Diminta oleh", "Disetujui oleh")),
    ("KARTU GARANSI", ("Model", "Nomor seri", "Tanggal beli", "Nama toko")),
)


def make_wrong(sort: WrongSort, seed: int) -> bytes:
    """Return a picture of this sort as JPEG."""
    chance = np.random.default_rng(seed)
    return encode(_MAKERS[sort](chance), int(chance.integers(76, 93)))


def _white_page(chance: Chance) -> Picture:
    return _sheet_of(chance, chance.uniform(236, 252))


def _black_page(chance: Chance) -> Picture:
    return _sheet_of(chance, chance.uniform(3, 14))


def _sheet_of(chance: Chance, tone: float) -> Picture:
    """One tone with a sensor's noise and a fall-off towards the corners."""
    height, width = _shape(chance)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    grey = tone * (1 - 0.04 * (rows**2 + columns**2)) + chance.normal(0, 1.2, (height, width))
    return np.stack([grey.clip(0, 255).astype(np.uint8)] * 3, axis=2)


def _noise(chance: Chance) -> Picture:
    height, width = _shape(chance)
    if chance.random() < 0.5:
        return chance.normal(127, 60, (height, width, 3)).clip(0, 255).astype(np.uint8)
    cells = chance.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)


def _scene(chance: Chance) -> Picture:
    return _coast(chance) if chance.random() < 0.5 else _dog(chance)


def _coast(chance: Chance) -> Picture:
    """A sun over the sea, clouds and a beach."""
    height, width = SHAPES[0]
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    horizon, sun = chance.uniform(0.4, 0.55), chance.uniform(0.2, 0.8)
    clouds = cv2.resize(chance.random((9, 5), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    glow = np.exp(-((columns - sun) ** 2 + (rows - horizon * 0.7) ** 2) * 18)
    waves = 0.12 * np.sin(rows * 420 + 9 * np.sin(columns * 14)) * (rows > horizon)
    sky = np.stack([150 + 70 * clouds - 90 * glow, 130 + 60 * clouds + 40 * glow, 110 + 50 * clouds + 120 * glow], 2)
    sea = np.stack([120 + 0 * rows, 80 + 30 * glow, 40 + 70 * glow], 2) * (1 + waves[:, :, None])
    sand = np.stack([130 + 0 * rows, 180 + 0 * rows, 205 + 0 * rows], 2) + chance.normal(0, 12, (height, width, 1))
    shore = horizon + 0.32 + 0.03 * np.sin(columns * 9)
    picture = np.where((rows < horizon)[:, :, None], sky, np.where((rows < shore)[:, :, None], sea, sand))
    return picture.clip(0, 255).astype(np.uint8)


def _dog(chance: Chance) -> Picture:
    """A dog on grass."""
    height, width = _shape(chance)
    grass = chance.normal((60, 130, 80), 26, (height // 2, width // 2, 3)).clip(0, 255).astype(np.uint8)
    picture = cv2.GaussianBlur(cv2.resize(grass, (width, height)), (1, 31), 0)
    fur = tuple(int(tone) for tone in chance.uniform((30, 60, 90), (120, 170, 220)))
    dark = tuple(tone // 2 for tone in fur)
    x, y, unit = int(width * chance.uniform(0.4, 0.6)), int(height * 0.42), int(min(width, height) * 0.16)
    cv2.ellipse(picture, (x, y + 2 * unit), (int(unit * 1.2), int(unit * 1.9)), 0, 0, 360, fur, -1)
    for side in (-1, 1):
        cv2.ellipse(picture, (x + side * unit, y), (unit // 3, unit), side * -14, 0, 360, dark, -1)
    cv2.ellipse(picture, (x, y), (unit, int(unit * 1.1)), 0, 0, 360, fur, -1)
    cv2.ellipse(
        picture, (x, y + unit // 2), (unit // 2, int(unit * 0.6)), 0, 0, 360, tuple(min(255, t + 40) for t in fur), -1
    )
    cv2.ellipse(picture, (x, y + unit // 4), (unit // 5, unit // 7), 0, 0, 360, (20, 20, 20), -1)
    for side in (-1, 1):
        cv2.circle(picture, (x + side * unit // 2, y - unit // 4), unit // 8, (20, 20, 30), -1)
    hairs = chance.normal(0, 18, (height, width, 1)).astype(np.float32)
    return cv2.GaussianBlur((picture + hairs).clip(0, 255).astype(np.uint8), (0, 0), 1.6)


def _selfie(chance: Chance) -> Picture:
    """A large face before a street with lights and a wall with windows."""
    height, width = SHAPES[1]
    wall = np.full((height, width, 3), chance.uniform(80, 190, 3), np.float32)
    wall *= np.linspace(1.1, 0.7, height, dtype=np.float32)[:, None, None]
    street: Picture = wall.clip(0, 255).astype(np.uint8)
    for row in range(5):
        for column in range(6):
            left, top = int(width * (column + 0.15) / 6), int(height * (row + 0.1) / 6)
            tone = [int(tone) for tone in chance.uniform(20, 250, 3)]
            cv2.rectangle(street, (left, top), (left + width // 9, top + height // 9), tone, -1)
    for _ in range(30):
        at = (int(chance.uniform(0, width)), int(chance.uniform(0, height)))
        cv2.circle(street, at, int(chance.uniform(15, 60)), [int(tone) for tone in chance.uniform(120, 255, 3)], -1)
    street = cv2.GaussianBlur(street, (0, 0), 9)
    person = typeset_portrait(random.Random(int(chance.integers(1 << 30))), backdrop=None)
    tall = int(height * chance.uniform(0.8, 1.1))
    person = cv2.resize(person, (tall * 3 // 4, tall), interpolation=cv2.INTER_AREA)
    left = int((width - person.shape[1]) / 2 + width * chance.uniform(-0.12, 0.12))
    return _noisy(_overlay(street, person, left, height - tall + int(height * 0.05)), chance)


def _overlay(ground: Picture, figure: Picture, left: int, top: int) -> Picture:
    """Put a figure with four channels on a ground; what sticks out is cut off."""
    move = np.array([(1, 0, left), (0, 1, top)], np.float64)
    moved = cv2.warpAffine(figure, move, (ground.shape[1], ground.shape[0]))
    cover = cv2.GaussianBlur(moved[:, :, 3], (0, 0), 1.0)[:, :, None] / 255
    return (ground * (1 - cover) + moved[:, :, :3] * cover).clip(0, 255).astype(np.uint8)


def _noisy(picture: Picture, chance: Chance) -> Picture:
    return (picture + chance.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)


def _receipt(chance: Chance) -> Picture:
    names = chance.choice(np.array(WARES), int(chance.integers(6, 11)), replace=False)
    prices = [int(chance.integers(6, 120)) * 500 for _ in names]
    lines = [[str(name), f"{price:,}".replace(",", ".")] for name, price in zip(names, prices, strict=True)]
    total = f"{sum(prices):,}".replace(",", ".")
    data = {
        "layout": "receipt",
        "width": 72,
        "height": 60 + 9 * len(lines),
        "title": "SWALAYAN UMPAMA",
        "subtitle": f"Jl. Kenanga 8 - Struk {int(chance.integers(1000, 9999))}",
        "lines": [*lines, ["TOTAL BELANJA", total], ["KARTU DEBIT", total]],
    }
    return _taken(_plain_page(data, 9.5, "#fbfaf5", FONTS[2], 260), 9.5, chance)


def _chat(chance: Chance) -> Picture:
    talk = chance.choice(np.array(TALK), int(chance.integers(8, 12)), replace=False)
    data = {
        "layout": "chat",
        "width": 72,
        "height": 30 + 15 * len(talk),
        "title": str(chance.choice(np.array(["Kelas 4B", "Pak Umpama", "Tim Proyek", "Arisan RT"]))),
        "accent": str(chance.choice(np.array(["#2a5885", "#1c7c54", "#33333d"]))),
        "lines": [[str(chance.choice(np.array(["me", "other"]))), str(line)] for line in talk],
    }
    paper = str(chance.choice(np.array(["#e9e4dc", "#dfe7ee"])))
    return _plain_page(data, 9, paper, FONTS[int(chance.integers(3))], 380)[:, :, :3]


def _form(chance: Chance) -> Picture:
    title, labels = FORMS[int(chance.integers(len(FORMS)))]
    data = {
        "layout": "form",
        "width": 210,
        "height": 297,
        "title": title,
        "lines": [[label, ""] for label in labels],
    }
    return _taken(_plain_page(data, 13, "#fdfdfd", FONTS[int(chance.integers(3))], 180), 13, chance)


def _plain_page(data: dict[str, Any], size: float, paper: str, font: str, pixels_per_inch: int) -> Picture:
    return typeset("wrong_pictures.typ", {**data, "size": size, "paper": paper, "font": font}, pixels_per_inch)


def _taken(page: Picture, size: float, chance: Chance) -> Picture:
    taken = take_picture(page, size, choose_view(chance, 3.0, Quality.GOOD, None), chance)
    return decode_picture(taken)


def _shape(chance: Chance) -> tuple[int, int]:
    return SHAPES[int(chance.integers(len(SHAPES)))]


_MAKERS: Final[dict[WrongSort, Callable[[Chance], Picture]]] = {
    WrongSort.WHITE_PAGE: _white_page,
    WrongSort.BLACK_PAGE: _black_page,
    WrongSort.NOISE: _noise,
    WrongSort.SCENE: _scene,
    WrongSort.SELFIE: _selfie,
    WrongSort.RECEIPT: _receipt,
    WrongSort.CHAT: _chat,
    WrongSort.FORM: _form,
}
