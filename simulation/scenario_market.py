"""A scenario on recorded data: the venue lists what was recorded, time is the recording's."""

from typing import Final

import msgspec

from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.risk.config import RiskEngineConfig
from simulation.market.readers import QuoteRow, RecordingError, pair_in_name
from simulation.market.recorded import RecordedMarket
from simulation.scenario import MakerTaker, Scenario, ScenarioError, Venue
from simulation.workload import Workload

_MS: Final = 1_000_000
_AS_USUAL: Final = RiskEngineConfig()
_STEPS: Final = 40  # of each trader, however long the recording is
_LOTS_PER_TRADE: Final = 4  # the middle trade of the recording is this many lots


def with_recording(scenario: Scenario, market: RecordedMarket) -> Scenario:
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
        raise RecordingError(market.recordings[0].file, 0, "", "", reason)
    workload = scenario.workload
    return msgspec.structs.replace(
        scenario,
        venues=[_listing(venue, market)],
        market=market,
        active=f"{span_ms}ms",
        workload=None if workload is None else _fitted(workload, market, span_ms),
        risk=scenario.risk if workload is None else _unlimited(scenario.risk),
    )


def _listing(venue: Venue, market: RecordedMarket) -> Venue:
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


def _fitted(workload: Workload, market: RecordedMarket, span_ms: int) -> Workload:
    sizes = sorted(
        size
        for row in market.rows
        for size in ((row.bid_size, row.ask_size) if isinstance(row, QuoteRow) else (row.size,))
        if size
    )
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
