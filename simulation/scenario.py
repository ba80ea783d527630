"""What to run: a small plain object, found by its import path.

A scenario names venues, market, strategies, workload, faults, durations and properties. It holds
no state and no randomness: `simulate(scenario, seed)` draws everything that varies.
"""

import importlib
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.model.enums import AccountType, OmsType
from engine.model.instruments import AnyInstrument
from engine.model.instruments import Instrument as BaseInstrument
from engine.risk.config import RiskEngineConfig
from engine.strategy import Strategy
from invariants.property import Property
from simulation.faults import FaultProfile
from simulation.handling_config import Handling
from simulation.market.mbo_replay import MboMarket
from simulation.market.recorded import RecordedMarket
from simulation.market.seeded import SeededMarket
from simulation.schedules import FIFO, SCHEDULES
from simulation.venue import enums as venue_enums
from simulation.venue.ledger import AccountSpec
from simulation.workload import Workload

NS: Final = 1_000_000_000
_GENEROUS: Final = {"BTC": "100", "ETH": "1000", "USDT": "10000000", "USD": "10000000"}
QUIET_NS_MIN: Final = 30 * NS  # what is in flight when faults stop needs this long to settle
_UNITS: Final = {"ms": 1_000_000, "s": NS, "m": 60 * NS, "h": 3600 * NS}

Instrument = AnyInstrument


class ScenarioError(ValueError):
    """A scenario that cannot be found or makes no sense; the text says what to change."""


def duration_ns(text: str) -> int:
    """Nanoseconds of "90s", "250ms", "2m", "1h".

    Raises:
        ScenarioError: anything else, zero included.
    """
    match = re.fullmatch(r"([0-9]{1,9})(ms|s|m|h)", text) if isinstance(text, str) else None
    if match is None or int(match[1]) == 0:
        raise ScenarioError(f"duration {text!r}: write a positive number and ms, s, m or h")
    return int(match[1]) * _UNITS[match[2]]


class MakerTaker(msgspec.Struct, frozen=True):
    """Fee rates as decimal text; a negative rate is a rebate."""

    maker: str
    taker: str


class Venue(msgspec.Struct, frozen=True):
    """One simulated venue and our account there.

    Attributes:
        name: venue name, the part of an instrument id after the last dot.
        instruments: what it lists; each id must end in `.name`.
        fees: overrides the instruments' own rates.
        account: CASH or MARGIN.
        balances: opening balance by currency code, decimal text; None funds every currency
            of the instruments generously.
        leverage: of a margin account; integer.
        orders_feed: a vendor tells of every resting order; its client is `order_feed_id(name)`.
        keeps_history: it answers requests for past quotes, trades and book changes.
        oms: HEDGING keeps positions apart (margin accounts only); NETTING nets them.
        settlement_prices: at which price what expires is settled, decimal text by symbol;
            without one the venue finds its own (see `simulation.venue.expiry`).
        fees_in_base: fees of spot trades for cash are taken in the coin that is traded, as a
            share of what changes hands.
    """

    name: str
    instruments: Sequence[Instrument]
    fees: MakerTaker | None = None
    account: AccountType = AccountType.CASH
    balances: Mapping[str, str] | None = None
    leverage: int = 10
    orders_feed: bool = False
    keeps_history: bool = False
    oms: OmsType = OmsType.NETTING
    settlement_prices: Mapping[str, str] | None = None
    fees_in_base: bool = False


class Scenario(msgspec.Struct, frozen=True):
    """Everything a run needs but the seed.

    Attributes:
        strategies: each makes a fresh strategy; a run never shares one with another run.
        workload: random use of the whole strategy surface, or None.
        active, quiet: durations ("60s"); faults stop after `active`, and `quiet` is what the
            kernel gets to settle everything.
        properties: what is judged.
        risk: the limits that the kernel keeps; the rate limits are those of a kernel by default.
        schedule: who goes first at one instant: fifo, random, pct or portfolio, see
            `simulation.schedules`.
        handling: what befalls the kernel beside the faults, see `simulation.handling_config`;
            None handles it with care. The workload's traders are handled with it.
    """

    venues: Sequence[Venue]
    market: SeededMarket | RecordedMarket | MboMarket
    faults: FaultProfile
    properties: Sequence[Property]
    strategies: Sequence[Callable[[], Strategy]] = ()
    workload: Workload | None = None
    active: str = "60s"
    quiet: str = "30s"
    name: str = ""
    risk: RiskEngineConfig = RiskEngineConfig()
    schedule: str = FIFO
    handling: Handling | None = None

    def checked(self) -> "Scenario":
        """This scenario, or a ScenarioError that says what to mend."""
        _check_venues(self.venues)
        _check_kind("market", self.market, (SeededMarket, RecordedMarket, MboMarket))
        _check_kind("faults", self.faults, (FaultProfile,))
        _check_kind("risk", self.risk, (RiskEngineConfig,))
        _check_kind("handling", self.handling, (Handling, type(None)))
        for entry in self.properties:
            _check_kind("properties", entry, (Property,))
        ids = [entry.id for entry in self.properties]
        repeated = [entry for entry in dict.fromkeys(ids) if ids.count(entry) > 1]
        if repeated:
            raise ScenarioError(f"properties: {', '.join(repeated)} stated more than once")
        for make in self.strategies:
            if not callable(make):
                raise ScenarioError(
                    f"strategies: {make!r} is not callable; give a function that makes a fresh one"
                )
        if self.schedule not in SCHEDULES:
            raise ScenarioError(f"schedule {self.schedule!r}: one of {', '.join(SCHEDULES)}")
        if not self.strategies and self.workload is None:
            raise ScenarioError("a scenario needs a strategy or a workload, or nothing happens")
        if self.workload is not None:
            _check_kind("workload", self.workload, (Workload,))
            for name in Workload.__struct_fields__:
                if name != "oms_types" and getattr(self.workload, name) < 1:
                    raise ScenarioError(f"workload: {name} is at least 1")
            if not self.workload.oms_types:
                raise ScenarioError("workload: oms_types names none")
        duration_ns(self.active)
        if duration_ns(self.quiet) < QUIET_NS_MIN:
            raise ScenarioError(f"quiet {self.quiet!r}: at least {QUIET_NS_MIN // NS}s")
        return self


