"""Files that are valid but unusual, and files that are no good, made where they are needed."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any, Final

from PIL import Image, PngImagePlugin

from tests.unit.application.drawn_pictures import ORIENTATION, SMALL, colours, draw, greys, png_chunk, saved

TWO_MEBIBYTES: Final = 2 * 1024 * 1024
END_MARK: Final = b"\xff\xd9"


def drawing(size: tuple[int, int] = SMALL, mode: str = "RGB") -> Image.Image:
    """A picture with lines, bars and fields."""
    table = colours(18) if mode == "RGB" else greys(18)
    return Image.fromarray(table[draw(size, 18)]).convert(mode)


def jpeg(size: tuple[int, int] = SMALL, **words: Any) -> bytes:
    return saved(drawing(size), "JPEG", **{"quality": 92, **words})


def exif_with(entries: Sequence[tuple[int, int, int, bytes]]) -> bytes:
    """EXIF of these entries: tag, type, count and the four bytes of the value."""
    body = b"".join(struct.pack(">HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, len(entries)) + body + bytes(4)


def odd_exif(orientation: int) -> bytes:
    """An orientation beside entries whose types fit nothing: a resolution as text, and one as a signed byte."""
    return exif_with(
        [
            (ORIENTATION, 3, 1, struct.pack(">HH", orientation, 0)),
            (0x011A, 2, 4, b"abc\0"),
            (0x011B, 6, 4, b"\xff\xfe\xfd\xfc"),
            (0x0128, 7, 3, b"\0\1\2\0"),
            (0x8769, 2, 4, b"ab\0\0"),
        ]
    )


def cut(content: bytes, share: float) -> bytes:
    """A JPEG that breaks off behind this share of its scan."""
    scan = content.index(b"\xff\xda")
    return content[: scan + round((len(content) - scan) * share)]


def animated_png() -> bytes:
    second = Image.new("RGB", SMALL, "red")
    return saved(drawing(), "PNG", save_all=True, append_images=[second], duration=500)


def png_with_long_text() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "x" * TWO_MEBIBYTES, zip=True)
    return saved(drawing(), "PNG", pnginfo=words)


def png_with_gamma(gamma: float) -> bytes:
    """A grey ramp whose values are the light to this power."""
    ramp = Image.linear_gradient("L").resize(SMALL)
    bare = saved(ramp, "PNG")
    at = bare.index(b"IDAT") - 4
    return bare[:at] + png_chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000))) + bare[at:]


def pages(image_format: str, count: int, **words: Any) -> bytes:
    """A file of so many pages, each a little larger than the one before."""
    sheets = [drawing((SMALL[0] + 10 * number, SMALL[1])) for number in range(count)]
    return saved(sheets[0], image_format, save_all=True, append_images=sheets[1:], **words)


def pdf(*pages: bytes, objects: Sequence[bytes] = (), trailer: bytes = b"") -> bytes:
    """A PDF of these page dictionaries (without their brackets); ``objects`` are numbered behind the pages."""
    kids = b" ".join(f"{number + 3} 0 R".encode() for number in range(len(pages)))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + kids + f"] /Count {len(pages)} >>".encode(),
        *(b"<< /Type /Page /Parent 2 0 R " + page + b" >>" for page in pages),
        *objects,
    ]
    written, places = io.BytesIO(), []
    written.write(b"%PDF-1.7\n")
    for number, body in enumerate(bodies, 1):
        places.append(written.tell())
        written.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
    start = written.tell()
    written.write(f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode())
    written.write(b"".join(f"{place:010d} 00000 n \n".encode() for place in places))
    written.write(f"trailer << /Size {len(bodies) + 1} /Root 1 0 R ".encode() + trailer + b" >>\n")
    written.write(f"startxref\n{start}\n%%EOF\n".encode())
    return written.getvalue()


def stream(data: bytes, dictionary: bytes = b"") -> bytes:
    return f"<< /Length {len(data)} ".encode() + dictionary + b" >>\nstream\n" + data + b"\nendstream"


def vector_pdf(width: int, height: int) -> bytes:
    """A page with a box of this size in points and a black bar across a tenth of it."""
    bar = f"0 g 0 {height // 2} {width} {height // 10} re f".encode()
    return pdf(f"/MediaBox [0 0 {width} {height}] /Contents 4 0 R".encode(), objects=[stream(bar)])


def locked_pdf() -> bytes:
    """A PDF that asks for a password which is not known to anybody."""
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"4a" * 32 + b"> /U <" + b"5b" * 32 + b"> >>"
    return pdf(b"/MediaBox [0 0 200 200]", trailer=lock + b" /ID [<0011> <0011>]")


def pdf_with_picture(claimed: tuple[int, int], filters: bytes = b"/DCTDecode") -> bytes:
    """A page whose picture claims this size."""
    content = jpeg()
    width, height = claimed
    head = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 ".encode()
    picture = stream(content, head + b"/ColorSpace /DeviceRGB /Filter " + filters)
    page = b"/MediaBox [0 0 300 400] /Resources << /XObject << /P 5 0 R >> >> /Contents 4 0 R"
    return pdf(page, objects=[stream(b"300 0 0 400 0 0 cm /P Do"), picture])


def plain(tone: int, size: tuple[int, int] = SMALL) -> bytes:
    return saved(Image.new("RGB", size, (tone, tone, tone)), "JPEG")
