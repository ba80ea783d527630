"""Whatever is asked of the venue: money is conserved, locks add up, one book holds everybody."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.currencies import BTC, USD, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.values import Price, Quantity
from simulation.scheduler import Scheduler
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec
from simulation.venue.orders import VenueRefusal

OPEN = ("ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED")
SPOT = CurrencyPair(
    id=InstrumentId("BTC/USD.SIM"),
    base_currency=BTC,
    quote_currency=USD,  # 2 decimals: most fills round
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
    maker_fee="-0.0001",
    taker_fee="0.0015",
)
INVERSE = CryptoPerpetual(
    id=InstrumentId("BTCUSD.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    settlement_currency=BTC,
    is_inverse=True,
    price_increment=Price("0.01"),
    size_increment=Quantity("1"),
    margin_init="0.02",
    margin_maint="0.01",
    maker_fee="0.0002",
    taker_fee="0.0007",
)

prices = st.integers(95, 105)
sizes = st.integers(1, 40)
sides = st.sampled_from(["BUY", "SELL"])
step = st.one_of(
    st.tuples(st.just("join"), sides, prices, sizes),
    st.tuples(st.just("hit"), sides, prices, sizes),
    st.tuples(
        st.just("submit"),
        sides,
        prices,
        sizes,
        st.sampled_from(["MARKET", "LIMIT", "STOP_MARKET", "STOP_LIMIT"]),
        st.sampled_from(["GTC", "IOC", "FOK", "GTD"]),
        st.booleans(),
        st.booleans(),
        prices,
    ),
    st.tuples(st.just("modify"), st.integers(0, 30), sizes, prices),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("wait")),
)


def run(instrument, spec: AccountSpec, steps) -> None:
    scheduler = Scheduler(1_000)
    exchange = Exchange("SIM", [instrument], spec, lambda: scheduler.now_ns, scheduler.post)
    symbol = str(instrument.id.symbol)
    book, floor = exchange.books[symbol], exchange.floor
    opening = {code: purse.total for code, purse in exchange.ledger.purses.items()}
    names: list[str] = []
    for number, (kind, *args) in enumerate(steps):
        try:
            if kind == "join":
                floor.join(book, BUY if args[0] == "BUY" else SELL, args[1], args[2])
                floor.settle(book)
            elif kind == "hit":
                floor.hit(book, BUY if args[0] == "BUY" else SELL, args[2], args[1])
                floor.settle(book)
            elif kind == "submit":
                side, price, size, type_, tif, post_only, reduce_only, trigger = args
                names.append(f"O-{number}")
                exchange.submit(
                    names[-1], symbol, side, type_, tif, size,
                    price if "LIMIT" in type_ else None,
                    trigger if "STOP" in type_ else None,
                    scheduler.now_ns + 3 if tif == "GTD" else 0, post_only, reduce_only,
                )  # fmt: skip
            elif kind == "modify" and names:
                name = names[args[0] % len(names)]
                order = exchange.orders[name]
                exchange.modify(
                    symbol, name, args[1], None if order.price is None else args[2], None
                )
            elif kind == "cancel" and names:
                exchange.cancel(symbol, names[args[0] % len(names)])
            elif kind == "wait":
                scheduler.run_until(scheduler.now_ns + 1)
        except VenueRefusal:
            pass
        check(exchange, book, opening)


def check(exchange, book, opening) -> None:
    truth = exchange.truth()
    bid, ask = book.best_bid(), book.best_ask()
    assert bid is None or ask is None or bid < ask
    filled: dict[str, int] = {}
    net = 0
    for fill in truth.fills:
        filled[fill.client_order_id] = filled.get(fill.client_order_id, 0) + fill.quantity_raw
        net += fill.quantity_raw if fill.side == "BUY" else -fill.quantity_raw
    for order in truth.orders:
        assert order.filled_raw == filled.get(order.client_order_id, 0)
        assert order.filled_raw <= order.quantity_raw
        assert (order.status == "FILLED") == (order.filled_raw == order.quantity_raw > 0) or (
            order.status == "CANCELED"
        )
    assert dict(truth.positions) == ({book.listing.instrument_id: net} if net else {})
    ledger = exchange.ledger
    locks = dict.fromkeys(ledger.purses, 0)
    reserves = dict.fromkeys(ledger.purses, 0)
    for order in exchange.orders.values():
        assert order.is_open == (order.status in OPEN) == (order.number in exchange.floor.open)
        if not order.is_open:
            assert (order.lock, order.reserve, order.resting) == (0, 0, None)
        elif order.purse is not None:
            price = order.price if order.price is not None else order.trigger_price
            assert ledger.claim(order, order.leaves, price)[1:] == (order.lock, order.reserve)
            locks[order.purse.code] += order.lock
            reserves[order.purse.code] += order.reserve
        if order.resting is not None:
            assert order.resting.leaves == order.leaves
    for code, purse in ledger.purses.items():
        assert (purse.locks, purse.reserves) == (locks[code], reserves[code])
        assert 0 <= purse.locked <= max(0, purse.total)
    if ledger.spec.type is AccountType.CASH:
        expected = dict(opening)
        for trade in exchange.floor.trades:
            sign = 1 if trade.side == "BUY" else -1
            expected["BTC"] += sign * trade.quantity * 10**5
            product = trade.quantity * trade.price
            cents, rest = divmod(product, 1_000)
            cents += rest > 500 or (rest == 500 and cents % 2 == 1)
            expected["USD"] -= sign * cents + trade.fee
        assert {code: purse.total for code, purse in ledger.purses.items()} == expected
        # rounding of partial fills may cost a few cents more than was reserved, never more
        assert ledger.purses["USD"].total >= -len(exchange.floor.trades)
        assert ledger.purses["BTC"].total >= 0


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=40))
def test_cash_account_is_conserved_under_any_sequence(steps) -> None:
    run(SPOT, AccountSpec(AccountType.CASH, {"USD": "0.20", "BTC": "0.100"}), steps)


@settings(max_examples=40, deadline=None)
@given(st.lists(step, max_size=40))
def test_inverse_margin_account_adds_up_under_any_sequence(steps) -> None:
    run(INVERSE, AccountSpec(AccountType.MARGIN, {"BTC": "5"}, 5), steps)
