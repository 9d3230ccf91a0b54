"""Files and folders that only this user can read: secrets, data, logs."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
"""Mode of files that hold a secret, a log or data: this user alone."""

PRIVATE_FOLDER: Final = 0o700
OTHERS: Final = 0o077


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, flushed to the disk, readable by this user only."""
    make_private_folder(path.parent)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for this user only; those that are there stay as they are."""
    if not path.is_dir():
        make_private_folder(path.parent)
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def close_to_others(folder: Path) -> None:
    """Take every right of group and others from a folder and all below it, which an older version left open."""
    for place, folders, files in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in (*folders, *files))):
            mode = path.lstat().st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~OTHERS)
