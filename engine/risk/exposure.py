"""How far an account is exposed, and how much of its balance is spoken for.

The cache knows positions and working orders, the account what it has locked. Neither knows all
that may still happen: an account locks for an order once the venue has accepted it, a MARKET
order locks nothing, a modify counts when the venue has answered it, and of two submits in one
handler the second is judged before the first is applied. Without these two orders could each
spend the whole balance. So what an order needs and its account has not locked counts here, and
commands that risk let pass are kept until the cache shows their effect.
"""

from engine.cache import Account, Instrument
from engine.context import Context
from engine.model.accounts import held_currency, initial_raw
from engine.model.cost import Valuation
from engine.model.enums import BUY, AccountType, OrderSide, OrderStatus, OrderType
from engine.model.identifiers import AccountId, ClientOrderId, InstrumentId
from engine.model.orders import Order
from engine.model.values import Price
from engine.risk.rules import market_price_raw

Requirement = tuple[str, int]  # currency code, units of 1e-16 of it

_INITIALIZED = OrderStatus.INITIALIZED
_MARKET = OrderType.MARKET
_CASH = AccountType.CASH


class Passed:
    """One command that risk let pass.

    Attributes:
        is_submit: else a modify.
        quantity_raw: the order's total if the command takes effect.
        requirement: what its leaves need then; None: nothing, or it could not be valued.
        turn: when it passed.
    """

    __slots__ = (
        "account_id",
        "command_id",
        "is_submit",
        "order",
        "quantity_raw",
        "requirement",
        "turn",
    )

    def __init__(
        self,
        order: Order,
        account_id: AccountId,
        command_id: str,
        is_submit: bool,
        quantity_raw: int,
        requirement: Requirement | None,
        turn: int,
    ) -> None:
        self.order = order
        self.account_id = account_id
        self.command_id = command_id
        self.is_submit = is_submit
        self.quantity_raw = quantity_raw
        self.requirement = requirement
        self.turn = turn

    def is_unseen(self, turn: int) -> bool:
        """Whether its effect is still to come into the cache."""
        order = self.order
        if self.is_submit:
            return self.turn == turn and order.status is _INITIALIZED
        # later than in its own turn, only while the request is on the wire
        return self.command_id in order.requests or (self.turn == turn and not order.is_closed)


