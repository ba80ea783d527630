import copy
import pickle

import msgspec
import pytest

from engine.model.identifiers import (
    AccountId,
    ActorId,
    ClientId,
    ClientOrderId,
    ComponentId,
    ExecAlgorithmId,
    Identifier,
    InstrumentId,
    OrderListId,
    PositionId,
    StrategyId,
    Symbol,
    TradeId,
    TraderId,
    Venue,
    VenueOrderId,
)

ALL: tuple[tuple[type[Identifier], str], ...] = (
    (TraderId, "TESTER-001"),
    (StrategyId, "EMA-1"),
    (AccountId, "SIM-001"),
    (ClientOrderId, "O-1"),
    (VenueOrderId, "V 1"),
    (PositionId, "P-1"),
    (TradeId, "T-1"),
    (Symbol, "BTC/USDT"),
    (Venue, "SIM"),
    (InstrumentId, "BTC/USDT.SIM"),
    (ClientId, "SIM"),
    (ComponentId, "Engine"),
    (ActorId, "Actor"),
    (OrderListId, "OL-1"),
    (ExecAlgorithmId, "TWAP"),
)
ASCII_ONLY = tuple(kind for kind, _ in ALL if kind not in (PositionId, Symbol, InstrumentId))


@pytest.mark.parametrize(("kind", "text"), ALL)
def test_an_identifier_is_its_text(kind: type[Identifier], text: str) -> None:
    identifier = kind(text)
    assert identifier == text
    assert hash(identifier) == hash(text)
    assert {text: 1}[identifier] == 1
    assert f"{identifier}" == str(identifier) == text
    assert type(str(identifier)) is str
    assert repr(identifier) == f"{kind.__name__}('{text}')"
    assert msgspec.json.encode(identifier, enc_hook=str) == msgspec.json.encode(text)


@pytest.mark.parametrize(("kind", "text"), ALL)
def test_an_identifier_cannot_be_changed_and_survives_copies(
    kind: type[Identifier], text: str
) -> None:
    identifier = kind(text)
    with pytest.raises(AttributeError):
        identifier.other = 1  # type: ignore[attr-defined]
    for twin in (copy.copy(identifier), copy.deepcopy(identifier)):
        assert (twin, type(twin)) == (identifier, kind)
    twin = pickle.loads(pickle.dumps(identifier))
    assert (twin, type(twin)) == (identifier, kind)


@pytest.mark.parametrize("kind", [kind for kind, _ in ALL])
def test_wrong_types_and_blank_texts_are_refused(kind: type[Identifier]) -> None:
    for wrong in (None, 1, b"A-1", 1.0):
        with pytest.raises(TypeError):
            kind(wrong)  # type: ignore[arg-type]
    for blank in ("", " ", "\t\n"):
        with pytest.raises(ValueError):
            kind(blank)


@pytest.mark.parametrize("kind", ASCII_ONLY)
def test_an_ascii_identifier_refuses_other_characters(kind: type[Identifier]) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        kind("É-1")


@pytest.mark.parametrize("text", ["A", "A-", "-1", "-"])
def test_trader_and_strategy_ids_need_name_and_tag(text: str) -> None:
    for kind in (TraderId, StrategyId):
        with pytest.raises(ValueError, match="NAME-TAG"):
            kind(text)


def test_trader_and_strategy_ids_split_at_the_last_hyphen() -> None:
    assert (TraderId("A-B-1").name, TraderId("A-B-1").tag) == ("A-B", "1")
    assert StrategyId("EMA-X-7").tag == "7"


def test_the_external_strategy_needs_no_tag() -> None:
    assert StrategyId("EXTERNAL").is_external
    assert StrategyId("EXTERNAL").tag == "EXTERNAL"
    assert not StrategyId("EMA-1").is_external
    with pytest.raises(ValueError):
        TraderId("EXTERNAL")


def test_account_ids_split_once_at_the_first_hyphen() -> None:
    account = AccountId("IB-U-1")
    assert (account.issuer, account.number) == ("IB", "U-1")
    for text in ("A", "-1", "A-"):
        with pytest.raises(ValueError, match="ISSUER-NUMBER"):
            AccountId(text)


def test_a_trade_id_has_1_to_36_characters_and_no_nul() -> None:
    assert len(TradeId("x" * 36)) == 36
    with pytest.raises(ValueError, match="36"):
        TradeId("x" * 37)
    with pytest.raises(ValueError, match="NUL"):
        TradeId("a\0b")


def test_a_position_is_virtual_by_its_prefix() -> None:
    assert PositionId("P-2024").is_virtual
    assert not PositionId("BTC.SIM-EMA-1").is_virtual


def test_a_symbol_with_a_dot_is_composite() -> None:
    future = Symbol("ES.FUT.Z4")
    assert (future.is_composite, future.root, future.topic) == (True, "ES", "ES*")
    plain = Symbol("BTC-PERP")
    assert (plain.is_composite, plain.root, plain.topic) == (False, "BTC-PERP", "BTC-PERP")
    assert Symbol("ÄÖ") == "ÄÖ"


@pytest.mark.parametrize("wildcard", ["*", "?"])
def test_names_inside_topics_refuse_the_wildcards(wildcard: str) -> None:
    for make in (
        lambda: Symbol(f"BTC{wildcard}"),
        lambda: Venue(f"SIM{wildcard}"),
        lambda: InstrumentId(f"B{wildcard}.SIM"),
        lambda: StrategyId(f"A{wildcard}-1"),
        lambda: AccountId(f"A{wildcard}-1"),
        lambda: TraderId(f"A{wildcard}-1"),
        lambda: ComponentId(f"A{wildcard}"),
        lambda: ActorId(f"A{wildcard}"),
    ):
        with pytest.raises(ValueError, match="wildcards"):
            make()


def test_an_instrument_id_splits_at_the_last_dot() -> None:
    instrument_id = InstrumentId("A.B.C")
    assert (instrument_id.symbol, instrument_id.venue) == ("A.B", "C")
    assert type(instrument_id.symbol) is Symbol
    assert type(instrument_id.venue) is Venue
    assert InstrumentId.of("BTC/USDT", "SIM") == InstrumentId("BTC/USDT.SIM")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AAPL", "missing '.'"),
        (".X", "Symbol"),
        ("A.", "Venue"),
        ("A.É", "ASCII"),
        (" .X", "blank"),
    ],
)
def test_an_instrument_id_of_another_shape_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        InstrumentId(text)


def test_the_parts_of_an_instrument_id_cannot_be_changed() -> None:
    instrument_id = InstrumentId("BTC/USDT.SIM")
    with pytest.raises(AttributeError):
        instrument_id.venue = Venue("X")
    with pytest.raises(AttributeError):
        del instrument_id.symbol
    assert pickle.loads(pickle.dumps(instrument_id)).venue == "SIM"


def test_text_that_no_wire_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        Symbol("A\ud800")


def test_venue_refuses_a_dot_and_knows_the_synthetic_one() -> None:
    assert Venue("SYNTH").is_synthetic
    with pytest.raises(ValueError, match="dot"):
        Venue("A.B")


def test_strategies_and_actors_are_components() -> None:
    for identifier in (StrategyId("A-1"), ActorId("A"), ExecAlgorithmId("TWAP"), ClientId("SIM")):
        assert isinstance(identifier, ComponentId)
