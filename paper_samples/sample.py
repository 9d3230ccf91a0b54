"""One sample: a picture, what it is, and what it is sent as."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from paper_samples.holder import Holder, Household, invent_holder, invent_household
from paper_samples.kinds import Fault, PaperKind, Quality, WrongSort

GOOD_COUNTS: Final[Mapping[PaperKind, int]] = {
    PaperKind.KTP: 40,
    PaperKind.FAMILY_CARD: 30,
    PaperKind.BIRTH_CERTIFICATE: 24,
    PaperKind.MARRIAGE_CERTIFICATE: 20,
    PaperKind.DIPLOMA: 20,
    PaperKind.OLD_PASSPORT: 24,
    PaperKind.PARENTS_STATEMENT: 16,
    PaperKind.NAME_CHANGE_DECISION: 16,
    PaperKind.PHOTO: 20,
}
"""Good pictures of a half, most of the papers that are sent most: 210."""

BLURRED_COUNT: Final = 5
"""Of each kind with text: 40 of a half."""

WRONG_COUNT: Final = 8
"""Of each sort: 64 of a half."""

OTHER_KIND_STEPS: Final = (5, 6)
"""A paper of another kind is the one so many kinds further on, so that no item takes both: 18 of a half."""

BIRTH_YEARS: Final[Mapping[PaperKind, tuple[int, int]]] = {
    PaperKind.KTP: (1955, 2006),
    PaperKind.FAMILY_CARD: (1960, 1999),
    PaperKind.BIRTH_CERTIFICATE: (1985, 2022),
    PaperKind.MARRIAGE_CERTIFICATE: (1958, 1998),
    PaperKind.DIPLOMA: (1962, 2005),
    PaperKind.OLD_PASSPORT: (1955, 2019),
    PaperKind.PARENTS_STATEMENT: (2010, 2022),
    PaperKind.NAME_CHANGE_DECISION: (1960, 2015),
    PaperKind.PHOTO: (1955, 2006),
}
MEGAPIXELS: Final = (3.0, 3.0, 3.5, 4.0, 4.0, 5.0, 5.0, 8.0, 12.0)
FINE_PRINT_MEGAPIXELS: Final = (8.0, 8.0, 12.0)
"""Of family cards, whose rows are small."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture that is drawn when it is wanted, with the truth about it.

    ``kind`` is None where it is no paper (``sort``). ``holder`` is the person of the paper, ``asked`` the kind that it
    is sent as.
    """

    name: str
    seed: int
    asked: PaperKind
    kind: PaperKind | None
    holder: Holder
    quality: Quality = Quality.GOOD
    fault: Fault | None = None
    sort: WrongSort | None = None
    page: int = 1
    draw: Callable[[Sample], bytes] = field(repr=False, compare=False, kw_only=True)

    @property
    def is_wrong(self) -> bool:
        """Whether the picture shows something else than it is sent as."""
        return self.kind is not self.asked

    def picture(self) -> bytes:
        """Return the JPEG, the same at every call."""
        return self.draw(self)

    def megapixels(self) -> float:
        """Return the size of the picture that a telephone would take."""
        wide = self.kind is PaperKind.FAMILY_CARD
        return random.Random(self.seed).choice(FINE_PRINT_MEGAPIXELS if wide else MEGAPIXELS)

    def household(self) -> Household:
        """Return the relatives and the address on the paper, the same at every call."""
        return invent_household(self.holder, random.Random(self.seed + 1))


def plan_half(name: str, first_seed: int, draw: Callable[[Sample], bytes], scale: float = 1.0) -> Iterator[Sample]:
    """Yield the samples of a half, at least one of each group; two halves differ in seeds and in who draws them."""
    seeds = iter(range(first_seed, first_seed + 100_000, 10))
    for kind in PaperKind:
        for number in range(shrunk(GOOD_COUNTS[kind], scale)):
            yield _paper(f"{name}/{kind}/good-{number}", next(seeds), kind, draw)
        if kind is PaperKind.PHOTO:
            continue
        for number in range(shrunk(BLURRED_COUNT, scale)):
            yield _paper(f"{name}/{kind}/blurred-{number}", next(seeds), kind, draw, Quality.BLURRED)
    yield from _slightly_bad(name, seeds, draw, scale)
    yield from _wrong(name, seeds, draw, scale)


def shrunk(count: int, scale: float) -> int:
    """Return a count at this scale, at least one."""
    return max(1, round(count * scale))


def _slightly_bad(name: str, seeds: Iterator[int], draw: Callable[[Sample], bytes], scale: float) -> Iterator[Sample]:
    kinds: Sequence[PaperKind] = [kind for kind in PaperKind if kind is not PaperKind.PHOTO]
    for place, fault in enumerate(Fault):
        for number in range(shrunk(len(kinds), scale)):
            kind = kinds[(place + number) % len(kinds)]
            yield _paper(f"{name}/{kind}/{fault}-{number}", next(seeds), kind, draw, Quality.SLIGHTLY_BAD, fault)


def _wrong(name: str, seeds: Iterator[int], draw: Callable[[Sample], bytes], scale: float) -> Iterator[Sample]:
    kinds = list(PaperKind)
    for place, sort in enumerate(WrongSort):
        for number in range(shrunk(WRONG_COUNT, scale)):
            asked = PaperKind.PHOTO if sort is WrongSort.SELFIE else kinds[(place + number) % len(kinds)]
            seed = next(seeds)
            holder = invent_holder(random.Random(seed), born=BIRTH_YEARS[asked])
            yield Sample(f"{name}/{sort}/{number}", seed, asked, None, holder, sort=sort, draw=draw)
    for number in range(shrunk(len(OTHER_KIND_STEPS) * len(kinds), scale)):
        step, place = divmod(number, len(kinds))
        kind, asked = kinds[place], kinds[(place + OTHER_KIND_STEPS[step]) % len(kinds)]
        seed = next(seeds)
        holder = invent_holder(random.Random(seed), born=BIRTH_YEARS[kind])
        yield Sample(f"{name}/other_kind/{number}", seed, asked, kind, holder, draw=draw)


def _paper(
    name: str,
    seed: int,
    kind: PaperKind,
    draw: Callable[[Sample], bytes],
    quality: Quality = Quality.GOOD,
    fault: Fault | None = None,
) -> Sample:
    holder = invent_holder(random.Random(seed), born=BIRTH_YEARS[kind])
    return Sample(name, seed, kind, kind, holder, quality, fault, draw=draw)
