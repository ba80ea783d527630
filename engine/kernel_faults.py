"""What a kernel raises: a driver's mistake, or the end of the kernel."""

from engine.kernel_config import KernelConfig as KernelConfig
from engine.model.enums import KernelState
from engine.record import FaultRecord


class KernelClosed(RuntimeError):
    """The kernel is in `state` and takes no more turns; the input was not looked at."""

    def __init__(self, state: KernelState) -> None:
        super().__init__(f"the kernel is {state.name} and takes no more turns")
        self.state = state


class TurnNested(RuntimeError):
    """Somebody called `turn` from inside a turn."""


class TimerOverdue(ValueError):
    """The driver brought an input at `ts_init` though a timer at `due_ns` had not fired."""

    def __init__(self, due_ns: int, ts_init: int) -> None:
        super().__init__(f"a timer due at {due_ns} comes before an input at {ts_init}")
        self.due_ns = due_ns
        self.ts_init = ts_init


class KernelFault(RuntimeError):
    """A turn broke off and the kernel is over. Nothing of that turn left.

    Attributes:
        cause: what was raised.
        input_type: name of the input's type; empty when a client raised in `durable`.
        component_id: the strategy or actor whose code raised; None for the kernel's own.
        audit: the record kept of the broken turn.
    """

    def __init__(self, cause: BaseException, audit: FaultRecord) -> None:
        self.cause = cause
        self.__cause__ = cause  # compiled code drops the `from` of a `raise`
        self.input_type = "" if audit.input is None else type(audit.input).__name__
        self.component_id = audit.component_id
        self.audit = audit
        who = "the kernel" if audit.component_id is None else audit.component_id
        during = f"turn {audit.turn} on {self.input_type or 'durable'}"
        super().__init__(f"{type(cause).__name__} raised by {who} in {during}: {cause}")
