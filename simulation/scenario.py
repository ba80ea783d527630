"""What to run: a small plain object, found by its import path.

A scenario names venues, market, strategies, workload, faults, durations and properties. It holds
no state and no randomness: `simulate(scenario, seed)` draws everything that varies.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from engine.model.enums import AccountType
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.strategy import Strategy
from invariants.property import Property
from simulation.faults import FaultProfile
from simulation.market.recorded import RecordedMarket
from simulation.market.seeded import SeededMarket
from simulation.venue import enums as venue_enums
from simulation.venue.ledger import AccountSpec
from simulation.workload import Workload

NS: Final = 1_000_000_000
_GENEROUS: Final = {"BTC": "100", "ETH": "1000", "USDT": "10000000", "USD": "10000000"}
_UNITS: Final = {"ms": 1_000_000, "s": NS, "m": 60 * NS, "h": 3600 * NS}

Instrument = CurrencyPair | CryptoPerpetual


class ScenarioError(ValueError):
    """A scenario that cannot be found or makes no sense; the text says what to change."""


def duration_ns(text: str) -> int:
    """Nanoseconds of "90s", "250ms", "2m", "1h".

    Raises:
        ScenarioError: anything else, zero included.
    """
    match = re.fullmatch(r"(\d{1,9})(ms|s|m|h)", text)
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
    """

    name: str
    instruments: Sequence[Instrument]
    fees: MakerTaker | None = None
    account: AccountType = AccountType.CASH
    balances: Mapping[str, str] | None = None
    leverage: int = 10


class Scenario(msgspec.Struct, frozen=True):
    """Everything a run needs but the seed.

    Attributes:
        strategies: each makes a fresh strategy; a run never shares one with another run.
        workload: random use of the whole strategy surface, or None.
        active, quiet: durations ("60s"); faults stop after `active`, and `quiet` is what the
            kernel gets to settle everything.
        properties: what is judged.
    """

    venues: Sequence[Venue]
    market: SeededMarket | RecordedMarket
    faults: FaultProfile
    properties: Sequence[Property]
    strategies: Sequence[Callable[[], Strategy]] = ()
    workload: Workload | None = None
    active: str = "60s"
    quiet: str = "30s"
    name: str = ""

    def checked(self) -> "Scenario":
        """This scenario, or a ScenarioError that says what to mend."""
        if not self.venues:
            raise ScenarioError("a scenario needs at least one venue")
        names = [venue.name for venue in self.venues]
        if len(dict.fromkeys(names)) != len(names):
            raise ScenarioError(f"venue names repeat: {', '.join(names)}")
        for venue in self.venues:
            for instrument in venue.instruments:
                if instrument.id.venue != venue.name:
                    raise ScenarioError(f"{instrument.id} cannot be listed at venue {venue.name}")
        if not self.strategies and self.workload is None:
            raise ScenarioError("a scenario needs a strategy or a workload, or nothing happens")
        ids = [entry.id for entry in self.properties]
        if len(dict.fromkeys(ids)) != len(ids):
            raise ScenarioError("two properties share an id")
        duration_ns(self.active)
        duration_ns(self.quiet)
        return self


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
                codes[unit.code] = _GENEROUS.get(unit.code, "1000000")
        balances = codes
    return AccountSpec(venue_enums.AccountType(venue.account.name), balances, venue.leverage)


def load_scenario(path: str, built_in: Mapping[str, Callable[[], Scenario]]) -> Scenario:
    """The scenario at `path`: a built-in name, or "module:function" of the user's.

    Raises:
        ScenarioError: no such module, function or scenario.
    """
    if ":" not in path:
        maker = built_in.get(path)
        if maker is None:
            known = ", ".join(built_in)
            raise ScenarioError(f"no scenario {path!r}: use one of {known}, or MODULE:FUNCTION")
    else:
        module_name, _, function = path.partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            raise ScenarioError(
                f"scenario {path!r}: cannot import {error.name!r}; run where {module_name}.py is"
            ) from None
        maker = getattr(module, function, None)
        if not callable(maker):
            raise ScenarioError(f"scenario {path!r}: {module_name} has no function {function!r}")
    scenario = maker()
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"scenario {path!r}: the function returned no Scenario")
    return msgspec.structs.replace(scenario, name=path).checked()
