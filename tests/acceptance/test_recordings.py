"""Recorded data: behind the venue, and through a backtest."""

import json
from pathlib import Path

STRATEGIES = '''
from engine.model.enums import BUY
from engine.model.identifiers import InstrumentId
from engine.model.values import Quantity
from engine.strategy import Strategy, StrategyConfig


class OnceConfig(StrategyConfig, frozen=True, kw_only=True):
    instrument_id: InstrumentId
    size: str = "1"


class Once(Strategy):
    """Buys at the first trade."""

    done = False

    def __init__(self, config: OnceConfig) -> None:
        super().__init__(config)

    def on_start(self):
        self.subscribe_trade_ticks(self.config.instrument_id)

    def on_trade_tick(self, tick):
        if not self.done:
            self.done = True
            self.submit_order(self.order_factory.market(
                self.config.instrument_id, BUY, Quantity(self.config.size)))


def for_instrument(instrument_id):
    return Once(OnceConfig(instrument_id=instrument_id, size="2"))


class Idle(Strategy):
    pass


class Needy(Strategy):
    def __init__(self, config: "NeedyConfig") -> None:
        super().__init__(config)


class NeedyConfig(StrategyConfig, frozen=True, kw_only=True):
    instrument_id: InstrumentId
    edge: str


class Raising(Once):
    def on_trade_tick(self, tick):
        raise RuntimeError("what now")
'''


def test_a_recording_behind_the_venue_is_traded_through_a_storm(
    shell, quotes: Path, trades: Path, tmp_path: Path
) -> None:
    files = ("--market", quotes.name, "--market", trades.name)
    said = shell("run", *files, "--seeds", "10", "--json", "o.json")
    assert said.code == 0, said
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["counts"]["fills"] > 20
    token = found["results"][0]["token"]
    assert "[market=" in token
    again = shell("replay", token, *files)
    assert again.digest == found["results"][0]["digest"]


def test_a_token_on_a_recording_wants_the_very_same_files(
    shell, refused, quotes: Path, trades: Path, tmp_path: Path
) -> None:
    shell("run", "--market", quotes.name, "--seeds", "1", "--json", "o.json")
    token = json.loads((tmp_path / "o.json").read_text())["results"][0]["token"]
    assert "give it with --market" in refused("replay", token)
    assert "give the same files" in refused("replay", token, "--market", trades.name)
    quotes.write_text(quotes.read_text().replace("2.0000", "2.0001", 1))
    assert "give the same files" in refused("replay", token, "--market", quotes.name)


def test_a_bundle_remembers_its_recording_until_the_file_is_gone(
    shell, refused, quotes: Path
) -> None:
    bug = "fill-named-by-query-time"
    said = shell("run", "--market", quotes.name, "--bug", bug, "--seeds", "12")
    assert said.code == 1, said
    assert shell("replay", said.bundle).code == 1
    moved = quotes.rename(quotes.with_name("elsewhere_btcusdt.csv"))
    assert "give it with --market" in refused("replay", said.bundle)
    assert shell("replay", said.bundle, "--market", moved.name).code == 1


def test_a_recording_without_a_pair_in_its_name_is_of_the_scenarios_instrument(
    shell, quotes: Path
) -> None:
    quotes.rename(quotes.with_name("quotes.csv"))
    assert shell("run", "--market", "quotes.csv", "--seeds", "2").code == 0


def test_the_real_recordings_behind_the_venue_hold_every_property(
    shell, recorded: Path, tmp_path: Path
) -> None:
    files = [recorded / f"binance_btcusdt_{kind}_20210108.csv" for kind in ("quotes", "trades")]
    said = shell("run", "--market", files[0], "--market", files[1], "--seeds", "50", "--json", "o")
    assert said.code == 0, said
    found = json.loads((tmp_path / "o").read_text())
    assert found["passed"] == 50
    assert found["counts"]["fills"] >= 200
    assert len([kind for kind, count in found["faults"].items() if count]) >= 8
    assert found["never_fired"] == []


def test_a_backtest_prints_orders_fills_position_and_account(
    shell, quotes: Path, trades: Path, tmp_path: Path
) -> None:
    files = ("--quotes", quotes.name, "--trades", trades.name)
    said = shell("backtest", *files, "--json", "out.json")
    assert said.code == 0, said
    assert said.err == ""
    for title in ("orders", "fills", "position", "account"):
        assert f"\n{title}" in said.out
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["instrument"] == "BTC/USDT.SIM"
    assert found["counts"]["data"] == 300
    assert found["counts"]["orders"] == len(found["orders"]) > 2
    assert found["counts"]["fills"] == len(found["fills"]) > 2
    assert [p["id"] for p in found["positions"]] == ["BTC/USDT.SIM-SIM-001-EMACross-000"]
    assert [balance["currency"] for balance in found["account"]] == ["BTC", "USDT"]


def test_a_backtest_is_the_same_every_time(shell, quotes: Path) -> None:
    first, second = (shell("backtest", "--quotes", quotes.name) for _ in range(2))
    assert first == second


def test_the_money_of_a_backtest_is_the_money_of_its_fills(
    shell, quotes: Path, trades: Path, tmp_path: Path
) -> None:
    shell("backtest", "--quotes", quotes.name, "--trades", trades.name, "--json", "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    spent = sum(
        (1 if fill["side"] == "BUY" else -1)
        * int(fill["quantity"].replace(".", ""))
        * int(fill["price"].replace(".", ""))
        for fill in found["fills"]
    )
    total = next(b["total"] for b in found["account"] if b["currency"] == "USDT").split()[0]
    # quantities have four decimals, prices two, balances eight
    assert int(total.replace(".", "")) == 10_000_000 * 10**8 - spent * 100


