"""Write the pictures of the half that is tuned on: ``python -m paper_samples FOLDER [--scale PART]``.

Beside them lies ``truth.json``. The half that decides is written by nothing: it is drawn where it is measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from paper_samples.tuning_half import tuning_samples


def main() -> int:
    """Draw and write."""
    parser = argparse.ArgumentParser(prog="python -m paper_samples", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    chosen = parser.parse_args()
    truths = {}
    for sample in tuning_samples(chosen.scale):
        path = chosen.folder / f"{sample.name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.picture())
        truths[sample.name] = {
            "asked": sample.asked,
            "kind": sample.kind,
            "sort": sample.sort,
            "quality": sample.quality,
            "fault": sample.fault,
            "holder": asdict(sample.holder),
        }
    (chosen.folder / "truth.json").write_text(json.dumps(truths, indent=1, default=str))
    print(f"{len(truths)} pictures in {chosen.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
