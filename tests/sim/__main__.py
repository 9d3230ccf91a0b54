"""``python -m tests.sim 17`` replays a seed line by line; ``python -m tests.sim 0 1000`` looks for one that fails.

A last word names a shape that is not drawn from the seed: ``python -m tests.sim 0 100 gives_up``.
"""

from __future__ import annotations

import sys

from tests.sim import sim


def main(arguments: list[str]) -> int:
    """The exit status: 1 if a rule was broken."""
    shape = sim.SHAPES.get(arguments[-1]) if arguments else None
    numbers = [int(each) for each in (arguments[:-1] if shape else arguments)]
    if len(numbers) == 1:
        return _tell(sim.run(numbers[0], shape=shape, verbose=True))
    if len(numbers) == 2:
        return _search(range(*numbers), shape)
    print(__doc__)  # noqa: T201 - a command line speaks
    return 2


def _search(seeds: range, shape: sim.Shape | None) -> int:
    for seed in seeds:
        result = sim.run(seed, shape=shape)
        if result.violations:
            print(sim.report(result))  # noqa: T201
            return 1
    return 0


def _tell(result: sim.Result) -> int:
    for violation in result.violations:
        print(violation)  # noqa: T201
    print(f"seed {result.seed}: {len(result.violations)} rules broken, digest {result.digest}")  # noqa: T201
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
