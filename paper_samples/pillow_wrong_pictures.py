"""Pictures that are no paper, drawn by Pillow: one function for each sort, all chance from the seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from paper_samples.drawing import Drawing
from paper_samples.kinds import WrongSort
from paper_samples.pillow_camera import Shot, as_jpeg, photograph
from paper_samples.pillow_faces import draw_person
from paper_samples.pillow_lettering import BOLD, CAP_HEIGHT, Cut, Sheet

SIZES: Final = ((2000, 1500), (1500, 2000), (2240, 1680))
GOODS: Final = (
    *("INDOMAYA GORENG", "TEH BOTOL 450ML", "ROTI TAWAR", "SABUN CAIR", "BERAS 5KG", "KOPI SUSU", "TELUR 10"),
    *("AIR MINERAL 600", "MINYAK 1L", "GULA PASIR 1KG"),
)
CHATTER: Final = (
    *("halo kak, sudah sampai mana?", "sebentar lagi, masih macet di jalan", "ok ditunggu ya", "jangan lupa bawa kue"),
    *(
        "besok jadi ke rumah nenek?",
        "jadi dong, jam 9 pagi",
        "siap",
        "foto yang kemarin mana?",
        "nanti malam aku kirim",
    ),
    *("makasih banyak ya", "sama-sama", "hujan deras di sini"),
)


def draw_wrong(sort: WrongSort, seed: int) -> bytes:
    """Return a picture of this sort as JPEG."""
    chance = random.Random(seed)
    return _DRAWERS[sort](chance)


def _white_page(chance: random.Random) -> bytes:
    return _bare_page(chance, chance.randint(238, 255))


def _black_page(chance: random.Random) -> bytes:
    return _bare_page(chance, chance.randint(0, 14))


def _bare_page(chance: random.Random, tone: int) -> bytes:
    """One tone, in half of them with a little light from one side."""
    image = Image.new("RGB", chance.choice(SIZES), (tone, tone, tone))
    if chance.random() < 0.5:
        shade = Image.linear_gradient("L").resize(image.size).point(lambda step: round(step * 12 / 255))
        image = Image.composite(Image.new("RGB", image.size, (max(0, tone - 14),) * 3), image, shade)
    return as_jpeg(image, 88)


def _noise(chance: random.Random) -> bytes:
    wide, tall = chance.choice(SIZES)
    grain = chance.choice((1, 2, 4))
    cells = (wide // grain, tall // grain)
    image = Image.frombytes("RGB", cells, chance.randbytes(cells[0] * cells[1] * 3)).resize((wide, tall))
    return as_jpeg(image, 85)


def _scene(chance: random.Random) -> bytes:
    return _landscape(chance) if chance.random() < 0.5 else _cat(chance)


def _landscape(chance: random.Random) -> bytes:
    wide, tall = size = SIZES[0]
    sky = Image.linear_gradient("L").resize(size)
    image = Image.merge(
        "RGB",
        (sky.point(lambda step: 90 + step // 2), sky.point(lambda step: 140 + step // 3), sky.point(lambda _: 230)),
    )
    draw = ImageDraw.Draw(image)
    for layer in range(4):
        base, swing = tall * (0.45 + 0.14 * layer), tall * 0.12
        waves, phase = chance.uniform(1, 4), chance.uniform(0, 6)
        ridge = [(x, base - swing * math.sin(waves * x / wide * math.tau + phase)) for x in range(0, wide + 20, 20)]
        green = (40 + 10 * layer, 120 - 18 * layer, 50)
        draw.polygon(((0, tall), *ridge, (wide, tall)), fill=green)
    x = wide * chance.uniform(0.2, 0.8)
    draw.ellipse((x, tall * 0.1, x + 180, tall * 0.1 + 180), fill=(255, 236, 160))
    for _ in range(40):
        x, y, high = chance.uniform(0, wide), tall * chance.uniform(0.7, 1.0), chance.uniform(60, 160)
        draw.polygon(((x, y), (x + high * 0.3, y - high), (x + high * 0.6, y)), fill=(20, 70, 36))
    return _finished(image, chance)


def _cat(chance: random.Random) -> bytes:
    wide, tall = size = chance.choice(SIZES[:2])
    image = Image.new("RGB", size, chance.choice(((150, 170, 140), (196, 180, 160), (120, 130, 150))))
    draw = ImageDraw.Draw(image)
    fur = chance.choice(((190, 120, 60), (90, 90, 92), (225, 215, 200), (60, 52, 48)))
    x, y, half = wide * chance.uniform(0.4, 0.6), tall * 0.45, min(wide, tall) * 0.26
    draw.ellipse((x - half * 1.3, y + half * 0.4, x + half * 1.3, y + half * 3), fill=fur)
    for side in (-1, 1):
        draw.polygon(
            (
                (x + side * half * 0.9, y - half * 0.3),
                (x + side * half * 0.85, y - half * 1.35),
                (x + side * half * 0.15, y - half * 0.8),
            ),
            fill=fur,
        )
    draw.ellipse((x - half, y - half * 0.9, x + half, y + half * 0.8), fill=fur)
    for side in (-1, 1):
        eye = x + side * half * 0.42
        draw.ellipse((eye - half * 0.2, y - half * 0.25, eye + half * 0.2, y + half * 0.1), fill=(170, 200, 70))
        draw.ellipse((eye - half * 0.05, y - half * 0.24, eye + half * 0.05, y + half * 0.09), fill=(10, 10, 10))
        for whisker in (-1, 0, 1):
            draw.line(
                (x + side * half * 0.2, y + half * 0.35, x + side * half * 1.4, y + half * (0.35 + whisker * 0.2)),
                (240, 240, 240),
                4,
            )
    draw.polygon(
        ((x - half * 0.1, y + half * 0.22), (x + half * 0.1, y + half * 0.22), (x, y + half * 0.34)),
        fill=(220, 120, 130),
    )
    for _ in range(900):
        hair_x, hair_y = chance.gauss(x, half * 0.9), chance.gauss(y + half * 0.8, half)
        shade = tuple(max(0, min(255, tone + chance.randint(-30, 30))) for tone in fur)
        draw.line((hair_x, hair_y, hair_x + chance.uniform(-8, 8), hair_y + 22), shade, 3)
    return _finished(image, chance)


def _selfie(chance: random.Random) -> bytes:
    """A face close to the camera before a room: shelves, a window, a lamp."""
    wide, tall = size = SIZES[1]
    image = Image.new("RGB", size, chance.choice(((196, 186, 170), (150, 166, 176), (206, 200, 190))))
    draw = ImageDraw.Draw(image)
    for shelf in range(4):
        y = tall * (0.08 + 0.2 * shelf)
        draw.rectangle((0, y + 150, wide, y + 170), fill=(110, 78, 50))
        x = 0.0
        while x < wide:
            thick = chance.uniform(24, 70)
            colour = tuple(chance.randint(30, 220) for _ in range(3))
            draw.rectangle((x, y + 150 - chance.uniform(80, 150), x + thick, y + 150), fill=colour)
            x += thick + 4
    left = wide * chance.uniform(0, 0.6)
    draw.rectangle((left, 0, left + wide * 0.35, tall * 0.3), fill=(236, 244, 252), outline=(120, 120, 120), width=14)
    image = image.filter(ImageFilter.GaussianBlur(4))
    centre = (wide * chance.uniform(0.4, 0.6), tall * chance.uniform(0.42, 0.55))
    draw_person(image, centre, tall * chance.uniform(0.36, 0.5), chance)
    return _finished(image, chance)


def _receipt(chance: random.Random) -> bytes:
    wide, tall = 800, 1900
    sheet = Sheet(Image.new("RGB", (wide, tall), (250, 250, 246)))
    cell = Cut(cell=0.6)
    sheet.write((wide / 2, 60), "TOKO SERBA REKAAN", 46, BOLD, anchor="centre")
    sheet.write((wide / 2, 130), "JL. MELATI NO. 12", 32, cell, anchor="centre")
    sheet.write((60, 210), f"KASIR: SINTA   NO. {chance.randint(1000, 9999)}", 32, cell)
    y, total = 300, 0
    for name in chance.sample(GOODS, chance.randint(6, 10)):
        price = chance.randint(5, 90) * 500
        total += price
        sheet.write((60, y), name, 34, cell)
        sheet.write((wide - 60, y), f"{price:,}".replace(",", "."), 34, cell, anchor="right")
        y += 80
    for label, amount in (("TOTAL", total), ("TUNAI", total + 20_000), ("KEMBALI", 20_000)):
        sheet.write((60, y + 40), label, 38, BOLD)
        sheet.write((wide - 60, y + 40), f"{amount:,}".replace(",", "."), 38, BOLD, anchor="right")
        y += 80
    sheet.write((wide / 2, y + 100), "TERIMA KASIH", 40, BOLD, anchor="centre")
    return photograph(Drawing(sheet.image, 34 * CAP_HEIGHT), Shot(3.0, fill=0.92), chance)


def _chat(chance: random.Random) -> bytes:
    """A screenshot: no camera, sharp letters in bubbles."""
    wide, tall = 1080, 2160
    dark = chance.random() < 0.3
    sheet = Sheet(Image.new("RGB", (wide, tall), (18, 24, 28) if dark else (236, 229, 221)))
    sheet.draw.rectangle((0, 0, wide, 190), fill=(30, 44, 52) if dark else (7, 94, 84))
    sheet.write(
        (150, 90), chance.choice(("Keluarga Rekaan", "Bu Umpama", "Grup Contoh")), 48, BOLD, ink=(255, 255, 255)
    )
    sheet.write((60, 20), "09:41", 32, ink=(255, 255, 255))
    y = 240.0
    for text in chance.sample(CHATTER, chance.randint(8, 11)):
        mine = chance.random() < 0.5
        left = wide - 820 if mine else 40
        colour = ((5, 96, 98) if dark else (220, 248, 198)) if mine else ((38, 50, 56) if dark else (255, 255, 255))
        sheet.draw.rounded_rectangle((left, y, left + 780, y + 130), 24, fill=colour)
        sheet.write((left + 30, y + 22), text, 40, ink=(230, 230, 230) if dark else (20, 20, 20), most=700)
        sheet.write((left + 660, y + 82), f"{chance.randint(8, 20)}:{chance.randint(10, 59)}", 26, ink=(130, 140, 140))
        y += 165
    return as_jpeg(sheet.image, 92)


def _form(chance: random.Random) -> bytes:
    """An empty form of something else."""
    title, fields = chance.choice(
        (
            ("FORMULIR PENDAFTARAN ANGGOTA", ("Nama", "Alamat", "Nomor telepon", "Surel", "Pekerjaan", "Hobi")),
            (
                "FORMULIR PEMBUKAAN REKENING",
                ("Nama nasabah", "Jenis rekening", "Setoran awal", "Cabang", "Sumber dana"),
            ),
            ("KUESIONER KEPUASAN PELANGGAN", ("Kebersihan", "Keramahan", "Kecepatan", "Harga", "Saran")),
            ("FORMULIR PENGIRIMAN PAKET", ("Pengirim", "Penerima", "Isi paket", "Berat", "Ongkos kirim")),
        )
    )
    wide, tall = 1654, 2339
    sheet = Sheet(Image.new("RGB", (wide, tall), (252, 252, 252)))
    sheet.write((wide / 2, 160), title, 56, BOLD, anchor="centre")
    y = 330
    for label in fields:
        sheet.write((150, y), label, 38)
        sheet.draw.line((620, y + 46, wide - 150, y + 46), (90, 90, 90), 3)
        y += 130
    for choice in ("Ya", "Tidak", "Tidak tahu"):
        sheet.draw.rectangle((150, y, 190, y + 40), outline=(40, 40, 40), width=4)
        sheet.write((220, y - 4), choice, 36)
        y += 90
    sheet.write((wide * 0.7, y + 120), "Tanda tangan", 38, anchor="centre")
    return photograph(Drawing(sheet.image, 38 * CAP_HEIGHT), Shot(3.0, fill=0.9), chance)


def _finished(image: Image.Image, chance: random.Random) -> bytes:
    return as_jpeg(image.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 1.2))), chance.randint(78, 92))


_DRAWERS: Final[dict[WrongSort, Callable[[random.Random], bytes]]] = {
    WrongSort.WHITE_PAGE: _white_page,
    WrongSort.BLACK_PAGE: _black_page,
    WrongSort.NOISE: _noise,
    WrongSort.SCENE: _scene,
    WrongSort.SELFIE: _selfie,
    WrongSort.RECEIPT: _receipt,
    WrongSort.CHAT: _chat,
    WrongSort.FORM: _form,
}