def _check_kind(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise ScenarioError(f"{name}: {value!r} is no {wanted}")


def _check_venues(venues: Sequence[Venue]) -> None:
    if not venues:
        raise ScenarioError("a scenario needs at least one venue")
    for venue in venues:
        _check_kind("venues", venue, (Venue,))
        if not venue.instruments:
            raise ScenarioError(f"venue {venue.name} lists no instrument")
        for instrument in venue.instruments:
            _check_kind("instruments", instrument, (BaseInstrument,))
            if instrument.id.venue != venue.name:
                raise ScenarioError(f"{instrument.id} cannot be listed at venue {venue.name}")
        listed = [str(instrument.id) for instrument in venue.instruments]
        if len(dict.fromkeys(listed)) != len(listed):
            raise ScenarioError(f"venue {venue.name} lists an instrument twice")
    names = [venue.name for venue in venues]
    if len(dict.fromkeys(names)) != len(names):
        raise ScenarioError(f"venue names repeat: {', '.join(names)}")


def opening_account(venue: Venue) -> AccountSpec:
    """How the venue opens our account; generously funded where the scenario does not say."""
    balances = venue.balances
    if balances is None:
        codes: dict[str, str] = {}
        for instrument in venue.instruments:
            units = (instrument.quote_currency, instrument.base_currency)
            if venue.account is AccountType.MARGIN:
                units = (instrument.cost_currency,) * 2  # nothing else is ever owed there
            for unit in units:
                if unit is None:
                    continue
                codes[unit.code] = _GENEROUS.get(unit.code, "1000000")
        balances = codes
    return AccountSpec(
        venue_enums.AccountType(venue.account.name),
        balances,
        venue.leverage,
        venue.oms is OmsType.HEDGING,
    )


def load_scenario(path: str, built_in: Mapping[str, Callable[[], Scenario]]) -> Scenario:
    """The scenario at `path`: a built-in name, or "module:function" of the user's.

    Raises:
        ScenarioError: no such module, function or scenario, or one of them raised.
    """
    if ":" not in path and path not in built_in:
        known = ", ".join(built_in)
        raise ScenarioError(f"no scenario {path!r}: use one of {known}, or MODULE:FUNCTION")
    make = built_in[path] if path in built_in else load_name(path, "scenario")
    try:
        scenario = make()
    except Exception as error:
        raise _raised(f"scenario {path!r}: the function", error) from error
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"scenario {path!r}: the function returned no Scenario")
    scenario = msgspec.structs.replace(scenario, name=path)
    try:
        return scenario.checked()
    except ScenarioError as error:
        raise ScenarioError(f"scenario {path!r}: {error}") from None
    except Exception as error:
        raise _raised(f"scenario {path!r}: reading it", error) from error


def load_name(path: str, what: str) -> Callable[..., object]:
    """What stands at "module:name", which is callable. `what` begins the error's text.

    Raises:
        ScenarioError: it cannot be imported or is not there.
    """
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", path):
        raise ScenarioError(f"{what} {path!r}: write MODULE:NAME")
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(f"{missing}."):
            mend = f"no module {missing!r} here; run where {missing}.py is, or set PYTHONPATH"
        else:
            mend = f"{module_name} imports {missing!r}, which is not installed"
        raise ScenarioError(f"{what} {path!r}: {mend}") from None
    except (Exception, SystemExit) as error:
        raise _raised(f"{what} {path!r}: importing {module_name}", error) from error
    found: Callable[..., object] | None = getattr(module, name, None)
    if not callable(found):
        where = getattr(module, "__file__", None) or module_name
        raise ScenarioError(f"{what} {path!r}: {where} has no function {name!r}")
    return found


def place_of(error: BaseException) -> str:
    """FILE:LINE of the innermost frame that raised."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nowhere"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}"


def _raised(doing: str, error: BaseException) -> ScenarioError:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return ScenarioError(f"{doing} raised {type(error).__name__}: {text} ({place_of(error)})")
