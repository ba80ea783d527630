"""Files that a command will write."""

import os
from pathlib import Path

from seatrial.commands import UsageError


def check_writable(path: Path | None, option: str) -> None:
    """Refuse before the work what could not be written after it.

    Raises:
        UsageError: a folder, or a place where nothing can be written.
    """
    if path is None:
        return
    parent = path.resolve().parent
    if path.is_dir():
        raise UsageError(f"{option} {path}: is a folder; name a file")
    if not parent.is_dir():
        raise UsageError(f"{option} {path}: the folder {path.parent} does not exist")
    if not os.access(path if path.exists() else parent, os.W_OK):
        raise UsageError(f"{option} {path}: cannot be written")
