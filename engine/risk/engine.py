"""The RiskEngine: stands in front of every submit and every modify, and lets pass or denies.

A decision is a function of the command, the cache, the clock and the configuration, with what
was let pass earlier in the turn (`engine.risk.exposure`). It changes nothing of the order: a
denial goes to the ExecutionEngine as a message, which mints the event and applies it.

Order of the checks, first failure denies:
    known order, kernel running and client connected, the position it names; bypass ends here;
    reduce-only against its position; instrument; price; trigger price; quantity; expiry;
    account; notional limits; balance or margin; trading state; rate.
So an invalid order is denied for what is wrong with it, whatever the state of trading, and only
what could have left counts against the rate.

Cancels and queries never come here.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from engine import topics
from engine.cache import Account, Instrument
from engine.context import Context
from engine.execution.denial import Denial
from engine.execution.position_ids import PositionIds
from engine.model.commands import ModifyOrder, SetTradingState, SubmitOrder
from engine.model.enums import BUY, SELL, AccountType, DenialCode, OrderStatus, TradingState
from engine.model.events import Refused, TradingStateChanged
from engine.model.fixed import UNITS, mantissa_of
from engine.model.identifiers import ClientId, ComponentId, InstrumentId, Venue
from engine.model.orders import Order
from engine.model.values import Price, Quantity
from engine.risk.config import RiskEngineConfig
from engine.risk.exposure import Exposure, Passed, Requirement
from engine.risk.rules import (
    Finding,
    check_expiry,
    check_notional,
    check_quote_quantity,
    check_terms,
    raw_text,
)
from engine.risk.throttler import Throttler, parse_rate

RISK_ENGINE_ID: Final = ComponentId("RiskEngine")

Tradable = Callable[[Venue, ClientId | None], DenialCode | None]

_D = DenialCode
_INITIALIZED = OrderStatus.INITIALIZED
_PENDING_CANCEL = OrderStatus.PENDING_CANCEL
_ACTIVE = TradingState.ACTIVE
_HALTED = TradingState.HALTED
_CASH = AccountType.CASH
_MARGIN = AccountType.MARGIN


class RiskEngine:
    """Judges commands sent to `RiskEngine.execute`; what passes goes on to `ExecEngine.execute`.

    Attributes:
        trading_state: ACTIVE until somebody says otherwise.
        passed_count, denied_count: commands judged, by outcome; refused ones are in neither.
    """

    __slots__ = (
        "_bypass",
        "_ctx",
        "_exposure",
        "_halted_allows_reducing",
        "_log",
        "_max_notional_raw",
        "_modify_rate",
        "_modify_throttler",
        "_position_ids",
        "_submit_rate",
        "_submit_throttler",
        "_tradable",
        "denied_count",
        "passed_count",
        "trading_state",
    )

    def __init__(
        self,
        ctx: Context,
        config: RiskEngineConfig,
        tradable: Tradable,
        position_ids: PositionIds,
    ) -> None:
        """
        Args:
            tradable: why orders for a venue cannot leave now (NOT_RUNNING, CLIENT_DISCONNECTED,
                NO_EXECUTION_CLIENT), or None when they can.
            position_ids: which position an order is for.
        """
        self._ctx = ctx
        self._tradable = tradable
        self._position_ids = position_ids
        self._bypass = config.bypass
        self._halted_allows_reducing = config.halted_allows_reduce_only
        self._max_notional_raw = {
            InstrumentId(instrument_id): _raw_of(amount)
            for instrument_id, amount in config.max_notional_per_order.items()
        }
        self._submit_rate = config.max_order_submit_rate
        self._modify_rate = config.max_order_modify_rate
        self._submit_throttler = Throttler(parse_rate(self._submit_rate))
        self._modify_throttler = Throttler(parse_rate(self._modify_rate))
        self._exposure = Exposure(ctx)
        self._log = ctx.log.for_component(RISK_ENGINE_ID)
        self.trading_state = _ACTIVE
        self.passed_count = 0
        self.denied_count = 0
        ctx.bus.register(topics.RISK_EXECUTE, self.execute)

    def execute(self, command: SubmitOrder | ModifyOrder | SetTradingState) -> None:
        """Judge one command.

        Raises:
            TypeError: not a command that risk judges.
        """
        if type(command) is SubmitOrder:
            self._submit(command)
        elif type(command) is ModifyOrder:
            self._modify(command)
        elif type(command) is SetTradingState:
            self.set_trading_state(command.state)
        else:
            raise TypeError(f"the risk engine does not judge {type(command).__name__}")

    def set_trading_state(self, state: TradingState) -> None:
        """Take a new state and publish it on `events.risk`; the present one is only logged."""
        if state is self.trading_state:
            self._log.warning("trading state is unchanged", state=state.name)
            return
        self.trading_state = state
        ctx = self._ctx
        event = TradingStateChanged(state, ctx.clock.now_ns)
        ctx.facts.append(event)
        ctx.bus.dispatch(topics.RISK, event)

    # --- submit -----------------------------------------------------------------------------

    def _submit(self, command: SubmitOrder) -> None:
        init = command.order
        coid = init.client_order_id
        order = self._ctx.cache.order(coid)
        exposure = self._exposure
        exposure.forget_seen()
        if order is None:
            self._refuse(_D.ORDER_NOT_FOUND, f"SubmitOrder {coid}")
            return
        if (
            order.status is not _INITIALIZED
            or exposure.has_passed(coid)
            or (order.init is not init and order.init != init)
        ):
            # Not a denial: that would end the genuine order, which is another one.
            self._refuse(_D.DUPLICATE_CLIENT_ORDER_ID, f"SubmitOrder {coid}")
            return
        finding = self._judge_submit(command, order)
        if finding is None:
            self.passed_count += 1
            self._ctx.bus.send(topics.EXEC_EXECUTE, command)
        else:
            self._deny(command, order, finding)

    def _judge_submit(self, command: SubmitOrder, order: Order) -> Finding | None:
        instrument_id = order.instrument_id
        venue = instrument_id.venue
        # before anything is counted: what nobody can carry uses up no rate and no money
        barred = self._tradable(venue, command.client_id)
        if barred is not None:
            return barred, f"venue={venue}"
        if command.position_id is not None:
            finding = self._position_ids.finding(command, order)
            if finding is not None:
                return finding
        if self._bypass:
            return None
        ctx = self._ctx
        cache = ctx.cache
        now_ns = ctx.clock.now_ns
        quantity_raw = order.quantity_raw
        quantity: Quantity | None = order.quantity
        in_quote: Finding | None = None
        if order.is_quote_quantity:
            quantity = None
            quantity_raw, in_quote = self._judge_quote_quantity(order)
        if order.reduce_only:
            finding = self._check_reduce_only(order, quantity_raw)
            if finding is not None:
                return finding
        instrument = cache.instrument(instrument_id)
        if instrument is None:
            return _D.INSTRUMENT_NOT_FOUND, f"instrument_id={instrument_id}"
        price = order.price
        trigger_price = order.trigger_price
        finding = check_terms(quantity, price, trigger_price, instrument) or in_quote
        if finding is None and order.expire_time_ns:
            finding = check_expiry(order.time_in_force, order.expire_time_ns, now_ns)
        if finding is not None:
            return finding
        account = cache.account_for_venue(venue)
        if account is None:
            return _D.ACCOUNT_NOT_FOUND, f"venue={venue}"
        finding, requirement = self._check_money(
            order, instrument, account, quantity_raw, quantity_raw, price, trigger_price
        )
        if finding is None:
            finding = self._check_trading_state(order, quantity_raw)
        if finding is not None:
            return finding
        if not self._submit_throttler.try_pass(now_ns):
            return _D.RATE_LIMIT_EXCEEDED, f"rate={self._submit_rate}"
        self._exposure.add(
            Passed(order, account.id, command.command_id, True, quantity_raw, requirement, ctx.turn)
        )
        return None

    def _judge_quote_quantity(self, order: Order) -> tuple[int, Finding | None]:
        """What an amount of quote currency comes to in base, and what is wrong with it."""
        instrument = self._ctx.cache.instrument(order.instrument_id)
        if instrument is None:
            return 0, None  # found out by who asks for it next
        base_raw = self._exposure.quantity_in_base_raw(order)
        return base_raw or 0, check_quote_quantity(order.quantity, base_raw, instrument)

    # --- modify -----------------------------------------------------------------------------

    def _modify(self, command: ModifyOrder) -> None:
        coid = command.client_order_id
        order = self._ctx.cache.order(coid)
        self._exposure.forget_seen()
        if order is None:
            self._refuse(_D.ORDER_NOT_FOUND, f"ModifyOrder {coid}")
            return
        finding = self._judge_modify(command, order)
        if finding is None:
            self.passed_count += 1
            self._ctx.bus.send(topics.EXEC_EXECUTE, command)
        else:
            self._deny(command, order, finding)

    def _judge_modify(self, command: ModifyOrder, order: Order) -> Finding | None:
        instrument_id = order.instrument_id
        venue = instrument_id.venue
        barred = self._tradable(venue, command.client_id)
        if barred is not None:
            return barred, f"venue={venue}"
        if self._bypass:
            return None
        finding = self._check_modifiable(command, order)
        if finding is not None:
            return finding
        ctx = self._ctx
        cache = ctx.cache
        quantity = order.quantity if command.quantity is None else command.quantity
        leaves_raw = quantity.raw - order.filled_raw
        grows = quantity.raw > order.quantity_raw  # a new price alone exposes no more
        if order.reduce_only and grows:
            finding = self._check_reduce_only(order, leaves_raw)
            if finding is not None:
                return finding
        instrument = cache.instrument(instrument_id)
        if instrument is None:
            return _D.INSTRUMENT_NOT_FOUND, f"instrument_id={instrument_id}"
        finding = check_terms(command.quantity, command.price, command.trigger_price, instrument)
        if finding is not None:
            return finding
        account = cache.account_for_venue(venue)
        if account is None:
            return _D.ACCOUNT_NOT_FOUND, f"venue={venue}"
        price = order.price if command.price is None else command.price
        trigger_price = command.trigger_price
        if trigger_price is None:
            trigger_price = order.trigger_price
        finding, requirement = self._check_money(
            order, instrument, account, quantity.raw, leaves_raw, price, trigger_price
        )
        if finding is None and (grows or self.trading_state is _HALTED):
            finding = self._check_trading_state(order, leaves_raw if grows else 0)
        if finding is not None:
            return finding
        if not self._modify_throttler.try_pass(ctx.clock.now_ns):
            return _D.RATE_LIMIT_EXCEEDED, f"rate={self._modify_rate}"
        self._exposure.add(
            Passed(
                order, account.id, command.command_id, False, quantity.raw, requirement, ctx.turn
            )
        )
        return None

    def _check_modifiable(self, command: ModifyOrder, order: Order) -> Finding | None:
        """Whether this order can be modified, and in these fields."""
        if order.is_closed:
            return _D.ORDER_CLOSED, f"status={order.status.name}"
        if order.status is _PENDING_CANCEL:
            return _D.ORDER_PENDING_CANCEL, f"status={order.status.name}"
        if order.is_quote_quantity:  # a modify speaks in base
            return _D.INVALID_MODIFICATION, f"quantity={order.quantity}, not converted yet"
        has_passed = self._exposure.has_passed(order.client_order_id)
        if order.is_active_local and not has_passed:
            return _D.INVALID_MODIFICATION, f"status={order.status.name}"
        quantity, price, trigger_price = command.quantity, command.price, command.trigger_price
        if price is not None and order.price is None:
            return _D.INVALID_MODIFICATION, f"price={price}, order_type={order.order_type.name}"
        if trigger_price is not None and order.trigger_price is None:
            detail = f"trigger_price={trigger_price}, order_type={order.order_type.name}"
            return _D.INVALID_MODIFICATION, detail
        if quantity is not None and (quantity.raw == 0 or quantity.raw < order.filled_raw):
            return _D.INVALID_MODIFICATION, f"quantity={quantity}, filled={order.filled_qty}"
        if (
            (quantity is None or quantity.raw == order.quantity_raw)
            and (price is None or price == order.price)
            and (trigger_price is None or trigger_price == order.trigger_price)
            # with a request under way, asking for the present values takes it back
            and not has_passed
            and not order.requests
        ):
            detail = f"quantity={quantity}, price={price}, trigger_price={trigger_price}"
            return _D.NOTHING_TO_MODIFY, detail
        return None

    # --- checks that read the cache ---------------------------------------------------------

    def _check_money(
        self,
        order: Order,
        instrument: Instrument,
        account: Account,
        quantity_raw: int,
        leaves_raw: int,
        price: Price | None,
        trigger_price: Price | None,
    ) -> tuple[Finding | None, Requirement | None]:
        """The notional limits on the whole order, and the balance for what is left of it.

        Returns:
            A finding or None; and what the order needs, None when that is nothing or cannot be
            said. An order that nothing values skips these checks, with a warning.
        """
        instrument_id = order.instrument_id
        exposure = self._exposure
        if (
            instrument.base_currency is None
            and account.account_type is _CASH
            and order.side is SELL
            and leaves_raw > (held_raw := exposure.reducible_raw(instrument_id, SELL, order))
        ):
            detail = f"leaves={raw_text(leaves_raw)}, held={raw_text(held_raw)}"
            return (_D.SHORT_SELLING_NOT_PERMITTED, detail), None
        price_raw = exposure.valuation_raw(instrument_id, order.side, price, trigger_price)
        if price_raw is None:
            self._log.warning(
                "no quote and no trade: notional and balance are not checked",
                order=order.client_order_id,
                instrument=instrument_id,
            )
            return None, None
        if order.is_quote_quantity and not instrument.is_inverse:
            notional_raw = order.quantity_raw  # all of it may be spent, whatever the price becomes
        else:
            notional_raw = instrument.notional_raw(quantity_raw, price_raw)
        finding = check_notional(
            notional_raw,
            instrument,
            self._max_notional_raw.get(instrument_id),
        )
        if finding is not None or order.reduce_only:
            return finding, None
        requirement = exposure.requirement(account, instrument, order.side, leaves_raw, price_raw)
        code, required_raw = requirement
        available_raw = (
            account.free_raw(code)
            + account.contribution_raw(order.client_order_id)
            - exposure.committed_raw(account, code, order)
        )
        if required_raw <= available_raw:
            return None, requirement
        # What only reduces the net position needs nothing; where the venue hedges, what only
        # reduces the position it is for.
        if self._position_ids.venue_hedges(instrument_id.venue):
            reducing_raw = self._opposed_raw(order)
        else:
            reducing_raw = exposure.reducible_raw(instrument_id, order.side, order)
        if leaves_raw <= reducing_raw:
            return None, requirement
        denial = _D.NOTIONAL_EXCEEDS_FREE_BALANCE
        if account.account_type is _MARGIN:
            denial = _D.MARGIN_EXCEEDS_FREE_BALANCE
            _, required_raw = exposure.requirement(
                account, instrument, order.side, leaves_raw - reducing_raw, price_raw
            )
            if required_raw <= available_raw:
                return None, (code, required_raw)
        # In a cash account what reduces and what is free are the same coins: an excess over the
        # position could only be paid with them once more, so there the whole had to be free.
        detail = (
            f"required={raw_text(required_raw)}, available={raw_text(available_raw)}, "
            f"currency={code}"
        )
        return (denial, detail), None

    def _check_reduce_only(self, order: Order, leaves_raw: int) -> Finding | None:
        """A reduce-only order must face the open position that it is for, and fit into it: under
        HEDGING the one it names, under NETTING the strategy's."""
        if self._position_ids.hedges(order.strategy_id, order.instrument_id.venue):
            if leaves_raw and leaves_raw <= self._opposed_raw(order):
                return None
            position_id = self._ctx.cache.position_id(order.client_order_id)
            if position_id is None:
                return _D.POSITION_NOT_FOUND, "position_id=None, oms=HEDGING"
            return _D.REDUCE_ONLY_WOULD_INCREASE_POSITION, (
                f"side={order.side.name}, leaves={raw_text(leaves_raw)}, position_id={position_id}"
            )
        for position in self._ctx.cache.positions_of(order.instrument_id):
            signed_raw = position.signed_raw
            if signed_raw and position.strategy_id == order.strategy_id:
                if leaves_raw <= (-signed_raw if order.side is BUY else signed_raw):
                    return None
                return _D.REDUCE_ONLY_WOULD_INCREASE_POSITION, (
                    f"side={order.side.name}, leaves={raw_text(leaves_raw)}, "
                    f"position={raw_text(signed_raw)}"
                )
        return _D.POSITION_NOT_FOUND, (
            f"instrument_id={order.instrument_id}, strategy_id={order.strategy_id}"
        )

    def _opposed_raw(self, order: Order) -> int:
        """How much of the position it is for an order could close; 0 when it is for none."""
        position = self._ctx.cache.position_for_order(order.client_order_id)
        if position is None:
            return 0
        signed_raw = position.signed_raw
        return max(-signed_raw if order.side is BUY else signed_raw, 0)

    def _check_trading_state(self, order: Order, leaves_raw: int) -> Finding | None:
        """REDUCING, and HALTED where it is allowed: only what cannot grow exposure.

        A plain order must fit into the net position beside all that already works against it,
        or both could fill and open the other side. A reduce-only order must fit into the net
        position alone: the venue never lets it grow one, and an exit must stay possible while
        another exit is still being cancelled.
        """
        state = self.trading_state
        if state is _ACTIVE:
            return None
        if state is _HALTED and not self._halted_allows_reducing:
            return _D.TRADING_HALTED, "state=HALTED"
        exposure = self._exposure
        instrument_id = order.instrument_id
        side = order.side
        if order.reduce_only:
            room_raw = exposure.opposed_raw(instrument_id, side)
        else:
            room_raw = exposure.reducible_raw(instrument_id, side, order)
        if leaves_raw <= room_raw:
            return None
        code = _D.TRADING_HALTED if state is _HALTED else _D.TRADING_STATE_REDUCING
        working_raw = exposure.working_raw(instrument_id, side, order)
        return code, (
            f"state={state.name}, side={side.name}, leaves={raw_text(leaves_raw)}, "
            f"net={raw_text(exposure.net_raw(instrument_id))}, "
            f"working={raw_text(working_raw)}"
        )

    # --- outcomes ---------------------------------------------------------------------------

    def _deny(self, command: SubmitOrder | ModifyOrder, order: Order, finding: Finding) -> None:
        self.denied_count += 1
        code, detail = finding
        self._ctx.bus.send(
            topics.EXEC_PROCESS, Denial(order.client_order_id, code, detail, command)
        )

    def _refuse(self, code: DenialCode, of: str) -> None:
        """There is no order that this command could deny: nothing changes, it is said once."""
        ctx = self._ctx
        refused = Refused(code.value, of, ctx.clock.now_ns)
        ctx.facts.append(refused)
        ctx.bus.dispatch(topics.REFUSED, refused)


def _raw_of(amount: Decimal) -> int:
    mantissa, precision = mantissa_of(amount, None)
    return mantissa * UNITS[precision]
