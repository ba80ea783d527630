"""Virtual time: what happens when, in one total order.

Actions run in order of (time, sequence); two at the same nanosecond run in the order they were
asked for. A run that explores ties has another scheduler, `simulation.schedules`. Nothing here
waits: time jumps to the next action.
"""

from collections.abc import Callable, Sized

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
    """What waits, the latest first, and the clock of a run.

    Two lists side by side and no heap of pairs: some ten actions wait at any time, each is put in
    its place by a few comparisons of whole numbers, and the next one comes off the end.

    Args:
        start_ns: Where time starts, nanoseconds since 1970 (UTC), >= 0.

    Attributes:
        waiting: The instants of what is still to run, the latest first, with those of what was
            called off since. Read only, and the same list throughout: empty, nothing is due at
            any time.
        now_ns: The time of the action that runs, or of the last one that ran.
        steps: How many actions have run.
    """

    __slots__ = ("_actions", "now_ns", "start_ns", "steps", "waiting")

    def __init__(self, start_ns: int) -> None:
        if start_ns < 0:
            raise ValueError(f"start_ns {start_ns} is negative")
        self.start_ns = start_ns
        self.now_ns = start_ns
        self.steps = 0
        self.waiting: list[int] = []
        self._actions: list[Action] = []  # what is to run at each of the instants

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
        waiting = self.waiting
        place = 0
        end = len(waiting)
        while place < end:  # after all that is due at the same time, so before it in the list
            middle = (place + end) >> 1
            if waiting[middle] > time_ns:
                place = middle + 1
            else:
                end = middle
        waiting.insert(place, time_ns)
        self._actions.insert(place, action)

    def next_ns(self) -> int | None:
        """When the next action is due; None when there is none."""
        waiting = self.waiting
        while waiting:
            if is_to_run(self._actions[-1]):
                return waiting[-1]
            self._take(len(waiting) - 1)
        return None

    def step(self) -> bool:
        """Run the next action; False when there is none."""
        time_ns = self.next_ns()
        if time_ns is None:
            return False
        action = self._take(len(self.waiting) - 1)
        self.now_ns = time_ns
        self.steps += 1
        action()
        return True

    def run_to_input(self, inbox: Sized, until_ns: int) -> None:
        """Run what is due by `until_ns`, in order, until something lies in `inbox`.

        Time stands then at the last action that ran.
        """
        waiting = self.waiting
        actions = self._actions
        while waiting and not inbox:
            time_ns = waiting[-1]
            if time_ns > until_ns:
                break
            waiting.pop()
            action = actions.pop()
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

    def _take(self, place: int) -> Action:
        """What stands there, which waits no more."""
        self.waiting.pop(place)
        return self._actions.pop(place)


def is_to_run(action: Action) -> bool:
    """Whether it has not been called off."""
    return type(action) is not Handle or action.is_pending