class Exposure:
    """Sums over the cache, the accounts and the commands that passed, for one kernel.

    `besides` is the order being judged: it is left out of a sum.
    """

    __slots__ = ("_cache", "_ctx", "_passed", "_valuations")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._cache = ctx.cache
        self._passed: dict[ClientOrderId, list[Passed]] = {}
        self._valuations: dict[InstrumentId, tuple[Instrument, Valuation]] = {}

    # --- what passed ------------------------------------------------------------------------

    def add(self, passed: Passed) -> None:
        coid = passed.order.client_order_id
        entries = self._passed.get(coid)
        if entries is None:
            self._passed[coid] = [passed]
        else:
            entries.append(passed)

    def forget_seen(self) -> None:
        """Drop what the cache shows by now. To be called before judging."""
        if not self._passed:
            return
        turn = self._ctx.turn
        kept: dict[ClientOrderId, list[Passed]] = {}
        for coid, entries in self._passed.items():
            unseen = [entry for entry in entries if entry.is_unseen(turn)]
            if unseen:
                kept[coid] = unseen
        self._passed = kept

    def has_passed(self, client_order_id: ClientOrderId) -> bool:
        """Whether a command for this order passed that the cache does not show yet."""
        return client_order_id in self._passed

    # --- quantities -------------------------------------------------------------------------

    def net_raw(self, instrument_id: InstrumentId) -> int:
        """Signed quantity of the account: the venue nets over strategies."""
        total_raw = 0
        for position in self._cache.positions_of(instrument_id):
            total_raw += position.signed_raw
        return total_raw

    def working_raw(self, instrument_id: InstrumentId, side: OrderSide, besides: Order) -> int:
        """What could still trade on one side: leaves, as large as they may become."""
        total_raw = 0
        for order in self._cache.working_orders(instrument_id):
            if order.side is side and order is not besides:
                total_raw += self._leaves_raw(order)
        for entries in self._passed.values():
            order = entries[0].order
            if order is besides or order.side is not side or order.instrument_id != instrument_id:
                continue
            shown_raw = 0 if order.is_active_local else self._leaves_raw(order)
            peak_raw = max(entry.quantity_raw for entry in entries) - order.filled_raw
            total_raw += max(peak_raw - shown_raw, 0)
        return total_raw

    def quantity_in_base_raw(self, order: Order) -> int | None:
        """What an order's amount of quote currency comes to now; None when nothing values it."""
        instrument = self._cache.instrument(order.instrument_id)
        price_raw = self.valuation_raw(
            order.instrument_id, order.side, order.price, order.trigger_price
        )
        if instrument is None or price_raw is None:
            return None
        return instrument.base_quantity_raw(order.quantity_raw, price_raw)

    def _leaves_raw(self, order: Order) -> int:
        """What is left to trade, in base. Something valued a quantity in quote when it passed; a
        market that shows no price any more has nothing to trade it with."""
        if not order.is_quote_quantity:
            return order.leaves_raw
        return max((self.quantity_in_base_raw(order) or 0) - order.filled_raw, 0)

    def opposed_raw(self, instrument_id: InstrumentId, side: OrderSide) -> int:
        """How large a net position `side` trades against; 0 if it adds to one or opens one."""
        net_raw = self.net_raw(instrument_id)
        return max(-net_raw if side is BUY else net_raw, 0)

    def reducible_raw(self, instrument_id: InstrumentId, side: OrderSide, besides: Order) -> int:
        """How much of that is left beside everything that works on the same side."""
        opposed_raw = self.opposed_raw(instrument_id, side)
        if opposed_raw == 0:
            return 0
        return max(opposed_raw - self.working_raw(instrument_id, side, besides), 0)

    # --- money ------------------------------------------------------------------------------

    def valuation_raw(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        price: Price | None,
        trigger_price: Price | None,
    ) -> int | None:
        """The raw price to value an order at before it trades; None when nothing says.

        The limit price, else the trigger price, else (MARKET) what the market shows.
        """
        if price is not None:
            return price.raw
        if trigger_price is not None:
            return trigger_price.raw
        cache = self._cache
        return market_price_raw(
            side, cache.quote_tick(instrument_id), cache.trade_tick(instrument_id)
        )

    def requirement(
        self,
        account: Account,
        instrument: Instrument,
        side: OrderSide,
        quantity_raw: int,
        price_raw: int,
    ) -> Requirement:
        """What an order of this size needs: its notional (cash BUY), what it sells (cash SELL),
        or initial margin (the premium, of an option bought). Equal to what the account locks for it once it is working."""
        if account.account_type is _CASH:
            if side is BUY:
                return (
                    instrument.cost_currency.code,
                    instrument.notional_raw(quantity_raw, price_raw),
                )
            held = held_currency(instrument)
            if held is None:  # shares, which no balance holds
                return instrument.cost_currency.code, 0
            return held.code, quantity_raw
        known = self._valuations.get(instrument.id)
        if known is None or known[0] is not instrument:  # a venue may amend a definition
            known = self._valuations[instrument.id] = (instrument, Valuation(instrument))
        valuation = known[1]
        return valuation.currency.code, initial_raw(
            instrument, valuation, side, quantity_raw, price_raw, account.leverage
        )

    def committed_raw(self, account: Account, code: str, besides: Order) -> int:
        """What other orders of the account need of a currency, beyond what is locked for them."""
        account_id = account.id
        total_raw = 0
        for entries in self._passed.values():
            order = entries[0].order
            if order is not besides and entries[0].account_id == account_id:
                needed_raw = max(_raw_of(entry.requirement, code) for entry in entries)
                if not order.is_active_local:  # a modify may yet fail: the order as it stands
                    needed_raw = max(needed_raw, _raw_of(self._as_it_stands(account, order), code))
                total_raw += _unlocked_raw(account, order, needed_raw)
        cache = self._cache
        for order in cache.inflight_orders():
            if order.order_type is not _MARKET:
                total_raw += self._not_locked_raw(account, order, code, besides)
        for order in cache.working_market_orders():
            total_raw += self._not_locked_raw(account, order, code, besides)
        return total_raw

    def _not_locked_raw(self, account: Account, order: Order, code: str, besides: Order) -> int:
        if (
            order is besides
            or order.account_id != account.id
            or order.client_order_id in self._passed
            or account.contribution_raw(order.client_order_id)
        ):
            return 0
        return _raw_of(self._as_it_stands(account, order), code)

    def _as_it_stands(self, account: Account, order: Order) -> Requirement | None:
        """What the leaves of an order need; None when that is nothing or cannot be valued."""
        cache = self._cache
        instrument_id = order.instrument_id
        instrument = cache.instrument(instrument_id)
        if instrument is None or order.reduce_only:
            return None
        price_raw = self.valuation_raw(instrument_id, order.side, order.price, order.trigger_price)
        if price_raw is None:
            return None
        return self.requirement(account, instrument, order.side, self._leaves_raw(order), price_raw)


def _raw_of(requirement: Requirement | None, code: str) -> int:
    return requirement[1] if requirement is not None and requirement[0] == code else 0


def _unlocked_raw(account: Account, order: Order, needed_raw: int) -> int:
    return max(needed_raw - account.contribution_raw(order.client_order_id), 0)
