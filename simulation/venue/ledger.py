"""The venue's ledger: balances, what orders hold back, net positions, realised PnL.

Rules, computed here on their own and never through the kernel's code:

- Notional of a fill: rounded half-even once to the cost currency. Fee: notional x rate, rounded
  half-even, taken from the cost currency.
- Cash: BUY adds the quantity in base and takes the notional in quote; SELL the reverse.
- Margin: one net position per instrument with exact integer cost. A close takes cost by floor
  proportion and leaves the remainder in; booked PnL is the rounded cumulative exact PnL less
  what was booked before, so that rounding telescopes.
- A hedging account keeps positions apart: each order opens one, or is for one that it names.
  Each has a cost, a PnL and a maintenance margin of its own, by the same rules.
- A premium (options): BUY takes the whole notional and SELL brings it, nothing is earned by
  closing; a BUY locks its notional instead of a margin.
- Shares on a cash account are no balance: BUY takes the notional, SELL brings it, and no more is
  sold than is held. A SELL locks no money.
- Settlement closes everything held at one price, without a fee.
- Locks: each open, priced, not reduce-only order locks its leaves' notional at price (else
  trigger) for a cash BUY, the leaves in base for a cash SELL, its initial margin on a margin
  account, where each net position locks maintenance margin too. Shown locked is their sum,
  clamped to [0, total].

An order must also be able to pay its fee, and a reduce-only order on a cash account its
notional. That is its `reserve`: held back when new orders are judged, never shown as locked.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from engine.model.currencies import Currency
from simulation.venue.enums import BUY, SELL, AccountType, Liquidity, Side
from simulation.venue.fees import FeeRates
from simulation.venue.listing import Listing
from simulation.venue.money import RAW_ONE, TEN, half_even, mantissa_of
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import BalanceRecord, PositionRecord

DEFAULT_MARGIN_LEVERAGE: Final = 10


class AccountSpec:
    """How our account is opened.

    Attributes:
        balances: opening total by currency code, decimal text.
        leverage: 1 on a cash account; a whole number of at least 1 on a margin account.
        hedging: whether positions are kept apart; only on a margin account.
    """

    __slots__ = ("balances", "hedging", "leverage", "type")

    def __init__(
        self,
        account_type: AccountType,
        balances: Mapping[str, str],
        leverage: int | None = None,
        hedging: bool = False,
    ) -> None:
        self.type = AccountType(account_type)  # ValueError for any other text
        if leverage is None or self.type is AccountType.CASH:
            leverage = 1 if self.type is AccountType.CASH else DEFAULT_MARGIN_LEVERAGE
        if leverage < 1:
            raise ValueError(f"leverage must be at least 1, was {leverage}")
        if hedging and self.type is AccountType.CASH:
            raise ValueError("a cash account keeps no positions apart")
        self.hedging = hedging
        self.balances = dict(balances)
        self.leverage = leverage


class Purse:
    """One currency of the account; mantissas at the currency's precision.

    Attributes:
        locks: what open orders lock; maintenance: what positions lock.
        reserves: what open orders need at worst, fees included.
    """

    __slots__ = ("code", "currency", "locks", "maintenance", "precision", "reserves", "total")

    def __init__(self, currency: Currency) -> None:
        self.currency = currency
        self.code = currency.code
        self.precision = currency.precision
        self.total = 0
        self.locks = 0
        self.maintenance = 0
        self.reserves = 0

    @property
    def locked(self) -> int:
        return max(0, min(self.locks + self.maintenance, self.total))

    @property
    def available(self) -> int:
        """What a new order may still claim."""
        return self.total - self.maintenance - self.reserves


class NetPosition:
    """The account's net position in one instrument.

    Attributes:
        signed: mantissa at the size precision; positive is long.
        cost: exact cost of what is open, unsigned, units of the listing's `cost_digits`.
        exact_pnl: everything ever realised, exact; booked: the part already in the balance.
    """

    __slots__ = ("booked", "cost", "exact_pnl", "listing", "maintenance", "signed")

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.signed = 0
        self.cost = 0
        self.exact_pnl = 0
        self.booked = 0
        self.maintenance = 0

    def apply(self, side: Side, quantity: int, price: int) -> int:
        """Apply one fill; returns the PnL to book now, a mantissa of the cost currency."""
        listing = self.listing
        signed = self.signed
        change = quantity if side is BUY else -quantity
        self.signed = signed + change
        if signed == 0 or (signed > 0) == (change > 0):
            self.cost += listing.exact_cost(quantity, price)
            return 0
        held = abs(signed)
        closed = min(quantity, held)
        released = self.cost * closed // held
        gained = listing.exact_cost(closed, price) - released
        # a long gains when it closes dearer; in inverse terms when it closes for less base
        self.exact_pnl += gained if (signed > 0) != listing.inverse else -gained
        self.cost -= released
        if quantity > closed:
            self.cost = listing.exact_cost(quantity - closed, price)
        earned = listing.money(self.exact_pnl)
        due = earned - self.booked
        self.booked = earned
        return due


class HedgedPosition(NetPosition):
    """One position of a hedging account. `id` is the venue's name for it."""

    __slots__ = ("id",)

    def __init__(self, listing: Listing, position_id: str) -> None:
        super().__init__(listing)
        self.id = position_id


