"""Virtual time: what happens when, in one total order.

Actions run in order of (time, sequence); two at the same nanosecond run in the order they were
asked for. A run that explores ties has another scheduler, `simulation.schedules`. Nothing here
waits: time jumps to the next action.
"""

from collections.abc import Callable, Sized
from heapq import heappop, heappush

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
    """A heap of actions and the clock of a run.

    Args:
        start_ns: Where time starts, nanoseconds since 1970 (UTC), >= 0.

    Attributes:
        waiting: What is still to run, in heap order, with what was called off since. Read only,
            and the same list throughout: empty, nothing is due at any time.
        now_ns: The time of the action that runs, or of the last one that ran.
        steps: How many actions have run.
    """

    __slots__ = ("_sequence", "now_ns", "start_ns", "steps", "waiting")

    def __init__(self, start_ns: int) -> None:
        if start_ns < 0:
            raise ValueError(f"start_ns {start_ns} is negative")
        self.start_ns = start_ns
        self.now_ns = start_ns
        self.steps = 0
        self.waiting: list[tuple[int, int, Action]] = []
        self._sequence = 0

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
        self._sequence += 1
        heappush(self.waiting, (time_ns, self._sequence, action))

    def next_ns(self) -> int | None:
        """When the next action is due; None when there is none."""
        heap = self.waiting
        while heap:
            time_ns, _, action = heap[0]
            if type(action) is Handle and not action.is_pending:
                heappop(heap)
                continue
            return time_ns
        return None

    def step(self) -> bool:
        """Run the next action; False when there is none."""
        heap = self.waiting
        while heap:
            time_ns, _, action = heappop(heap)
            if type(action) is Handle and not action.is_pending:
                continue
            self.now_ns = time_ns
            self.steps += 1
            action()
            return True
        return False

    def run_to_input(self, inbox: Sized, until_ns: int) -> None:
        """Run what is due by `until_ns`, in order, until something lies in `inbox`.

        Time stands then at the last action that ran.
        """
        heap = self.waiting
        while heap and not inbox and heap[0][0] <= until_ns:
            time_ns, _, action = heappop(heap)
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
