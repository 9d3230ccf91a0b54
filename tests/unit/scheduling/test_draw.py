"""The draw: anybody can do it again, it favours nobody, and what was changed afterwards is found."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from services.scheduling.openings import draw

OTHER = "f" * 64


def record(count: int = 9, seed: str = "the-seed", late: int = 2) -> dict[str, Any]:
    """A public record as an opening would publish it."""
    tickets = sorted(draw.ticket_commitment(f"ticket-{number}", f"salt-{number}") for number in range(count))
    root = draw.root_of(tickets)
    return {
        "format": draw.FORMAT,
        "seed_commitment": draw.hash_of(seed),
        "root": root,
        "tickets": tickets,
        "seed": seed,
        "order": draw.draw(seed, root, tickets),
        "late": [draw.hash_of(f"late-{number}") for number in range(late)],
    }


def test_it_is_what_a_shell_computes() -> None:
    """The formulas of docs/opening.md, written out."""
    made = record()
    assert made["seed_commitment"] == hashlib.sha256(b"the-seed").hexdigest()
    lines = "".join(f"{each}\n" for each in made["tickets"])
    assert made["root"] == hashlib.sha256(lines.encode()).hexdigest()
    keyed = sorted(
        (hashlib.sha256(f"the-seed{made['root']}{each}".encode()).hexdigest(), each) for each in made["tickets"]
    )
    assert made["order"] == [each for _, each in keyed]
    assert draw.ticket_commitment("ticket-1", "salt-1") == hashlib.sha256(b"ticket-1:salt-1").hexdigest()


def test_an_honest_record_is_confirmed() -> None:
    made = record()
    assert draw.first_mistake(made) is None
    assert draw.first_mistake(made, commitment=made["seed_commitment"], root=made["root"]) is None
    assert draw.first_mistake(record(0)) is None


TAMPERED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another form": (lambda it: it.update(format="paspor-opening-2"), "not a record of the form"),
    "another seed": (lambda it: it.update(seed="the-better-seed"), "seed is not the one"),
    "no seed": (lambda it: it.update(seed=7), "no seed"),
    "another commitment": (lambda it: it.update(seed_commitment=OTHER), "seed is not the one"),
    "no commitment": (lambda it: it.update(seed_commitment="?"), "no seed_commitment"),
    "a seed and its commitment": (
        lambda it: it.update(seed="mine", seed_commitment=draw.hash_of("mine")),
        "Place 1 belongs",
    ),
    "another root": (lambda it: it.update(root=OTHER), "list of tickets is not the one"),
    "no root": (lambda it: it.update(root=None), "no root"),
    "a ticket left out": (lambda it: it["tickets"].pop(3), "not the one whose root"),
    "a ticket put in": (lambda it: it["tickets"].append(OTHER), "not the one whose root"),
    "a ticket twice": (lambda it: it["tickets"].append(it["tickets"][-1]), "holds a ticket twice"),
    "a list unsorted": (lambda it: it["tickets"].reverse(), "not sorted"),
    "no list": (lambda it: it.pop("tickets"), "no list of tickets"),
    "names in the list": (lambda it: it.update(late=["Ani"]), "no list of late"),
    "two places changed": (lambda it: it["order"].insert(0, it["order"].pop(4)), "Place 1 belongs"),
    "a friend ahead": (lambda it: it["order"].__setitem__(5, OTHER), "Place 6 belongs"),
    "a place left out": (lambda it: it["order"].pop(), "8 places for 9 tickets"),
    "a late one twice": (lambda it: it["late"].append(it["late"][0]), "twice among those that came later"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_changed_is_found_and_named(name: str) -> None:
    made = record()
    change, sentence = TAMPERED[name]
    change(made)
    assert sentence in (draw.first_mistake(made) or "nothing")


def test_a_record_made_up_as_a_whole_is_found_by_what_was_written_down() -> None:
    honest, made_up = record(), record(seed="another-seed", count=8)
    assert draw.first_mistake(made_up) is None
    assert "commitment" in (draw.first_mistake(made_up, commitment=honest["seed_commitment"]) or "")
    assert "root" in (draw.first_mistake(made_up, root=honest["root"]) or "")


def test_before_the_draw_there_is_nothing_to_check() -> None:
    with pytest.raises(draw.NotDrawnYet):
        draw.first_mistake(record() | {"seed": None})


def test_everybody_has_the_same_chance_at_every_place() -> None:
    """Chi-square over 10 tickets and 10 places in 2,000 draws: 81 degrees of freedom, 1 in 1,000 lies above 127."""
    source, people, draws = random.Random(13), 10, 2000
    tickets = sorted(draw.hash_of(f"ticket-{number}") for number in range(people))
    root = draw.root_of(tickets)
    hits = {(ticket, place): 0 for ticket in tickets for place in range(people)}
    for _ in range(draws):
        for place, ticket in enumerate(draw.draw(str(source.random()), root, tickets)):
            hits[ticket, place] += 1
    expected = draws / people
    assert sum((count - expected) ** 2 / expected for count in hits.values()) < 127
