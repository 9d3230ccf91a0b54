"""The refund guide as a page: plain HTML without scripts, made from the same data as its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from services.billing.refunds.schemas import ReasonView, RefundGuideView, RuleView, StageView
from services.billing.refunds.states import RefundState
from shared.http.language import Language
from shared.http.page_policy import page_policy

STYLE: Final = (
    "body{font:1.05rem/1.55 system-ui,sans-serif;max-width:54rem;margin:0 auto;padding:1rem;color:#1a1a1a;"
    "background:#fff}table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}"
    "caption{text-align:left;font-weight:bold;padding:.5rem 0}"
    "th,td{border:1px solid #767676;padding:.4rem .6rem;text-align:left;vertical-align:top}thead th{background:#eee}"
    "a{color:#0b4ea2}.wide{overflow-x:auto}"
)

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": page_policy(STYLE, form_action="'none'"),
    "Referrer-Policy": "no-referrer",
}
"""The page runs and loads nothing; it holds no personal data, so copies may be kept for a while."""


@dataclass(frozen=True)
class PageTexts:
    """The texts of the page around the data."""

    title: str
    as_of: str
    how: str
    reasons: str
    reason_heads: tuple[str, ...]
    by_itself: str
    on_request: str
    stages: str
    stage_heads: tuple[str, ...]
    working_days: str
    days: str
    no_deadline: str
    rules: str
    rule_heads: tuple[str, ...]
    deadlines: str
    papers: str
    objection: str
    answer: str
    other_language: str


WORDS: Final[Mapping[Language, PageTexts]] = {
    "en": PageTexts(
        title="How to get a passport fee back",
        as_of="In force on {day}.",
        how="How it goes",
        reasons="Reasons for which money goes back",
        reason_heads=("Reason", "Legal basis", "Who decides", "How it begins"),
        by_itself="by itself; you need not ask",
        on_request="at your request",
        stages="The steps, who takes them and until when",
        stage_heads=("Step", "Who acts next", "Deadline"),
        working_days="{count} working days",
        days="{count} days",
        no_deadline="none",
        rules="Rules that a refusal can name",
        rule_heads=("Rule", "Legal basis"),
        deadlines="Your own deadlines",
        papers="What the office asks you for: within {count} working days.",
        objection="An objection to a refusal: within {count} days.",
        answer="Headquarters decides on an objection within {count} days; without an answer it is granted.",
        other_language="Bahasa Indonesia",
    ),
    "id": PageTexts(
        title="Cara memperoleh kembali biaya paspor",
        as_of="Berlaku pada {day}.",
        how="Alurnya",
        reasons="Alasan pengembalian uang",
        reason_heads=("Alasan", "Dasar hukum", "Yang memutuskan", "Cara dimulai"),
        by_itself="otomatis; Anda tidak perlu mengajukan",
        on_request="atas permohonan Anda",
        stages="Tahapan, petugas, dan batas waktunya",
        stage_heads=("Tahap", "Yang bertindak berikutnya", "Batas waktu"),
        working_days="{count} hari kerja",
        days="{count} hari",
        no_deadline="tidak ada",
        rules="Aturan yang dapat disebut dalam penolakan",
        rule_heads=("Aturan", "Dasar hukum"),
        deadlines="Batas waktu untuk Anda",
        papers="Dokumen yang diminta kantor: dalam {count} hari kerja.",
        objection="Keberatan atas penolakan: dalam {count} hari.",
        answer="Kantor pusat memutuskan keberatan dalam {count} hari; bila tidak dijawab, keberatan dikabulkan.",
        other_language="English",
    ),
}

ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "applicant": ("you", "Anda"),
    "decider": ("who decides on the reason (see above)", "yang memutuskan alasan itu (lihat di atas)"),
    "fee_officer": ("fee officer at headquarters", "petugas PNBP kantor pusat"),
    "headquarters": ("headquarters", "kantor pusat"),
    "nobody": ("nobody: it is over", "tidak ada: sudah selesai"),
    "office_head": ("head of the office", "kepala kantor"),
    "scheduling": ("the booking system", "sistem penjadwalan"),
    "treasurer": ("treasurer of the office", "bendahara kantor"),
    "treasury": ("the treasury", "kas negara"),
}
"""The acting roles, in English and Indonesian."""


def guide_page(guide: RefundGuideView, language: Language) -> bytes:
    """Return the page in that language, UTF-8."""
    words = WORDS[language]
    other: Language = "en" if language == "id" else "id"
    how = guide.how if language == "en" else guide.how_id
    own = (
        words.papers.format(count=guide.papers_working_days),
        words.objection.format(count=guide.object_within_days),
        words.answer.format(count=guide.objection_decided_within_days),
    )
    parts = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(words.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<nav><a href="?language={other}" hreflang="{other}" lang="{other}">{words.other_language}</a></nav>\n'
        f"<main>\n<h1>{escape(words.title)}</h1>\n<p>{escape(words.as_of.format(day=guide.on.isoformat()))}</p>\n",
        _section("how", words.how, _list(how, "ol")),
        _section("reasons", words.reasons, _reasons(guide.reasons, words, language)),
        _section("steps", words.stages, _stages(guide, words, language)),
        _section("deadlines", words.deadlines, _list(own, "ul")),
        _section("rules", words.rules, _rules(guide.rules, words, language)),
        "</main>\n</body>\n</html>\n",
    )
    return "".join(parts).encode()


def _section(name: str, title: str, inner: str) -> str:
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(title)}</h2>\n{inner}</section>\n'


def _list(lines: Iterable[str], tag: str) -> str:
    return f"<{tag}>\n{''.join(f'<li>{escape(line)}</li>{chr(10)}' for line in lines)}</{tag}>\n"


def _table(title: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>\n'
        for row in rows
    )
    return (
        f'<div class="wide" role="region" aria-label="{escape(title)}" tabindex="0">\n<table>\n'
        f"<caption>{escape(title)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _role(code: str, language: Language) -> str:
    english, indonesian = ROLES[code]
    return english if language == "en" else indonesian


def _reasons(reasons: Iterable[ReasonView], words: PageTexts, language: Language) -> str:
    rows = (
        (
            reason.title if language == "en" else reason.title_id,
            reason.legal_basis,
            _role(reason.decided_by, language),
            words.by_itself if reason.automatic else words.on_request,
        )
        for reason in reasons
    )
    return _table(words.reasons, words.reason_heads, rows)


def _until(stage: StageView, guide: RefundGuideView, words: PageTexts) -> str:
    if stage.working_days is not None:
        return words.working_days.format(count=stage.working_days)
    if stage.state == RefundState.OBJECTED:
        return words.days.format(count=guide.objection_decided_within_days)
    return words.no_deadline


def _stages(guide: RefundGuideView, words: PageTexts, language: Language) -> str:
    rows = (
        (
            stage.title if language == "en" else stage.title_id,
            _role(stage.actor, language),
            _until(stage, guide, words),
        )
        for stage in guide.stages
    )
    return _table(words.stages, words.stage_heads, rows)


def _rules(rules: Iterable[RuleView], words: PageTexts, language: Language) -> str:
    rows = ((rule.text if language == "en" else rule.text_id, rule.legal_basis) for rule in rules)
    return _table(words.rules, words.rule_heads, rows)
