"""Files and folders that a command will write."""

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


def check_folder(path: Path, option: str) -> None:
    """Refuse a folder that cannot be made or written into; it is not made here.

    Raises:
        UsageError: something else stands there, or nothing can be written.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{option} {path}: is not a folder")
    there = path.resolve()
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UsageError(f"{option} {path}: nothing can be written there")
