"""How well papers are read: the half of the samples that decides, each picture sent as one paper.

A card whose NIK is read is compared once more with a mistyped NIK and with a stranger's. ``python -m bench.papers_hits
--tuning`` prints the same of the half that thresholds are tuned on, and never of the other.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.figures import Figure, Table
from paper_samples.holder import Holder, invent_holder, mistype_nik
from paper_samples.kinds import PaperKind, Quality, WrongSort
from paper_samples.sample import Sample
from services.application.paper_reading.verdict import FULL_NAME, NIK, AskedPaper, Verdict

ReadPaper = Callable[[bytes, AskedPaper], Verdict]

ITEMS: Final[Mapping[PaperKind, tuple[str, str]]] = {
    PaperKind.KTP: ("ktp", "ktp"),
    PaperKind.FAMILY_CARD: ("family_card", "family_card"),
    PaperKind.BIRTH_CERTIFICATE: ("child_birth_certificate", "birth_certificate"),
    PaperKind.MARRIAGE_CERTIFICATE: ("parents_marriage_certificate", "marriage_certificate"),
    PaperKind.DIPLOMA: ("birth_proof", "diploma"),
    PaperKind.OLD_PASSPORT: ("old_passport", "old_passport"),
    PaperKind.PARENTS_STATEMENT: ("parents_statement", "parents_statement"),
    PaperKind.NAME_CHANGE_DECISION: ("name_change_decision", "name_change_decision"),
    PaperKind.PHOTO: ("photo", "photo"),
}
"""Item and paper that each kind is sent as."""

FIGURES: Final = tuple(
    f"papers.hits.{name}"
    for name in (
        *("right_accepted", "good_refused", "good_flagged", "wrong_caught", "wrong_refused"),
        *("blurred_caught", "blurred_agreeing", "wrong_nik_found", "selfies_taken"),
    )
)
CARDS: Final = (PaperKind.KTP, PaperKind.FAMILY_CARD)
ALL: Final = 100.0


@dataclass(frozen=True, slots=True)
class SampleRead:
    """A sample and the verdict on it."""

    sample: Sample
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class HitCounts:
    """All verdicts, and those on readable cards that were compared with a wrong NIK."""

    reads: tuple[SampleRead, ...]
    with_wrong_nik: tuple[SampleRead, ...]


async def measure(scale: float = 1.0) -> Table:
    """Read the half that decides."""
    from paper_samples.deciding_half import deciding_samples
    from services.application.paper_reading.reading.read_paper import read_paper

    return make_table(await asyncio.to_thread(read_samples, deciding_samples(scale), read_paper))


def read_samples(samples: Iterable[Sample], read_paper: ReadPaper) -> HitCounts:
    """Draw and read each sample; good cards that show their NIK are read twice more, with wrong ones typed."""
    reads: list[SampleRead] = []
    with_wrong_nik: list[SampleRead] = []
    for sample in samples:
        picture = sample.picture()
        read = SampleRead(sample, read_paper(picture, ask(sample.asked, sample.holder)))
        reads.append(read)
        if _is_good(sample) and sample.kind in CARDS and read.verdict.agreements.get(NIK) == "agrees":
            chance = random.Random(sample.seed + 2)
            typed = (mistype_nik(sample.holder, chance), invent_holder(chance))
            wrong = (read_paper(picture, ask(sample.asked, holder)) for holder in typed)
            with_wrong_nik += [SampleRead(sample, verdict) for verdict in wrong]
    return HitCounts(tuple(reads), tuple(with_wrong_nik))


def ask(kind: PaperKind, typed: Holder) -> AskedPaper:
    """Return what the reader is asked where an applicant typed these facts and sends a picture as this paper."""
    requirement, paper = ITEMS[kind]
    facts = {
        NIK: typed.nik,
        FULL_NAME: typed.full_name,
        "birth_place": typed.birth_place,
        "birth_date": typed.birth_date.isoformat(),
        "sex": typed.sex,
    }
    if kind is PaperKind.OLD_PASSPORT:
        facts["passport_number"] = typed.passport_number
    return AskedPaper(requirement, paper, facts=facts)


def make_table(counts: HitCounts) -> Table:
    """Return the figures with their targets, and the row of each kind of picture."""
    reads = counts.reads
    good = [read for read in reads if _is_good(read.sample)]
    wrong = [read for read in reads if read.sample.is_wrong]
    blurred = [read for read in reads if read.sample.quality is Quality.BLURRED]
    selfies = [read for read in wrong if read.sample.sort is WrongSort.SELFIE]
    return Table(
        title="Papers: right and wrong ones",
        method=(
            f"{len(reads)} pictures of papers of invented people and of other things, typeset by typst and "
            "photographed by the second camera of `paper_samples`; nothing is tuned on them. Each is sent as one "
            "paper, with the facts of the person on it. Good: all of the paper, sharp, tilted by at most 3 degrees. "
            "Blurred beyond reading: a point becomes a disk or a line wider than the letters. Slightly bad: one fault. "
            f"Caught: flagged or refused. {len(counts.with_wrong_nik)} times a readable card was compared with a NIK "
            "of which one digit or two neighbours are wrong, or with a stranger's. `taken for` tells as what the "
            "reader saw it."
        ),
        figures=(
            Figure("papers.hits.right_accepted", _share(good, _is_accepted), "%", target=97.0),
            Figure("papers.hits.good_refused", _share(good, _is_refused), "%", target=0.5, less_is_better=True),
            Figure("papers.hits.good_flagged", _share(good, _is_flagged), "%", target=3.0, less_is_better=True),
            Figure("papers.hits.wrong_caught", _share(wrong, _is_caught), "%", target=98.0),
            Figure("papers.hits.wrong_refused", _share(wrong, _is_refused), "%"),
            Figure("papers.hits.blurred_caught", _share(blurred, _is_caught), "%", target=95.0),
            Figure("papers.hits.blurred_agreeing", _count(blurred, _agrees), "pictures", target=0, less_is_better=True),
            Figure("papers.hits.wrong_nik_found", _share(counts.with_wrong_nik, _nik_differs), "%", target=99.0),
            Figure(
                "papers.hits.selfies_taken", _count(selfies, _is_accepted), "pictures", target=0, less_is_better=True
            ),
        ),
        columns=("picture", "pictures", "accepted", "flagged", "refused", "taken for", "why not accepted"),
        rows=tuple(_rows(counts)),
    )


def _rows(counts: HitCounts) -> Iterable[tuple[str, ...]]:
    groups: dict[str, list[Verdict]] = {}
    for read in counts.reads:
        groups.setdefault(_group(read.sample), []).append(read.verdict)
    for read in counts.with_wrong_nik:
        groups.setdefault(f"{read.sample.kind}, a wrong NIK typed", []).append(read.verdict)
    for name, verdicts in groups.items():
        outcomes = Counter(verdict.outcome for verdict in verdicts)
        yield (
            name,
            str(len(verdicts)),
            *(str(outcomes[outcome]) for outcome in ("accepted", "flagged", "refused")),
            _listed(verdict.kind for verdict in verdicts),
            _listed(verdict.reason for verdict in verdicts if verdict.outcome != "accepted"),
        )


def _group(sample: Sample) -> str:
    if sample.sort is not None:
        return f"wrong: {sample.sort}"
    if sample.is_wrong:
        return "wrong: another kind of paper"
    if sample.fault is not None:
        return f"slightly bad: {sample.fault}"
    return f"{sample.kind}, blurred beyond reading" if sample.quality is Quality.BLURRED else f"{sample.kind}"


def _listed(codes: Iterable[str | None]) -> str:
    return ", ".join(f"{code or 'none'} {count}" for code, count in Counter(codes).most_common())


def _is_good(sample: Sample) -> bool:
    return sample.quality is Quality.GOOD and not sample.is_wrong


def _is_accepted(verdict: Verdict) -> bool:
    return verdict.outcome == "accepted"


def _is_flagged(verdict: Verdict) -> bool:
    return verdict.outcome == "flagged"


def _is_refused(verdict: Verdict) -> bool:
    return verdict.outcome == "refused"


def _is_caught(verdict: Verdict) -> bool:
    return not _is_accepted(verdict)


def _agrees(verdict: Verdict) -> bool:
    return "agrees" in verdict.agreements.values()


def _nik_differs(verdict: Verdict) -> bool:
    return verdict.agreements.get(NIK) == "differs" and _is_caught(verdict)


def _count(reads: Sequence[SampleRead], holds: Callable[[Verdict], bool]) -> int:
    return sum(holds(read.verdict) for read in reads)


def _share(reads: Sequence[SampleRead], holds: Callable[[Verdict], bool]) -> float:
    """The share in percent; 0 where there is nothing."""
    return ALL * _count(reads, holds) / len(reads) if reads else 0.0


def main() -> int:
    """Print the table of the half that is tuned on."""
    from paper_samples.tuning_half import tuning_samples
    from services.application.paper_reading.reading.read_paper import read_paper

    parser = argparse.ArgumentParser(prog="python -m bench.papers_hits", description=__doc__)
    parser.add_argument("--tuning", action="store_true", required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    table = make_table(read_samples(tuning_samples(parser.parse_args().scale), read_paper))
    for figure in table.figures:
        print(figure.as_json())
    for row in table.rows:
        print(" | ".join(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
