"""Which position a fill is for.

NETTING: one position per account, instrument and strategy. HEDGING: each order opens a position
of its own unless it was submitted for another; the venue's id where the venue hedges, else a
virtual one that only this kernel knows.

    strategy \\ venue   NETTING                      HEDGING
    unspecified        NETTING                      HEDGING, the venue's ids
    NETTING            NETTING                      NETTING; the venue's ids are ignored
    HEDGING            HEDGING, virtual ids         HEDGING, the venue's ids
"""

from typing import Final

from engine.context import Context
from engine.execution.desk import Desk
from engine.model.commands import SubmitOrder
from engine.model.enums import DenialCode, OmsType
from engine.model.identifiers import (
    POSITION_ID_VIRTUAL_PREFIX,
    AccountId,
    InstrumentId,
    PositionId,
    StrategyId,
    Venue,
)
from engine.model.orders import Order
from engine.model.reports import FillReport
from engine.model.times import compact_time

_FLIPPED: Final = "F"  # ends the id of the position that a fill through flat opens beyond one
_HEDGING: Final = OmsType.HEDGING


class PositionIds:
    """Names positions for one execution engine."""

    __slots__ = ("_counts", "_ctx", "_desk", "_netting", "_of_strategy")

    def __init__(self, ctx: Context, desk: Desk) -> None:
        self._ctx = ctx
        self._desk = desk
        self._of_strategy: dict[StrategyId, OmsType] = {}
        self._netting: dict[tuple[InstrumentId, AccountId, StrategyId], PositionId] = {}
        self._counts: dict[StrategyId, int] = {}

    def set_oms(self, strategy_id: StrategyId, oms_type: OmsType) -> None:
        """What a strategy asks for; UNSPECIFIED leaves it to each venue."""
        if oms_type is not OmsType.UNSPECIFIED:
            self._of_strategy[strategy_id] = oms_type

    def hedges(self, strategy_id: StrategyId, venue: Venue) -> bool:
        """Whether this strategy's fills at this venue are kept in positions apart."""
        oms_type = self._of_strategy.get(strategy_id)
        if oms_type is None:
            return self.venue_hedges(venue)
        return oms_type is _HEDGING

    def venue_hedges(self, venue: Venue) -> bool:
        """Whether the venue keeps positions apart and names them."""
        client = self._desk.at(venue)
        return client is not None and client.oms_type is _HEDGING

    def netting(
        self, instrument_id: InstrumentId, account_id: AccountId, strategy_id: StrategyId
    ) -> PositionId:
        """The one position of a strategy in an instrument of an account (NETTING)."""
        key = (instrument_id, account_id, strategy_id)
        position_id = self._netting.get(key)
        if position_id is None:
            position_id = PositionId(f"{instrument_id}-{account_id}-{strategy_id}")
            self._netting[key] = position_id
        return position_id

    def assign(self, order: Order, report: FillReport) -> PositionId:
        """The position of an order's fill. An order stays with the first it was given, but for
        a virtual position that it went through: it goes on with what lies beyond."""
        cache = self._ctx.cache
        coid = order.client_order_id
        position_id = cache.position_id(coid)
        venue_id = report.venue_position_id
        strategy_id = order.strategy_id
        if position_id is None:
            if not self.hedges(strategy_id, order.instrument_id.venue):
                return self.netting(order.instrument_id, report.account_id, strategy_id)
            position_id = self._new_virtual(order) if venue_id is None else venue_id
            cache.assign_position(coid, position_id)
        elif (
            venue_id is not None
            and venue_id != position_id
            and self.hedges(strategy_id, order.instrument_id.venue)
        ):
            detail = f"trade={report.trade_id}, venue={venue_id}, known={position_id}"
            self._desk.alert("POSITION_ID_CONFLICT", coid, detail)
        return position_id

    def beyond(self, position_id: PositionId) -> PositionId:
        """Where the rest of a fill goes that has closed this position: a venue keeps its own
        positions, a virtual one is never turned: a new one is opened, whatever else is open."""
        if not position_id.is_virtual:
            return position_id
        beyond = PositionId(position_id + _FLIPPED)
        while self._ctx.cache.position_exists(beyond):
            beyond = PositionId(beyond + _FLIPPED)
        return beyond

    def finding(self, command: SubmitOrder, order: Order) -> tuple[DenialCode, str] | None:
        """Why an order cannot be for the position it names; None when it can."""
        position_id = command.position_id
        if position_id is None:
            return None
        instrument_id, strategy_id = order.instrument_id, order.strategy_id
        venue = instrument_id.venue
        if not self.hedges(strategy_id, venue):
            client = self._desk.at(venue)
            if client is not None and position_id == self.netting(
                instrument_id, client.account_id, strategy_id
            ):
                return None
            return DenialCode.INVALID_POSITION_ID, f"position_id={position_id}, oms=NETTING"
        position = self._ctx.cache.position(position_id)
        if position is None:
            return DenialCode.POSITION_NOT_FOUND, f"position_id={position_id}"
        if position.strategy_id != strategy_id or position.instrument_id != instrument_id:
            return DenialCode.INVALID_POSITION_ID, (
                f"position_id={position_id}, of={position.strategy_id} {position.instrument_id}"
            )
        if position.is_closed:
            return DenialCode.POSITION_NOT_FOUND, f"position_id={position_id}, side=FLAT"
        return None

    def names_to_venue(self, command: SubmitOrder) -> bool:
        """Whether the position that a command names is one that the venue knows."""
        venue = command.instrument_id.venue
        return self.venue_hedges(venue) and self.hedges(command.strategy_id, venue)

    def _new_virtual(self, order: Order) -> PositionId:
        ctx = self._ctx
        number = self._counts.get(order.strategy_id, 0) + 1
        self._counts[order.strategy_id] = number
        return PositionId(
            f"{POSITION_ID_VIRTUAL_PREFIX}{compact_time(ctx.clock.now_ns)}"
            f"-{ctx.trader_id.tag}-{order.strategy_id.tag}-{ctx.epoch}-{number}"
        )
