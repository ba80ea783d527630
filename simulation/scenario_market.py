"""A scenario on recorded data: the venue lists what was recorded, time is the recording's."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.model.enums import AccountType
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.risk.config import RiskEngineConfig
from simulation.market.fields import RecordingError
from simulation.market.mbo_reader import is_mbo
from simulation.market.mbo_replay import MboMarket
from simulation.market.readers import pair_in_name
from simulation.market.recorded import RecordedMarket
from simulation.market.rows import DepthRow, PlayedRow, QuoteRow
from simulation.scenario import MakerTaker, Scenario, ScenarioError, Venue
from simulation.workload import Workload

_MS: Final = 1_000_000
_AS_USUAL: Final = RiskEngineConfig()
_STEPS: Final = 40  # of each trader, however long the recording is
_LOTS_PER_TRADE: Final = 4  # the middle trade of the recording is this many lots


def read_market(paths: Sequence[str | Path]) -> RecordedMarket | MboMarket:
    """The recordings of one instrument, of whatever kind.

    Raises:
        RecordingError: a file cannot be used; a market by order is not the only file.
    """
    by_order = [path for path in paths if is_mbo(path)]
    if not by_order:
        return RecordedMarket.read(paths)
    if len(paths) > 1:
        reason = "a market by order is a recording of its own: give no other beside it"
        raise RecordingError(str(by_order[0]), 0, "", "", reason)
    return MboMarket.read(paths)


def with_recording(scenario: Scenario, market: RecordedMarket | MboMarket) -> Scenario:
    """The scenario with `market` behind its venue, from the first row to the last.

    The venue lists one instrument as fine as the recording, with the fees of the scenario's own.
    The workload takes its sizes and its pace from the recording, so that it neither eats ten
    levels at a time nor falls asleep in a long one.

    Raises:
        ScenarioError: more than one venue could be meant.
        RecordingError: neither the file names nor the scenario tell what was recorded, or it
            spans no time.
    """
    if len(scenario.venues) != 1:
        names = ", ".join(venue.name for venue in scenario.venues)
        raise ScenarioError(
            f"a recording goes behind one venue, scenario {scenario.name!r} has {names}"
        )
    venue = scenario.venues[0]
    span_ms = (market.end_ns - market.start_ns + _MS - 1) // _MS
    if span_ms == 0:
        reason = "all rows are of one instant, so nothing could happen; record for longer"
        file = market.file if isinstance(market, MboMarket) else market.recordings[0].file
        raise RecordingError(file, 0, "", "", reason)
    workload = scenario.workload
    return msgspec.structs.replace(
        scenario,
        venues=[_listing(venue, market)],
        market=market,
        active=f"{span_ms}ms",
        workload=None if workload is None else _fitted(workload, market, span_ms),
        risk=scenario.risk if workload is None else _unlimited(scenario.risk),
    )


def _listing(venue: Venue, market: RecordedMarket | MboMarket) -> Venue:
    if isinstance(market, MboMarket):
        contract = market.instrument(venue.name)
        return msgspec.structs.replace(
            venue, instruments=[contract], account=AccountType.MARGIN, fees=None, balances=None
        )
    instrument_id = _instrument_id(venue, market)
    try:
        instrument = market.instrument_named(instrument_id)
    except ValueError as error:
        raise ScenarioError(f"cannot list the recording: {error}") from None
    fees = venue.fees
    own = next((listed for listed in venue.instruments if listed.id == instrument.id), None)
    if own is None:
        own = venue.instruments[0]
    if fees is None:
        fees = MakerTaker(str(own.maker_fee), str(own.taker_fee))
    return msgspec.structs.replace(venue, instruments=[instrument], fees=fees, balances=None)


def _instrument_id(venue: Venue, market: RecordedMarket) -> InstrumentId:
    """By the first file name that tells; else the venue's own, where there is only one."""
    unnamed: RecordingError | None = None
    for recording in market.recordings:
        try:
            base, quote = pair_in_name(recording.file)
        except RecordingError as error:
            unnamed = unnamed or error
        else:
            return InstrumentId(f"{base}/{quote}.{venue.name}")
    pairs = [listed.id for listed in venue.instruments if isinstance(listed, CurrencyPair)]
    if len(pairs) == 1:
        return pairs[0]
    raise unnamed or ScenarioError("a recorded market without recordings")


def _fitted(workload: Workload, market: RecordedMarket | MboMarket, span_ms: int) -> Workload:
    sizes = sorted(size for size in _sizes(market) if size)
    middle = sizes[len(sizes) // 2] if sizes else workload.lot_steps * _LOTS_PER_TRADE
    return msgspec.structs.replace(
        workload,
        lot_steps=max(middle // _LOTS_PER_TRADE, 1),
        step_ms=max(span_ms // _STEPS, 1),
        too_much=1,
    )


def _unlimited(risk: RiskEngineConfig) -> RiskEngineConfig:
    """Without the limits that were meant for other prices and another pace of the workload."""
    return msgspec.structs.replace(
        risk,
        max_order_submit_rate=_AS_USUAL.max_order_submit_rate,
        max_order_modify_rate=_AS_USUAL.max_order_modify_rate,
        max_notional_per_order={},
    )


def _sizes(market: RecordedMarket | MboMarket) -> Iterable[int]:
    if isinstance(market, MboMarket):
        return (hit.size for step in market.steps for hit in step.hits)
    return (size for row in market.rows for size in _row_sizes(row))


def _row_sizes(row: PlayedRow) -> tuple[int, ...]:
    match row:
        case QuoteRow():
            return row.bid_size, row.ask_size
        case DepthRow():
            return tuple(size for _, size in (*row.bids, *row.asks))
    return (row.size,)
