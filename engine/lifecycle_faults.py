"""What is raised when a component or a kernel cannot go where it is told to."""

from typing import TYPE_CHECKING

from engine.model.enums import ComponentState, KernelState

if TYPE_CHECKING:
    from engine.lifecycle import ComponentTrigger, KernelTrigger


class IllegalComponentTransition(RuntimeError):
    """A component in `state` has no answer to `trigger`; it was left as it was."""

    def __init__(self, state: ComponentState, trigger: "ComponentTrigger") -> None:
        super().__init__(f"no transition from {state.name} on {trigger.name}")
        self.state = state
        self.trigger = trigger


class IllegalKernelTransition(RuntimeError):
    """A kernel in `state` has no answer to `trigger`; it was left as it was."""

    def __init__(self, state: KernelState, trigger: "KernelTrigger") -> None:
        super().__init__(f"no transition from {state.name} on {trigger.name}")
        self.state = state
        self.trigger = trigger