def test_the_instrument_may_be_named(shell, trades: Path, tmp_path: Path) -> None:
    trades.rename(tmp_path / "tape.csv")
    said = shell("backtest", "--trades", "tape.csv", "--instrument", "ETH/EUR.KRAKEN")
    assert said.code == 0, said
    assert "ETH/EUR.KRAKEN" in said.out
    assert "1000000.00 EUR" in said.out


INSTRUMENTS = """
from engine.model.currencies import BTC, USDT
from seatrial import CryptoPerpetual, InstrumentId, Price, Quantity

def swap(size="0.0001"):
    return CryptoPerpetual(
        id=InstrumentId("BTCUSDT-PERP.SIM"), base_currency=BTC, quote_currency=USDT,
        price_increment=Price("0.01"), size_increment=Quantity(size),
        margin_init="0.05", margin_maint="0.025")

def coarse():
    return swap("0.001")
"""


def test_the_instrument_may_be_made_by_a_function_and_is_traded_on_margin(
    shell, refused, quotes: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(INSTRUMENTS)
    said = shell("backtest", "--quotes", quotes.name, "--instrument", "mine:swap")
    assert said.code == 0, said
    assert "BTCUSDT-PERP.SIM" in said.out
    assert "\nBTC " not in said.out  # a margin account holds no bitcoin
    line = refused("backtest", "--quotes", quotes.name, "--instrument", "mine:coarse")
    assert "3 of size, the recording 2 and 4" in line


def test_a_strategy_is_built_from_its_config_from_an_id_or_from_nothing(
    shell, trades: Path, quotes: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(STRATEGIES)
    files = ("--quotes", quotes.name, "--trades", trades.name)
    for name, bought in (("Once", "1"), ("for_instrument", "2"), ("Idle", None)):
        said = shell("backtest", *files, "--strategy", f"mine:{name}", "--json", "out.json")
        assert said.code == 0, said
        orders = json.loads((tmp_path / "out.json").read_text())["orders"]
        assert [order["quantity"] for order in orders] == ([] if bought is None else [bought])


def test_a_strategy_that_needs_more_than_an_instrument_is_refused(
    refused, trades: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(STRATEGIES)
    line = refused("backtest", "--trades", trades.name, "--strategy", "mine:Needy")
    assert "mine:Needy" in line
    assert "edge" in line


def test_a_strategy_that_raises_ends_its_backtest_as_a_violation(
    shell, trades: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(STRATEGIES)
    said = shell("backtest", "--trades", trades.name, "--strategy", "mine:Raising")
    assert said.code == 1
    assert "VIOLATION(KRN-1) Raising-000: RuntimeError" in said.out
    assert "what now" in said.out


def test_long_tables_are_summarised(shell, recorded: Path) -> None:
    said = shell("backtest", "--quotes", recorded / "fx_eurusd_quotes_20200101.csv")
    assert said.code == 0, said
    assert "EUR/USD.SIM: 9500 data" in said.out
    assert " more" in said.out
    assert said.out.count("\n") < 50


def test_the_lists_of_scenarios_and_properties_are_printed(shell) -> None:
    scenarios = shell("scenarios")
    assert scenarios.code == 0
    for name in ("default", "perpetual", "calm"):
        assert f"\n{name}  " in f"\n{scenarios.out}"
    invariants = shell("invariants")
    assert invariants.code == 0
    for property_id in ("FIL-1", "ORD-4", "KRN-1", "DET-1", "fill-before-accept"):
        assert property_id in invariants.out
    assert "nothing yet" not in invariants.out  # every property has a bug that trips it


def test_a_real_book_by_price_behind_the_venue_and_through_a_backtest(
    shell, recorded: Path, tmp_path: Path
) -> None:
    depth = recorded / "bybit_xrpusdt_ob500_20241201.jsonl"
    said = shell("run", "--market", depth, "--seeds", "10", "--json", "run.json")
    assert said.code == 0, said
    assert json.loads((tmp_path / "run.json").read_text())["counts"]["fills"] > 50
    said = shell("backtest", "--depth", depth, "--json", "backtest.json")
    assert said.code == 0, said
    report = json.loads((tmp_path / "backtest.json").read_text())
    assert report["instrument"] == "XRP/USDT.SIM"
    # the example's order is larger than the best level and walks into the next
    assert len({fill["price"] for fill in report["fills"]}) > 1


def test_a_real_market_by_order_behind_the_venue_holds_every_property(
    shell, recorded: Path, tmp_path: Path
) -> None:
    market = recorded / "cme_esh4_mbo_20231225_part1.csv.gz"
    said = shell("run", "--market", market, "--seeds", "2", "--json", "run.json")
    assert said.code == 0, said
    found = json.loads((tmp_path / "run.json").read_text())
    assert found["counts"]["fills"] > 20
    assert found["counts"]["turns"] > 20_000


def test_a_recording_of_another_kind_than_its_option_says_is_refused(
    shell, refused, quotes: Path
) -> None:
    assert "holds quotes" in refused("backtest", "--depth", quotes.name)
