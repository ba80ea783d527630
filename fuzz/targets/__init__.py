"""Every fuzz target, by name. Data alone: nothing here may import what is to be instrumented."""

import importlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is given bytes.

    Attributes:
        sentence: what it does with them, and what would be wrong.
        module: where its `check` and `seeds` are.
        watched: modules whose branches guide the search; a package stands for all below it. What
            else is called is not slowed by being watched.
        length_max: longest input, bytes.
        seconds_max: an input that takes longer is a crash.
    """

    name: str
    sentence: str
    module: str
    watched: tuple[str, ...]
    length_max: int
    seconds_max: int = 5


class TargetModule(Protocol):
    """What the module of a target has."""

    def check(self, data: bytes) -> None:
        """Raise when any of our answers to `data` is wrong, or any error is not a documented one."""

    def seeds(self) -> Mapping[str, bytes]:
        """Inputs to start from, by name: valid ones and nearly valid ones, all of them clean."""


_MODEL: Final = "engine.model"
_ALL: Final = (
    Target(
        name="values",
        sentence="text to prices, quantities, money and instants and back, against fractions",
        module="fuzz.targets.values",
        watched=tuple(
            f"{_MODEL}.{name}"
            for name in (
                "currencies",
                "fixed",
                "money",
                "number",
                "price",
                "quantity",
                "scaled",
                "times",
            )
        ),
        length_max=96,
    ),
    Target(
        name="identifiers",
        sentence="text to identifiers and back, against the rules read out one by one",
        module="fuzz.targets.identifiers",
        watched=(f"{_MODEL}.identifiers",),
        length_max=64,
    ),
    Target(
        name="bar_types",
        sentence="text to bar types and back, against the grammar read from the right",
        module="fuzz.targets.bar_types",
        watched=(f"{_MODEL}.bars", f"{_MODEL}.identifiers"),
        length_max=96,
    ),
    Target(
        name="gateway",
        sentence="hostile requests and frames at the venue's door, its books and words checked",
        module="fuzz.targets.gateway",
        watched=(
            "simulation.venue.checks",
            "simulation.venue.exchange",
            "simulation.venue.gateway",
            "simulation.venue.judgement",
            "simulation.venue.limits",
            "simulation.venue.sessions",
            "simulation.venue.streams",
        ),
        length_max=256,
    ),
    Target(
        name="recordings",
        sentence="small files to the readers of recordings, against decimals read row by row",
        module="fuzz.targets.recordings",
        watched=(
            "simulation.market.mbo",
            "simulation.market.mbo_reader",
            "simulation.market.mbo_rebuild",
            "simulation.market.readers",
        ),
        length_max=1024,
    ),
    Target(
        name="simulation",
        sentence="a whole run whose faults, delays and orders are the bytes, against every property",
        module="fuzz.targets.simulation",
        watched=(
            "engine.data",
            "engine.execution",
            "engine.model.order_table",
            "engine.model.orders",
            "engine.model.positions",
            "engine.portfolio",
            "engine.risk",
            "engine.strategy",
            "simulation.client",
            "simulation.client_book",
            "simulation.client_mapping",
            "simulation.client_queries",
            "simulation.client_requests",
            "simulation.client_session",
        ),
        length_max=2048,
        seconds_max=20,
    ),
)

TARGETS: Final[Mapping[str, Target]] = {target.name: target for target in _ALL}


def module_of(target: Target) -> TargetModule:
    """Import the target; a fuzzer does so with its hooks in place."""
    return cast("TargetModule", importlib.import_module(target.module))


def checker(target: Target) -> Callable[[bytes], None]:
    return module_of(target).check
