"""What the bus raises, and how many dispatches a turn may take."""

from typing import Final

from engine.model.identifiers import ComponentId

DISPATCHES_MAX: Final = 10_000  # in one turn; more is a loop, not work


class UnknownEndpoint(LookupError):
    """Nobody is registered at `endpoint`, so the message was not sent."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"no handler at endpoint {endpoint!r}")
        self.endpoint = endpoint


class TurnNotQuiet(RuntimeError):
    """A turn made more than `DISPATCHES_MAX` dispatches; `topics` are the last ones, sorted."""

    def __init__(self, topics: tuple[str, ...]) -> None:
        super().__init__(
            f"more than {DISPATCHES_MAX} dispatches in one turn; the last went to {', '.join(topics)}"
        )
        self.topics = topics


class HandlerFailed(Exception):
    """Code owned by a component (a strategy, an actor) raised; the error itself is `__cause__`."""

    def __init__(self, component_id: ComponentId, cause: Exception) -> None:
        super().__init__(f"a handler of {component_id} raised")
        self.component_id = component_id
        self.__cause__ = cause  # compiled code drops the `from` of a `raise`
