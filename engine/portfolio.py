"""Portfolio: what every account holds, locks and has earned.

The kernel computes balances from its own orders and fills; what a venue says about balances is
compared, never copied, once the account was opened. The ExecutionEngine calls in here inside
the application of an order event, when order and position have already moved and before
anything is published, so a handler of that event reads the account as it stands after it.

Amounts are per currency and nothing is converted: every account is multi-currency, and an
instrument's profit is in its cost currency.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from engine import topics
from engine.balance_difference import BalanceDifference as BalanceDifference
from engine.context import Context
from engine.model.accounts import Account, CashAccount, MarginAccount
from engine.model.bars import Bar
from engine.model.enums import AccountType, PositionSide, PriceType
from engine.model.events import (
    AccountState,
    Alert,
    InstrumentSettled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderReleased,
    OrderSubmitted,
)
from engine.model.fixed import FIXED_PRECISION, decimal_of
from engine.model.identifiers import AccountId, InstrumentId, Venue
from engine.model.instruments import CurrencyPair, Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.reports import AccountReport
from engine.model.values import Money, Price

DEFAULT_LEVERAGE: Final = 10
_NONE_STATED: Final[Mapping[str, int]] = MappingProxyType({})
# Events that leave the locks of an order as they are: it is not at the venue, or they concern
# requests about it and not the order itself.
_NO_EFFECT: Final = frozenset(
    {
        OrderInitialized,
        OrderDenied,
        OrderEmulated,
        OrderReleased,
        OrderSubmitted,
        OrderPendingUpdate,
        OrderPendingCancel,
        OrderModifyRejected,
        OrderCancelRejected,
    }
)


def _received(fill: OrderFilled) -> tuple[int, str]:
    return fill.ts_init, fill.client_order_id


def _closed_at(bar: Bar) -> int:
    return bar.ts_init


class Portfolio:
    """Accounts, exposure and profit of one kernel. Strategies read; the ExecutionEngine writes."""

    __slots__ = ("_cache", "_ctx", "_leverages", "_settlements")

    def __init__(self, ctx: Context, leverages: Mapping[str, int] = _NONE_STATED) -> None:
        """
        Args:
            leverages: of the margin accounts of each issuer; DEFAULT_LEVERAGE where none is
                stated.
        """
        self._ctx = ctx
        self._cache = ctx.cache
        self._leverages = leverages
        self._settlements: dict[tuple[AccountId, InstrumentId], Price] = {}

    # --- written by the ExecutionEngine ----------------------------------------------------

    def open_account(self, report: AccountReport) -> AccountState | None:
        """Take an account's opening totals from the venue and put it in the cache.

        The totals contain whatever the venue had done by then. So fills that the cache already
        holds move net positions only, and its open orders lock; the venue's own `locked` is
        not taken over.

        Returns:
            The state to publish; None when the account is open already (see `compare`).
        """
        cache = self._cache
        if cache.account(report.account_id) is not None:
            return None
        account: Account
        if report.account_type is AccountType.CASH:
            account = CashAccount(report.account_id)
        else:
            account = MarginAccount(
                report.account_id,
                self._leverages.get(report.account_id.issuer, DEFAULT_LEVERAGE),
            )
        for balance in report.balances:
            account.set_total(balance.currency, balance.total_raw)
        orders = [order for order in cache.orders() if order.account_id == report.account_id]
        if isinstance(account, MarginAccount):
            # Oldest first by local time; within one instant by order, then as each was applied.
            fills = [fill for order in orders for fill in order.trade_ids.values()]
            for fill in sorted(fills, key=_received):
                account.restore_fill(fill, self._instrument(fill.instrument_id))
            for (account_id, instrument_id), price in self._settlements.items():
                if account_id == account.id:
                    account.restore_settlement(self._instrument(instrument_id), price.raw)
        for order in orders:
            account.apply_order(order, self._instrument(order.instrument_id))
        account.settle()
        cache.add_account(account)
        return self._state(account, report.ts_event, report.ts_init, True)

    def apply_order_event(self, order: Order, event: OrderEvent) -> AccountState | None:
        """Move the account by an event that the order has just taken.

        A fill moves totals; every event moves the order's lock to what it is now. Before the
        account is open nothing moves: `open_account` catches up.

        Returns:
            The state to publish, when a balance or margin changed.
        Raises:
            LookupError: the instrument is not in the cache.
        """
        kind = type(event)
        if kind in _NO_EFFECT or order.account_id is None:
            return None
        account = self._cache.account(order.account_id)
        if account is None:
            return None
        instrument = self._instrument(order.instrument_id)
        watched = False  # whether this fill might be the first to overdraw the account
        if isinstance(event, OrderFilled):
            watched = account.account_type is AccountType.CASH and not account.is_breached
            account.apply_fill(event, instrument)
        account.apply_order(order, instrument)
        if not account.settle():
            return None
        self._cache.update_account(account)
        if watched and account.is_breached:
            # joins the queue: heard after the fill that caused it
            self._ctx.bus.publish(
                topics.ALERT,
                Alert("ACCOUNT_BREACH", account.id, "a cash total is negative", event.ts_init),
            )
        return self._state(account, event.ts_event, event.ts_init, False)

    def settlement(self, account_id: AccountId, instrument_id: InstrumentId) -> Price | None:
        """At which price the venue settled an expired instrument; None: it has not."""
        if not self._settlements:
            return None
        return self._settlements.get((account_id, instrument_id))

    def settle(self, event: InstrumentSettled) -> AccountState | None:
        """Close what the account holds of an expired instrument; later fills close as they come.

        Returns:
            The state to publish, when a balance or margin changed.
        Raises:
            LookupError: the instrument is not in the cache.
        """
        self._settlements[event.account_id, event.instrument_id] = event.price
        account = self._cache.account(event.account_id)
        if not isinstance(account, MarginAccount):
            return None
        account.settle_instrument(self._instrument(event.instrument_id), event.price.raw)
        if not account.settle():
            return None
        self._cache.update_account(account)
        return self._state(account, event.ts_event, event.ts_init, False)

    def compare(self, report: AccountReport) -> list[BalanceDifference]:
        """Currencies whose total or locked differ between kernel and venue, sorted by code.

        A currency that one side lacks counts as zero there. An account that is not open
        differs in everything that the venue states.
        """
        account = self._cache.account(report.account_id)
        stated = {balance.currency.code: balance for balance in report.balances}
        believed = {} if account is None else account.balances
        differences = []
        for code in sorted({**stated, **believed}):
            ours, theirs = believed.get(code), stated.get(code)
            ours_total, ours_locked = (0, 0) if ours is None else (ours.total_raw, ours.locked_raw)
            total, locked = (0, 0) if theirs is None else (theirs.total_raw, theirs.locked_raw)
            if ours_total != total or ours_locked != locked:
                differences.append(BalanceDifference(code, ours_total, ours_locked, total, locked))
        return differences

    def _state(self, account: Account, ts_event: int, ts_init: int, reported: bool) -> AccountState:
        state = account.state(self._ctx.new_id(), ts_event, ts_init, reported)
        account.note(state)
        return state

    def _instrument(self, instrument_id: InstrumentId) -> Instrument:
        instrument = self._cache.instrument(instrument_id)
        if instrument is None:
            raise LookupError(f"no instrument {instrument_id}")
        return instrument

    # --- accounts --------------------------------------------------------------------------

    def account(self, venue: Venue) -> Account | None:
        return self._cache.account_for_venue(venue)

    def balances_locked(self, venue: Venue) -> dict[str, Money] | None:
        """Locked amounts by currency code; None without an account."""
        account = self._cache.account_for_venue(venue)
        if account is None:
            return None
        return {code: balance.locked for code, balance in account.balances.items()}

    def margins_init(self, venue: Venue) -> dict[InstrumentId, Money] | None:
        """Initial margin by instrument; None without an account."""
        account = self._cache.account_for_venue(venue)
        if account is None:
            return None
        return {key: account.margins[key].initial for key in sorted(account.margins)}

    def margins_maint(self, venue: Venue) -> dict[InstrumentId, Money] | None:
        """Maintenance margin by instrument; None without an account."""
        account = self._cache.account_for_venue(venue)
        if account is None:
            return None
        return {key: account.margins[key].maintenance for key in sorted(account.margins)}

    def equity(self, venue: Venue) -> dict[str, Money] | None:
        """What the account is worth, by currency code; None without an account.

        Margin: totals plus unrealized profit, of options what they are worth. Cash: totals plus the value of what is held,
        but for currency pairs, whose base is among the totals already. Instruments without a
        price are left out: see `missing_price_instruments`.
        """
        account = self._cache.account_for_venue(venue)
        if account is None:
            return None
        worth = {code: balance.total for code, balance in account.balances.items()}
        for position in self._cache.positions_open(venue=venue):
            instrument = self._instrument(position.instrument_id)
            price = self._mark(position)
            if price is None:
                continue
            if account.account_type is AccountType.MARGIN and not instrument.pays_premium:
                change = position.unrealized_pnl(price)
            elif isinstance(instrument, CurrencyPair):
                continue
            else:  # it was paid for: what it would bring is what it is worth
                change = Money.from_raw(position.value_raw(price), instrument.cost_currency)
            code = change.currency.code
            worth[code] = worth[code] + change if code in worth else change
        return worth

    def missing_price_instruments(self, venue: Venue) -> list[InstrumentId]:
        """Instruments with an open position and no price to value it at, sorted."""
        missing = [
            position.instrument_id
            for position in self._cache.positions_open(venue=venue)
            if self._mark(position) is None
        ]
        return sorted(dict.fromkeys(missing))

    # --- positions -------------------------------------------------------------------------

    def net_raw(self, instrument_id: InstrumentId) -> int:
        """Sum of signed raw quantities over all strategies."""
        return sum([position.signed_raw for position in self._cache.positions_of(instrument_id)])

    def account_net_raw(self, account_id: AccountId, instrument_id: InstrumentId) -> int:
        """Signed raw quantity that the venue nets for the account.

        In a margin account the sum of its fills, less what was settled. In a cash account the sum of positions, in
        which commissions paid in the base currency are taken off.
        """
        account = self._cache.account(account_id)
        if isinstance(account, MarginAccount):
            return account.net_raw(instrument_id)
        return sum(
            [
                position.signed_raw
                for position in self._cache.positions_of(instrument_id)
                if position.account_id == account_id
            ]
        )

    def net_position(self, instrument_id: InstrumentId) -> Decimal:
        """Sum of signed quantities over all strategies; zero when nothing is held."""
        return decimal_of(self.net_raw(instrument_id), -FIXED_PRECISION)

    def is_net_long(self, instrument_id: InstrumentId) -> bool:
        return self.net_raw(instrument_id) > 0

    def is_net_short(self, instrument_id: InstrumentId) -> bool:
        return self.net_raw(instrument_id) < 0

    def is_flat(self, instrument_id: InstrumentId) -> bool:
        return self.net_raw(instrument_id) == 0

    def is_completely_flat(self) -> bool:
        """No position of any instrument is open, not even two that cancel out."""
        return self._cache.positions_open_count() == 0

    # --- profit and exposure, in the instrument's cost currency ------------------------------

    def realized_pnl(self, instrument_id: InstrumentId) -> Money | None:
        """Booked profit less commissions over all cycles and strategies; None for an unknown
        instrument."""
        instrument = self._cache.instrument(instrument_id)
        if instrument is None:
            return None
        raw = 0
        for position in self._cache.positions_of(instrument_id):
            raw += position.realized_pnl.raw
            for cycle in position.cycles:
                raw += cycle.realized_raw
        return Money.from_raw(raw, instrument.cost_currency)

    def unrealized_pnl(
        self, instrument_id: InstrumentId, price: Price | None = None
    ) -> Money | None:
        """Profit of closing everything at `price`, or at the market: a long at the bid, a short
        at the ask, else the last trade, else the last bar's close. None without any of them."""
        instrument = self._cache.instrument(instrument_id)
        if instrument is None:
            return None
        raw = 0
        for position in self._cache.positions_of(instrument_id):
            if position.is_open:
                mark = self._mark(position) if price is None else price
                if mark is None:
                    return None
                raw += position.unrealized_pnl(mark).raw
        return Money.from_raw(raw, instrument.cost_currency)

    def total_pnl(self, instrument_id: InstrumentId, price: Price | None = None) -> Money | None:
        """Realized plus unrealized; None where either is."""
        realized = self.realized_pnl(instrument_id)
        unrealized = self.unrealized_pnl(instrument_id, price)
        return None if realized is None or unrealized is None else realized + unrealized

    def net_exposure(self, instrument_id: InstrumentId, price: Price | None = None) -> Money | None:
        """Signed notional of everything held: a long and a short of one size cancel out."""
        return self._exposure(instrument_id, price, gross=False)

    def gross_exposure(
        self, instrument_id: InstrumentId, price: Price | None = None
    ) -> Money | None:
        """Sum of absolute notionals: a long and a short of one size count twice."""
        return self._exposure(instrument_id, price, gross=True)

    def _exposure(
        self, instrument_id: InstrumentId, price: Price | None, gross: bool
    ) -> Money | None:
        instrument = self._cache.instrument(instrument_id)
        if instrument is None:
            return None
        raw = 0
        for position in self._cache.positions_of(instrument_id):
            if position.is_open:
                mark = self._mark(position) if price is None else price
                if mark is None:
                    return None
                value_raw = position.value_raw(mark)
                raw += abs(value_raw) if gross else value_raw
        return Money.from_raw(raw, instrument.cost_currency)

    def _mark(self, position: Position) -> Price | None:
        cache, instrument_id = self._cache, position.instrument_id
        quote = cache.quote_tick(instrument_id)
        if quote is not None:
            if position.side is PositionSide.LONG:
                if quote.bid_size_mantissa:
                    return quote.bid_price
            elif quote.ask_size_mantissa:
                return quote.ask_price
        last = cache.price(instrument_id, PriceType.LAST)
        if last is not None:
            return last
        bars = [
            bar
            for bar_type in cache.bar_types()
            if bar_type.instrument_id == instrument_id and (bar := cache.bar(bar_type)) is not None
        ]
        return max(bars, key=_closed_at).close if bars else None
