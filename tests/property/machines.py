"""What every state machine here is: steps against a slow model, compared and counted after each.

A machine drives two things at once, the fast one and its model of `simulation.models`. A legal
step changes both alike; an illegal one raises the typed error and leaves no trace. Where the two
can be told apart after a step, the machine fails.
"""

import inspect
from collections import Counter
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from engine.model.identifiers import Identifier
from engine.model.order_table import OrderEventRefused
from engine.model.positions import FillRefused
from zoo.bug import Bug
from zoo.patch import patched_source

STEPS_EACH = 50  # of one run of a machine from its beginning
SHORT = 2_000  # steps where nobody asked for more
LONG = (
    60_000  # within these a planted bug must show, whatever modules Hypothesis draws numbers from
)


# a bug shows as a difference, or as a legal step that raises
BUG_SHOWS = (AssertionError, ValueError, LookupError, OrderEventRefused, FillRefused)

TAKEN: Counter[str] = Counter()  # steps compared, by machine


class Machine(RuleBasedStateMachine):
    """Base of the machines."""

    def __init__(self) -> None:
        super().__init__()
        TAKEN[type(self).__name__] -= 1  # what is compared before the first step is no step

    @invariant()
    def both_agree(self) -> None:
        TAKEN[type(self).__name__] += 1
        self.compare()

    def compare(self) -> None:
        raise NotImplementedError

    def refused(self, subject: object, step: Callable[[], object], error: type[Exception]) -> None:
        """The step raises exactly this error, and nothing of the subject moves."""
        before = picture(subject)
        raised = None
        try:
            step()
        except Exception as exception:
            raised = type(exception)
        assert raised is error, f"{raised}, not {error}"
        assert picture(subject) == before, "the refusal left a trace"


def picture(subject: object) -> object:
    """Everything that a mutable object holds, its own parts included, as plain data."""
    if isinstance(subject, dict):
        return [(picture(key), picture(value)) for key, value in subject.items()]
    if isinstance(subject, list | tuple):
        return [picture(part) for part in subject]
    if isinstance(subject, int | str | None | Identifier):
        return subject
    slots = [name for kind in type(subject).__mro__ for name in getattr(kind, "__slots__", ())]
    if not slots or type(subject).__setattr__ is not object.__setattr__:
        return subject  # immutable: the same object is the same picture
    return [(name, picture(getattr(subject, name))) for name in slots if hasattr(subject, name)]


def drive(machine: type[Machine], steps: int | None = None, *, shrink: bool = True) -> int:
    """Run a machine for at least that many steps; None: a short run that is always the same.

    Returns:
        How many steps were compared. Batches are numbered, and a number gives the same batch
        each time.
    """
    name = machine.__name__
    TAKEN[name] = 0
    wanted = SHORT if steps is None else steps
    batch = 0
    while TAKEN[name] < wanted:
        numbered = type(name, (machine,), {}) if steps is None else seed(batch)(machine)
        run_state_machine_as_test(
            numbered,
            settings=settings(
                max_examples=-(-(wanted - TAKEN[name]) // STEPS_EACH),
                stateful_step_count=STEPS_EACH,
                deadline=None,
                database=None,
                derandomize=steps is None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
                report_multiple_bugs=False,
            ),
        )
        batch += 1
        if steps is None:
            break
    return TAKEN[name]


def replanted(module: ModuleType, *changes: tuple[str, str]) -> ModuleType:
    """A copy of a module with a bug in it; nobody else sees the copy.

    Args:
        changes: (old text, new text) pairs; each old text stands in the module exactly once.
    """
    bug = Bug(id="planted", sentence="", module=module.__name__, changes=changes, property="")
    source = inspect.getsource(module)
    copy = ModuleType(module.__name__)
    exec(compile(patched_source(bug, source), str(module.__file__), "exec"), vars(copy))
    return copy


def finds(machine: type[Machine], **planted: object) -> None:
    """The machine, given a subject with a bug, fails within `LONG` steps."""
    with pytest.raises(BUG_SHOWS):
        drive(type(f"Planted{machine.__name__}", (machine,), planted), LONG, shrink=False)
