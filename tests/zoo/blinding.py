"""What a careless change would do to one property's check: it looks, and never finds anything.

As a launcher of workers: `python blinding.py PROPERTY MODULE`.
"""

import runpy
import sys
from collections.abc import Callable

from invariants.catalogue import CATALOGUE
from invariants.check import Check

HOOKS = ("turn", "every_turn", "tapped", "logged", "dispatched", "delivered", "end")


def blinded(property_id: str, put: Callable[[object, str, object], None]) -> None:
    """Have the check of a property find nothing any more; `put` is `setattr` or does as it does."""
    (kind,) = [entry.make for entry in CATALOGUE if entry.id == property_id]
    for hook in HOOKS:
        method = getattr(kind, hook)
        if method is not getattr(Check, hook):
            put(kind, hook, _finding_nothing(method))
    put(kind, "listener", _noting_nothing(kind.listener))
    if property_id == "KRN-1":  # what raises is named by the run itself
        import simulation.run

        sail = simulation.run._sail
        put(simulation.run, "_sail", lambda world: sail(world) and None)
    if property_id == "DET-1":  # judged between two runs
        import zoo.canaries

        put(zoo.canaries, "compared", lambda first, second: first)


def _finding_nothing(method: Callable) -> Callable:
    def look(self: Check, *arguments: object) -> None:
        for _ in method(self, *arguments) or ():
            pass

    return look


def _noting_nothing(listener: Callable) -> Callable:
    def listen(self: Check, pattern: str, evidence: object, note: object) -> object:
        return listener(self, pattern, evidence, lambda found: None)

    return listen


if __name__ == "__main__":
    blinded(sys.argv[1], setattr)
    runpy.run_module(sys.argv[2], run_name="__main__", alter_sys=True)
