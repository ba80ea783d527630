"""Compiled modules in the place of their sources: `make compile` builds them, this serves them.

    python -m seatrial.compiled MODULE|FILE.py [ARGS]     run it with them, as python would

They stand in `.compiled/` of the checkout, beside a manifest with the SHA-256 of every source file
of the packages they were made from. One file that differs, is new or is gone, and none is served:
one line says so, and the sources run. Whoever imports `engine` from a program of their own gets the
sources unless they call `install` first. A zoo bug is a patch of a source, so a process that has
one never comes here.

`SEATRIAL_COMPILED=0` in the environment: sources, whatever has been built.
"""

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import runpy
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

HOME: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("engine", "invariants", "simulation")
SUFFIX: Final = sysconfig.get_config_var("EXT_SUFFIX")
BUILT: Final = HOME / ".compiled" / str(sysconfig.get_config_var("SOABI"))
MANIFEST: Final = BUILT / "manifest.json"
OFF: Final = "SEATRIAL_COMPILED"


class Stale(Exception):
    """What was compiled is not what stands in the sources now."""


def source_hashes(home: Path = HOME) -> dict[str, str]:
    """SHA-256 by path of every source file that a compiled module may hold something of: a
    constant or a signature of a module that is not compiled itself is in them too."""
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for package in PACKAGES
        for path in sorted((home / package).rglob("*.py"))
    }


class CompiledFinder(importlib.abc.MetaPathFinder):
    """Finds the modules that a manifest lists."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        file = self._files.get(fullname)
        if file is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(fullname, str(file))
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


def available() -> dict[str, Path]:
    """The compiled modules that may be served: name to file. Empty when none are built or wanted.

    Raises:
        Stale: there are some, made from other sources.
    """
    if os.environ.get(OFF) == "0" or not MANIFEST.is_file():
        return {}
    manifest = json.loads(MANIFEST.read_bytes())
    if manifest["sources"] != source_hashes():
        raise Stale("compiled modules are older than their sources: run make compile")
    return {name: BUILT / file for name, file in manifest["modules"].items()}


def install() -> None:
    """Serve the compiled modules from now on in this process, if there are any.

    Raises:
        Stale: they do not fit their sources; nothing was installed.
        RuntimeError: one of them is imported already, from its source.
    """
    files = available()
    early = sorted(name for name in files if name in sys.modules)
    if early:
        raise RuntimeError(f"too late for compiled modules: {early[0]} is imported already")
    if files:
        sys.meta_path.insert(0, CompiledFinder(files))


def is_installed() -> bool:
    """Whether this process serves compiled modules."""
    # by name: under `-m` this module is `__main__`, and imported once more by who asks
    return any(type(finder).__name__ == CompiledFinder.__name__ for finder in sys.meta_path)


def main() -> None:
    try:
        install()
    except Stale as error:
        print(f"seatrial: {error}", file=sys.stderr)
    sys.argv = sys.argv[1:]
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
