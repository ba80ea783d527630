"""Text to identifiers. An input is a byte that chooses the type, and the text."""

import pickle
from collections.abc import Callable, Mapping
from typing import Final

from engine.model.identifiers import (
    EXTERNAL,
    TRADE_ID_LENGTH_MAX,
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
from fuzz.oracle import accepted, agree, refused

Rule = Callable[[str], bool]


def check(data: bytes) -> None:
    if not data:
        return
    kind, rule = _RULES[data[0] % len(_RULES)]
    text = data[1:].decode("utf-8", "surrogateescape")
    what = f"{kind.__name__} of {text!r}"
    if not rule(text):
        refused(what, lambda: kind(text), ValueError)
        return
    ours = accepted(what, lambda: kind(text), ValueError)
    agree(what, (str(ours), hash(ours)), (text, hash(text)))
    agree(f"{what} there and back", kind(str(ours)), ours)
    agree(f"{what} pickled", repr(pickle.loads(pickle.dumps(ours))), repr(ours))
    _check_parts(ours, text)


def _check_parts(ours: Identifier, text: str) -> None:
    """The parts, laid together again, are the text; where it is cut is read out by hand."""
    if isinstance(ours, InstrumentId):
        cut = max(index for index, character in enumerate(text) if character == ".")
        agree(f"parts of {text!r}", (ours.symbol, ours.venue), (text[:cut], text[cut + 1 :]))
    elif isinstance(ours, TraderId):
        cut = max(index for index, character in enumerate(text) if character == "-")
        agree(f"parts of {text!r}", (ours.name, ours.tag), (text[:cut], text[cut + 1 :]))
    elif isinstance(ours, AccountId):
        cut = min(index for index, character in enumerate(text) if character == "-")
        agree(f"parts of {text!r}", (ours.issuer, ours.number), (text[:cut], text[cut + 1 :]))
    elif isinstance(ours, StrategyId):
        agree(f"tag of {text!r}", ours.tag, text.split("-")[-1])
    elif isinstance(ours, Symbol):
        agree(f"root of {text!r}", ours.root, text.split(".")[0])


# --- the rules, one by one ---------------------------------------------------------------------


def _is_filled(text: str) -> bool:
    return any(not character.isspace() for character in text)


def _is_ascii(text: str) -> bool:
    return _is_filled(text) and all(ord(character) < 128 for character in text)


def _is_unicode(text: str) -> bool:
    surrogates = range(0xD800, 0xE000)
    return _is_filled(text) and not any(ord(character) in surrogates for character in text)


def _is_plain(text: str) -> bool:
    """No topic wildcards."""
    return not any(character in "*?" for character in text)


def _is_component(text: str) -> bool:
    return _is_ascii(text) and _is_plain(text)


def _is_tagged(text: str) -> bool:
    *name, tag = text.split("-")
    return _is_component(text) and "-".join(name) != "" and tag != ""


def _is_strategy(text: str) -> bool:
    return text == EXTERNAL or _is_tagged(text)


def _is_account(text: str) -> bool:
    issuer, *number = text.split("-")
    return _is_component(text) and issuer != "" and "-".join(number) != ""


def _is_trade(text: str) -> bool:
    return _is_ascii(text) and len(text) <= TRADE_ID_LENGTH_MAX and chr(0) not in text


def _is_symbol(text: str) -> bool:
    return _is_unicode(text) and _is_plain(text)


def _is_venue(text: str) -> bool:
    return _is_component(text) and "." not in text


def _is_instrument(text: str) -> bool:
    *symbol, venue = text.split(".")
    return len(symbol) > 0 and _is_symbol(".".join(symbol)) and _is_venue(venue)


_RULES: Final[tuple[tuple[type[Identifier], Rule], ...]] = (
    (TraderId, _is_tagged),
    (StrategyId, _is_strategy),
    (AccountId, _is_account),
    (InstrumentId, _is_instrument),
    (Symbol, _is_symbol),
    (Venue, _is_venue),
    (TradeId, _is_trade),
    (PositionId, _is_unicode),
    (ComponentId, _is_component),
    (ActorId, _is_component),
    (ExecAlgorithmId, _is_component),
    (ClientId, _is_component),
    (ClientOrderId, _is_ascii),
    (VenueOrderId, _is_ascii),
    (OrderListId, _is_ascii),
)
_NUMBER_OF: Final = {kind: number for number, (kind, _) in enumerate(_RULES)}


def seeds() -> Mapping[str, bytes]:
    texts: tuple[tuple[str, type[Identifier], str], ...] = (
        ("trader", TraderId, "TRIAL-A-001"),
        ("trader-without-tag", TraderId, "TRIAL-"),
        ("strategy", StrategyId, "EMACross-007"),
        ("strategy-external", StrategyId, "EXTERNAL"),
        ("account", AccountId, "SIM-U-1"),
        ("account-without-issuer", AccountId, "-1"),
        ("instrument", InstrumentId, "BTC/USDT.SIM"),
        ("instrument-composite", InstrumentId, "ES.FUT.XCME"),
        ("instrument-without-venue", InstrumentId, "BTCUSDT."),
        ("instrument-without-dot", InstrumentId, "BTCUSDT"),
        ("symbol-unicode", Symbol, "東京-1"),
        ("symbol-wildcard", Symbol, "ES*"),
        ("venue", Venue, "SIM"),
        ("venue-with-dot", Venue, "S.IM"),
        ("trade-longest", TradeId, "T" * TRADE_ID_LENGTH_MAX),
        ("trade-too-long", TradeId, "T" * (TRADE_ID_LENGTH_MAX + 1)),
        ("trade-nul", TradeId, "T\0"),
        ("position", PositionId, "BTC/USDT.SIM-SIM-001-A-1"),
        ("component-blank", ComponentId, "  "),
        ("actor", ActorId, "Watcher"),
        ("client-order", ClientOrderId, "O-20231114-221320-001-001-0-1"),
        ("venue-order", VenueOrderId, "SIM-17"),
    )
    return {name: bytes((_NUMBER_OF[kind],)) + text.encode() for name, kind, text in texts}
