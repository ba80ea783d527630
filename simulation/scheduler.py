"""Virtual time: what happens when, in one total order.

Actions run in order of (time, sequence); two at the same nanosecond run in the order they were
asked for. A run that explores ties has another scheduler, `simulation.schedules`. Nothing here
waits: time jumps to the next action.
"""

from collections.abc import Callable, Sized
from heapq import heappop, heappush
from typing import Any, cast

Action = Callable[[], None]


class Handle:
    """One action that can be called off until it runs; `action` is None from then on."""

    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    @property
    def is_pending(self) -> bool:
        return self.action is not None

    def cancel(self) -> None:
        """Call it off. Harmless when it has run or was cancelled before."""
        self.action = None

    def __call__(self) -> None:
        action = self.action
        if action is not None:
            self.action = None
            action()


class Scheduler:
    """Instants in a heap, what is due at each, and the clock of a run.

    The heap holds plain integers, which are compared in a third of the time of tuples: an instant
    stands in it once, however much is due then.

    Args:
        start_ns: Where time starts, nanoseconds since 1970 (UTC), >= 0.

    Attributes:
        waiting: The instants at which something is still to run, in heap order, with those of what
            was called off since. Read only, and the same list throughout: empty, nothing is due
            at any time.
        now_ns: The time of the action that runs, or of the last one that ran.
        steps: How many actions have run.
    """

    __slots__ = ("_due", "now_ns", "start_ns", "steps", "waiting")

    def __init__(self, start_ns: int) -> None:
        if start_ns < 0:
            raise ValueError(f"start_ns {start_ns} is negative")
        self.start_ns = start_ns
        self.now_ns = start_ns
        self.steps = 0
        self.waiting: list[int] = []
        # hardly two actions of a run ever meet: a list only where they do, in the order asked for
        self._due: dict[int, Action | list[Action]] = {}

    def at(self, time_ns: int, action: Action) -> Handle:
        """Run `action` at `time_ns`; the handle can call it off.

        Raises:
            ValueError: `time_ns` has passed.
        """
        handle = Handle(action)
        self.post(time_ns, handle)
        return handle

    def after(self, delay_ns: int, action: Action) -> Handle:
        """Run `action` when `delay_ns` (>= 0) more have passed."""
        handle = Handle(action)
        self.post(self.now_ns + delay_ns, handle)
        return handle

    def post(self, time_ns: int, action: Action) -> None:
        """`at` for what nobody will call off: half the cost."""
        if time_ns < self.now_ns:
            raise ValueError(f"{time_ns} has passed, now is {self.now_ns}")
        instant: Any = time_ns  # compiled code boxes it here, and nowhere below
        due = self._due
        others = due.get(instant)
        if others is None:
            due[instant] = action
            heappush(self.waiting, instant)
        elif type(others) is list:
            others.append(action)
        else:
            due[instant] = [cast("Action", others), action]

    def next_ns(self) -> int | None:
        """When the next action is due; None when there is none."""
        heap = self.waiting
        while heap:
            time_ns = heap[0]
            due = self._due[time_ns]
            action = due[0] if type(due) is list else due
            if type(action) is not Handle or action.is_pending:
                return time_ns
            self._take()
        return None

    def step(self) -> bool:
        """Run the next action; False when there is none."""
        time_ns = self.next_ns()
        if time_ns is None:
            return False
        action = self._take()
        self.now_ns = time_ns
        self.steps += 1
        action()
        return True

    def run_to_input(self, inbox: Sized, until_ns: int) -> None:
        """Run what is due by `until_ns`, in order, until something lies in `inbox`.

        Time stands then at the last action that ran.
        """
        heap = self.waiting
        while heap and not inbox:
            time_ns = heap[0]
            if time_ns > until_ns:
                break
            action = self._take()
            if type(action) is Handle:
                handle = action
                if handle.action is None:
                    continue
                action, handle.action = handle.action, None
            self.now_ns = time_ns
            self.steps += 1
            action()

    def run_until(self, until_ns: int) -> None:
        """Run every action due up to and including `until_ns`; then it is `until_ns`."""
        if until_ns < self.now_ns:
            raise ValueError(f"{until_ns} has passed, now is {self.now_ns}")
        while True:
            due_ns = self.next_ns()
            if due_ns is None or due_ns > until_ns:
                break
            self.step()
        self.now_ns = until_ns

    def _take(self) -> Action:
        """The first action of the first instant, which waits no more."""
        instant: Any = self.waiting[0]
        due = self._due
        found = due[instant]
        if type(found) is list:
            action: Action = found.pop(0)
            if found:
                return action
        else:
            action = cast("Action", found)
        heappop(self.waiting)
        del due[instant]
        return action
