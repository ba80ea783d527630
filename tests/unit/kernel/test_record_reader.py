"""What was written is read back as what it was, from its text alone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.inspect import StructType, UnionType, VarTupleType, type_info

from engine import record_reader
from engine.model.currencies import BTC, CURRENCIES, ETH, USD, USDT, Currency, CurrencyType
from engine.model.identifiers import InstrumentId
from engine.model.instruments import (
    AssetClass,
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    CurrencyPair,
    Equity,
    FuturesContract,
    Instrument,
    OptionContract,
    OptionKind,
)
from engine.model.instruments.text import instrument_of
from engine.model.values import Money, Price, Quantity
from engine.record import TurnRecord, encode
from engine.record_reader import RecordError, RecordReader
from engine.text_reader import TextReader
from simulation.options import RunOptions
from simulation.run import prepare, run_world
from simulation.scenarios import BUILT_IN

DAY = 86_400_000_000_000
INSTRUMENTS: list[Instrument] = [
    CurrencyPair(
        id=InstrumentId("BTC/USDT.SIM"),
        base_currency=BTC,
        quote_currency=USDT,
        price_increment=Price("0.01"),
        size_increment=Quantity("0.00001"),
        min_notional=Money("5", USDT),
        max_quantity=Quantity("9.00000"),
        maker_fee=Decimal("-0.0001"),
        ts_event=5,
    ),
    Equity(
        id=InstrumentId("AAPL.XNAS"),
        quote_currency=USD,
        price_increment=Price("0.01"),
        isin="US0378331005",
    ),
    CryptoPerpetual(
        id=InstrumentId("ETHUSD-PERP.SIM"),
        base_currency=ETH,
        quote_currency=USD,
        price_increment=Price("0.05"),
        size_increment=Quantity("1"),
        is_inverse=True,
        margin_init="0.01",
    ),
    FuturesContract(
        id=InstrumentId("ESH4.GLBX"),
        asset_class=AssetClass.INDEX,
        underlying="ES, the index=500",
        quote_currency=USD,
        price_increment=Price("0.25"),
        multiplier=Quantity("50"),
        activation_ns=0,
        expiration_ns=DAY,
        exchange="XCME",
    ),
    CryptoFuture(
        id=InstrumentId("BTCUSDT_240329.SIM"),
        underlying=BTC,
        quote_currency=USDT,
        price_increment=Price("0.1"),
        size_increment=Quantity("0.001"),
        activation_ns=0,
        expiration_ns=DAY,
    ),
    OptionContract(
        id=InstrumentId("AAPL240119C00150000.OPRA"),
        asset_class=AssetClass.EQUITY,
        underlying="AAPL",
        option_kind=OptionKind.CALL,
        strike_price=Price("150.00"),
        quote_currency=USD,
        price_increment=Price("0.01"),
        activation_ns=0,
        expiration_ns=DAY,
    ),
    BinaryOption(
        id=InstrumentId("RAIN.SIM"),
        asset_class=AssetClass.ALTERNATIVE,
        quote_currency=USD,
        price_increment=Price("0.01"),
        size_increment=Quantity("1"),
        activation_ns=0,
        expiration_ns=DAY,
        outcome="Yes",
        description="does it rain, or activation_ns=7?",
    ),
]


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: type(each).__name__)
def test_an_instrument_is_read_from_its_own_text(instrument: Instrument) -> None:
    read = instrument_of(str(instrument))
    assert type(read) is type(instrument)
    assert read == instrument


@pytest.mark.parametrize(
    "text",
    ["", "CurrencyPair", "Bond(id=X.Y)", "CurrencyPair(id=BTC/USDT.SIM)", "CurrencyPair()"],
)
def test_a_text_that_is_no_instrument_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an instrument"):
        instrument_of(text)


def test_a_currency_of_ones_own_is_found_where_the_reader_is_told() -> None:
    gem = Currency("GEM", 3, 0, "Gem", CurrencyType.CRYPTO)
    pair = CurrencyPair(
        id=InstrumentId("GEM/USDT.SIM"),
        base_currency=gem,
        quote_currency=USDT,
        price_increment=Price("0.01"),
        size_increment=Quantity("0.001"),
    )
    with pytest.raises(ValueError, match="unknown currency"):
        instrument_of(str(pair))
    assert instrument_of(str(pair), {"GEM": gem}) == pair


@pytest.mark.parametrize("scenario", BUILT_IN)
def test_every_turn_of_a_run_is_read_back_as_it_was_and_written_again_the_same(
    scenario: str,
) -> None:
    options = RunOptions(scenario)
    _, world = run_world(prepare(options), 5, options)
    reader = RecordReader()
    for record in world.journal.records:
        data = encode(record)
        read = reader.turn(data)
        assert isinstance(read, TurnRecord)
        assert encode(read) == data
        assert read.facts == record.facts
        assert read.commands == record.commands
        if not type(read.input).__name__.startswith("Opaque"):
            assert read == record


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode(["TurnRecord", 1, 2]),
        msgspec.msgpack.encode(["Other", 1, 2, None, [], [], 1]),
        msgspec.msgpack.encode(["TurnRecord", 1, 2, ["NoInput", 3], [], [], 1]),
        msgspec.msgpack.encode(["TurnRecord", 1, 2, None, [["OrderCanceled", "x"]], [], 1]),
        msgspec.msgpack.encode(
            ["TurnRecord", 1, 2, ["SettlementReport", "SIM-001", "A.B", "ten", 1, 1], [], [], 1]
        ),
        msgspec.msgpack.encode(
            ["TurnRecord", 1, 2, ["SettlementReport", "SIM-001", "A.B", 10, 1, 1], [], [], 1]
        ),
    ],
)
def test_bytes_that_are_no_turn_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(RecordError) as refusal:
        RecordReader().turn(data)
    assert str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_a_record_holds_is_written_in_one_way_only() -> None:
    """Numbers are whole, and the reader takes no other kind for them: what has been read is written
    as before, unless the text of a value differs. Only data whose type is the writer's are any."""
    kinds: dict[str, list[str]] = {}
    seen: set[type] = set()

    def walk(kind: Any, where: str) -> None:
        name = type(kind).__name__
        if isinstance(kind, StructType):
            if kind.cls not in seen:
                seen.add(kind.cls)
                for field in kind.fields:
                    walk(field.type, f"{kind.cls.__name__}.{field.name}")
        elif isinstance(kind, UnionType):
            for each in kind.types:
                walk(each, where)
        elif isinstance(kind, VarTupleType):
            walk(kind.item_type, where)
        else:
            kinds.setdefault(name, []).append(where)

    walk(type_info(record_reader._RECORD), "")
    assert len(seen) > 50
    assert kinds.pop("AnyType") == ["OpaqueCustomData.value", "OpaqueResponse.data"]
    assert set(kinds) <= {"IntType", "StrType", "BoolType", "NoneType", "EnumType", "CustomType"}


def test_a_text_that_is_not_its_values_own_is_noted() -> None:
    reader = TextReader(CURRENCIES)
    assert reader.read(Quantity, "1.50") == Quantity("1.50")
    assert not reader.rewords
    assert reader.read(Quantity, "01.50") == Quantity("1.50")
    assert reader.rewords


@given(
    st.from_regex(r"-?[0-9]{0,3}\.?[0-9]{0,9} (USD|BTC|JPY|XXX)", fullmatch=True)
    | st.text("0123456789.-+_e \u0661USD", max_size=12)
    | st.sampled_from(["17014118346046.00 USD", "17014118346047.00 USD", "-99999999999999.00 USD"])
)
def test_money_is_read_as_its_own_type_reads_it(text: str) -> None:
    def outcome(read: Callable[[], object]) -> tuple[object, ...]:
        try:
            money: Any = read()
        except ValueError as error:
            return type(error), str(error)
        return money.raw, money.currency

    known = TextReader(CURRENCIES)
    assert outcome(lambda: known.read(Money, text)) == outcome(lambda: Money.from_str(text))
