"""A planted bug: an exact text patch of one module, and the property that must find it."""

from typing import Final

import msgspec

# How a defect of NautilusTrader was observed.
RAN: Final = "1.231.0, run"
READ: Final = "source of July 2026, read"


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the zoo.

    Attributes:
        id: short and stable; what `--bug` takes.
        sentence: what the patched kernel does wrong.
        module: dotted name of the module that is patched.
        changes: (old text, new text) pairs; each old text stands in the module exactly once.
        property: id of the property that must be violated; "" for a bug of a parser.
        scenario: the built-in scenario in which it is to be found.
        target: the fuzz target that must find it; "" for a bug that a property finds.
        observed: where a released system was seen doing this ("" for one of our own making).
        release: of NautilusTrader, RAN or READ, where the defect is one of those that
            `docs/incumbent.md` shows; else "".
    """

    id: str
    sentence: str
    module: str
    changes: tuple[tuple[str, str], ...]
    property: str = ""
    scenario: str = "default"
    target: str = ""
    observed: str = ""
    release: str = ""
