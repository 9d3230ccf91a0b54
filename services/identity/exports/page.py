"""The page of one's own data: every field with its label and value, and how it is corrected, in both languages.

It is read from a file, without scripts and without a server. All text of persons is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

SERVICE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "identity": ("Akun dan pemohon", "Account and applicants"),
    "application": ("Permohonan", "Applications"),
    "scheduling": ("Kunjungan", "Visits"),
    "billing": ("Pembayaran", "Payments"),
    "notification": ("Pesan", "Messages"),
}
"""Indonesian and English."""

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:0 0 1.5rem}th,td{border:1px solid #bbb;padding:.35rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{width:22%}td.how{width:34%;font-size:.9rem}"
    "[lang=en]{color:#555}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_EMPTY: Final = "–"


def own_data_page(document: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the page of an export as UTF-8; ``schemas`` are those of its parts by service."""
    parts: Mapping[str, Any] = document["parts"]
    sections = [_section(name, data, schemas[name]) for name, data in parts.items()]
    missing = "".join(_missing(name) for name in document["missing"])
    title = _both("Data Anda", "Your data")
    return (
        '<!DOCTYPE html>\n<html lang="id">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Data Anda / Your data</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f"<p>{escape(str(document['made_at']))}</p>\n{missing}{''.join(sections)}</body>\n</html>\n"
    ).encode()


def _section(name: str, data: Any, schema: Mapping[str, Any]) -> str:
    title = _both(*SERVICE_NAMES.get(name, (name, name)))
    return f"<section>\n<h2>{title}</h2>\n{''.join(_table(data, schema, schema, 3))}</section>\n"


def _table(data: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], level: int) -> Iterator[str]:
    """Yield the plain fields of an object as a table, then each object in it with a heading of its own."""
    rows, below = [], []
    for name, field in _resolved(schema, root).get("properties", {}).items():
        value = data.get(name)
        items: list[Any] = value if isinstance(value, list) else [value]
        if any(isinstance(item, Mapping) for item in items):
            below.append((field, items))
        else:
            rows.append(_row(name, field, [item for item in items if item is not None]))
    if rows:
        yield f"<table>\n{''.join(rows)}</table>\n"
    heading = min(level, 6)
    for field, items in below:
        for item in filter(None, items):
            yield f"<h{heading}>{_label(field)}</h{heading}>\n"
            yield from _table(item, _resolved(field, root), root, level + 1)


def _row(name: str, field: Mapping[str, Any], values: list[Any]) -> str:
    shown = ", ".join(escape(_plain(value)) for value in values) or _EMPTY
    correction = field.get("correction", {})
    call = f" <code>{escape(correction['call'])}</code>" if correction.get("call") else ""
    how = _both(correction.get("id", ""), correction.get("en", ""))
    return f'<tr><th scope="row">{_label(field, name)}</th><td>{shown}</td><td class="how">{how}{call}</td></tr>\n'


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "ya / yes" if value else "tidak / no"
    return str(value)


def _label(field: Mapping[str, Any], name: str = "") -> str:
    label = field.get("label", {})
    return _both(label.get("id", name), label.get("en", name))


def _both(text_id: str, text_en: str) -> str:
    return f'{escape(text_id)} <span lang="en">/ {escape(text_en)}</span>'


def _missing(name: str) -> str:
    name_id, name_en = SERVICE_NAMES.get(name, (name, name))
    text = _both(
        f"Bagian ini belum terkumpul dan menyusul: {name_id}.", f"This part is not here yet and comes later: {name_en}."
    )
    return f"<p><strong>{text}</strong></p>\n"


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of an object behind references, lists and optional values."""
    if "$ref" in schema:
        found: Mapping[str, Any] = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    if "items" in schema:
        return _resolved(schema["items"], root)
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return _resolved(options[0], root) if options else schema