class Ledger:
    """The account's money. Orders are handed in; nothing is looked up in the market.

    Attributes:
        changed: a balance or lock moved since the flag was last cleared.
        positions: by symbol, the net of everything held.
        hedged: by the venue's id, the positions of a hedging account.
        vaults: by symbol, the shares of a cash account: what is held and what orders sell.
    """

    __slots__ = (
        "_fees_in_base",
        "_is_cash",
        "_leverage",
        "_numbers",
        "_rates",
        "changed",
        "hedged",
        "positions",
        "purses",
        "spec",
        "vaults",
    )

    def __init__(
        self,
        spec: AccountSpec,
        listings: Sequence[Listing],
        rates: Mapping[str, FeeRates],
        fees_in_base: bool = False,
    ) -> None:
        """
        Args:
            fees_in_base: fees of spot trades for cash are taken in the coin that is traded.
        Raises:
            ValueError: a derivative on a cash account, or a balance in a currency that no
                listed instrument uses.
        """
        self.spec = spec
        self._is_cash = spec.type is AccountType.CASH
        self._fees_in_base = fees_in_base
        self._leverage = spec.leverage
        self._rates = rates
        self.purses: dict[str, Purse] = {}
        self.positions = {listing.symbol: NetPosition(listing) for listing in listings}
        self.hedged: dict[str, HedgedPosition] = {}
        self._numbers = {listing.symbol: [n, 0] for n, listing in enumerate(listings, 1)}
        self.vaults: dict[str, Purse] = {}
        self.changed = False
        for listing in listings:
            if self._is_cash and listing.is_share:
                self.vaults[listing.symbol] = Purse(listing.cost)
            elif self._is_cash and not listing.is_spot:
                raise ValueError(f"{listing.symbol} cannot be traded on a cash account")
            instrument = listing.instrument
            currencies = [listing.cost]
            if listing.is_spot:
                currencies += [listing.base, instrument.quote_currency]
            for currency in currencies:
                if currency.code not in self.purses:
                    self.purses[currency.code] = Purse(currency)
        for code, text in spec.balances.items():
            purse = self.purses.get(code)
            if purse is None:
                known = ", ".join(sorted(self.purses))
                raise ValueError(f"no instrument here uses {code}; known are {known}")
            purse.total = mantissa_of(text, purse.precision)
            if purse.total < 0:
                raise ValueError(f"opening balance of {code} is negative: {text}")

    # --- what an order holds back ----------------------------------------------------------

    def claim(self, order: VenueOrder, leaves: int, price: int) -> tuple[Purse, int, int]:
        """(purse, lock, reserve) of `order` with these leaves valued at `price`.

        Asked for to judge an order, and with the same values to lock for it: worked out once.
        """
        known = order.claimed
        if known is None or known[0] != (leaves, price):
            known = order.claimed = ((leaves, price), self._claim(order, leaves, price))
        return known[1]

    def _claim(self, order: VenueOrder, leaves: int, price: int) -> tuple[Purse, int, int]:
        listing = order.book.listing
        rates = self._rates[listing.symbol]
        if self._is_cash and order.side is not BUY:
            if listing.is_share:
                return self.vaults[listing.symbol], 0, leaves
            base = self.purses[listing.base.code]
            lock = half_even(leaves * TEN[base.precision], TEN[listing.size_precision])
            fee = half_even(lock * rates.reserve, RAW_ONE) if self._fees_in_base else 0
            return base, (0 if order.reduce_only else lock), lock + fee
        purse = self.purses[listing.cost.code]
        notional = listing.notional(leaves, price)
        fee = half_even(notional * rates.reserve, RAW_ONE)
        if self._is_cash:
            return purse, (0 if order.reduce_only else notional), notional + fee
        if order.reduce_only:
            return purse, 0, fee
        if listing.is_premium and order.side is BUY:
            return purse, notional, notional + fee
        lock = listing.margin(
            listing.exact_cost(leaves, price), listing.instrument.margin_init_raw, self._leverage
        )
        return purse, lock, lock + fee

    def relock(self, order: VenueOrder) -> None:
        """Bring what `order` holds back in line with its leaves, price and status."""
        price = order.price if order.price is not None else order.trigger_price
        if price is None or not order.is_open:
            self.release(order)
            return
        purse, lock, reserve = self.claim(order, order.quantity - order.filled, price)
        if lock != order.lock:
            purse.locks += lock - order.lock
            self.changed = True
        purse.reserves += reserve - order.reserve
        order.purse = purse
        order.lock = lock
        order.reserve = reserve

    def release(self, order: VenueOrder) -> None:
        purse = order.purse
        if purse is None:
            return
        purse.locks -= order.lock
        purse.reserves -= order.reserve
        if order.lock:
            self.changed = True
        order.purse = None
        order.lock = 0
        order.reserve = 0

    def affords(self, order: VenueOrder, leaves: int, price: int) -> bool:
        """Whether the account can carry `order` with these leaves at this price, given all
        that other orders may still need. What only shrinks a margin position always can."""
        if not self._is_cash and self._reduces(order, leaves):
            return True
        purse, _, reserve = self.claim(order, leaves, price)
        return reserve <= purse.available + order.reserve

    def affords_sweep(self, order: VenueOrder, quantity: int, notional: int) -> bool:
        """`affords` for an order without a price that would trade `quantity` for `notional`."""
        listing = order.book.listing
        if self._is_cash and order.side is not BUY:
            if listing.is_share:
                return quantity <= self.vaults[listing.symbol].available + order.reserve
            base = self.purses[listing.base.code]
            need = half_even(quantity * TEN[base.precision], TEN[listing.size_precision])
            if self._fees_in_base:
                need += half_even(need * self._rates[listing.symbol].reserve, RAW_ONE)
            return need <= base.available + order.reserve
        if not self._is_cash and self._reduces(order, quantity):
            return True
        purse = self.purses[listing.cost.code]
        fee = half_even(notional * self._rates[listing.symbol].reserve, RAW_ONE)
        need = notional
        if not self._is_cash and not (listing.is_premium and order.side is BUY):
            need = half_even(
                notional * listing.instrument.margin_init_raw, RAW_ONE * self._leverage
            )
        return need + fee <= purse.available + order.reserve

    def _reduces(self, order: VenueOrder, quantity: int) -> bool:
        return quantity <= self.opposed(order)

    def opposed(self, order: VenueOrder) -> int:
        """How much of what is held an order of this side could close: of the account's net, or
        where positions are kept apart of the one that it is for."""
        if self.spec.hedging:
            signed = 0 if order.position is None else order.position.signed
        else:
            signed = self.positions[order.book.symbol].signed
        return max(0, -signed if order.side is BUY else signed)

    # --- fills -----------------------------------------------------------------------------

    def fill(self, order: VenueOrder, quantity: int, price: int, liquidity: Liquidity) -> int:
        """Move the money of one execution.

        Returns:
            The fee, a mantissa of `fee_currency`; negative is a rebate.
        """
        listing = order.book.listing
        symbol = listing.symbol
        purse = self.purses[listing.cost.code]
        position = self.positions[symbol]
        notional = listing.notional(quantity, price)
        fee = self._rates[symbol].fee(notional, liquidity)
        if listing.symbol in self.vaults:
            change = quantity if order.side is BUY else -quantity
            position.signed += change
            self.vaults[symbol].total += change
            purse.total += -notional if order.side is BUY else notional
        elif self._is_cash:
            base = self.purses[listing.base.code]
            amount = half_even(quantity * TEN[base.precision], TEN[listing.size_precision])
            if order.side is BUY:
                position.signed += quantity
                base.total += amount
                purse.total -= notional
            else:
                position.signed -= quantity
                base.total -= amount
                purse.total += notional
            if self._fees_in_base:
                purse = base
                fee = self._rates[symbol].fee(amount, liquidity)
        else:
            if self.spec.hedging:
                position.signed += quantity if order.side is BUY else -quantity
                position = self._hedged_position(order)
            due = position.apply(order.side, quantity, price)
            if listing.is_premium:
                due = -notional if order.side is BUY else notional
            purse.total += due
            self._keep_margin(purse, position)
        purse.total -= fee
        self.changed = True
        return fee

    def fee_currency(self, listing: Listing) -> Currency:
        """What the fees of a listing's trades are taken in."""
        if self._fees_in_base and self._is_cash and listing.is_spot:
            return listing.base
        return listing.cost

    def settle(self, listing: Listing, price: int) -> None:
        """Close everything held of a listing at its settlement price."""
        purse = self.purses[listing.cost.code]
        net = self.positions[listing.symbol]
        held: list[NetPosition] = [net]
        if self.spec.hedging:
            held = [each for each in self.hedged.values() if each.listing is listing]
        for position in held:
            signed = position.signed
            if signed:
                due = position.apply(SELL if signed > 0 else BUY, abs(signed), price)
                purse.total += listing.notional(signed, price) if listing.is_premium else due
                self._keep_margin(purse, position)
                self.changed = True
        net.signed = 0

    def _hedged_position(self, order: VenueOrder) -> HedgedPosition:
        position = order.position
        if position is None:
            listing = order.book.listing
            numbers = self._numbers[listing.symbol]
            numbers[1] += 1
            position_id = f"{listing.instrument.id.venue}-{numbers[0]}-{numbers[1]:03d}"
            position = order.position = HedgedPosition(listing, position_id)
            self.hedged[position_id] = position
        return position

    def _keep_margin(self, purse: Purse, position: NetPosition) -> None:
        maintenance = self.maintenance(position)
        purse.maintenance += maintenance - position.maintenance
        position.maintenance = maintenance

    def maintenance(self, position: NetPosition) -> int:
        """Maintenance margin of a net position, on the notional of its exact open cost."""
        listing = position.listing
        return listing.margin(position.cost, listing.instrument.margin_maint_raw, self._leverage)

    # --- reading ---------------------------------------------------------------------------

    def balance_records(self) -> tuple[BalanceRecord, ...]:
        return tuple(
            [
                BalanceRecord(code, purse.total, purse.locked)
                for code, purse in sorted(self.purses.items())
            ]
        )

    def position_records(self) -> tuple[PositionRecord, ...]:
        return tuple(
            PositionRecord(symbol, position.signed)
            for symbol, position in sorted(self.positions.items())
            if position.signed
        )
