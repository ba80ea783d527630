"""Lays a bug over one module in a fresh process: the file on disk is never touched.

The patch is text. If the module has changed so that an old text no longer stands in it exactly
once, the patch is refused: a bug that silently stopped being one would make the zoo lie.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import CodeType, ModuleType

from zoo.bug import Bug

Finish = Callable[[CodeType], CodeType]


class PatchRefused(ValueError):
    """The bug cannot be laid over the module; says which text no longer matches."""


def patched_source(bug: Bug, source: str) -> str:
    """The module's text with the bug in it.

    Raises:
        PatchRefused: an old text is missing, or stands there more than once.
    """
    for old, new in bug.changes:
        count = source.count(old)
        if count != 1:
            first = old.strip().splitlines()[0]
            raise PatchRefused(
                f"bug {bug.id}: {bug.module} holds {first!r} {count} times, expected once; "
                f"the module has changed, so write the patch anew"
            )
        source = source.replace(old, new)
    return source


class _PatchedLoader(importlib.machinery.SourceFileLoader):
    """Compiles the patched text and neither reads nor writes cached bytecode."""

    def __init__(self, fullname: str, path: str, bug: Bug, finish: Finish | None) -> None:
        super().__init__(fullname, path)
        self._bug = bug
        self._finish = finish

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code = compile(self.get_data(path), path, "exec", dont_inherit=True)
        return code if self._finish is None else self._finish(code)

    def get_data(self, path: str) -> bytes:
        """The text with the bug in it."""
        source = importlib.util.decode_source(super().get_data(path))
        return patched_source(self._bug, source).encode()


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, bug: Bug, finish: Finish | None) -> None:
        self._bug = bug
        self._finish = finish

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._bug.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise PatchRefused(f"bug {self._bug.id}: there is no module {fullname}")
        loader = _PatchedLoader(fullname, spec.origin, self._bug, self._finish)
        return importlib.util.spec_from_file_location(fullname, spec.origin, loader=loader)


def install(bug: Bug, finish: Finish | None = None) -> None:
    """Make this process run with the bug.

    Args:
        finish: what is to be done to the patched module's code yet; a fuzzer counts its branches.
    Raises:
        PatchRefused: the module is imported already, or the patch does not fit it.
    """
    if bug.module in sys.modules:
        raise PatchRefused(f"bug {bug.id}: {bug.module} is imported already")
    sys.meta_path.insert(0, _Finder(bug, finish))
    importlib.import_module(bug.module)  # now, so that a patch that does not fit stops us here
