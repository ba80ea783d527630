"""A user's module in a user's folder: their strategy, their property, their mistakes."""

from pathlib import Path

import pytest

MODULE = """
from seatrial import (
    CATALOGUE, STORMY, InstrumentId, CurrencyPair, Price, Quantity, Scenario, SeededMarket,
    Strategy, Venue, Violation, Workload, always, currency,
)

BTCUSDT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"), base_currency=currency("BTC"),
    quote_currency=currency("USDT"), price_increment=Price("0.01"),
    size_increment=Quantity("0.00001"),
)


@always("MM-1", "Inventory never exceeds a thousandth of a bitcoin.")
def inventory_is_capped(view):
    for position in view.positions_touched():
        if abs(position.signed_qty) * 1000 > 1:
            yield Violation(position.id, f"holds {position.signed_qty}")


def scenario(*strategies, **changes):
    parts = dict(
        venues=[Venue("SIM", instruments=[BTCUSDT])], market=SeededMarket(), faults=STORMY,
        strategies=strategies, properties=CATALOGUE, active="20s",
    )
    return Scenario(**(parts | changes))


class Buyer(Strategy):
    bought = False

    def on_start(self):
        self.subscribe_quote_ticks(BTCUSDT.id)

    def on_quote_tick(self, tick):
        if not self.bought:
            self.bought = True
            order = self.order_factory.market(BTCUSDT.id, tick_side(), Quantity("0.02000"))
            self.submit_order(order)


def tick_side():
    from engine.model.enums import BUY
    return BUY


class Raising(Buyer):
    def on_quote_tick(self, tick):
        raise LookupError(f"no plan for {tick.bid_price}")


class Chatty(Buyer):
    def on_quote_tick(self, tick):
        print("a quote!", flush=True)


class Ambient(Buyer):
    def on_quote_tick(self, tick):
        import random
        import time
        if random.random() < time.time() % 1:
            super().on_quote_tick(tick)


class Leaving(Buyer):
    def on_quote_tick(self, tick):
        raise SystemExit(0)


class Killing(Buyer):
    def on_quote_tick(self, tick):
        import os
        os._exit(0)


SEEN = []


class Remembering(Buyer):
    def on_quote_tick(self, tick):
        SEEN.append(tick)  # in the module: the next run of the process finds it there
        if len(SEEN) % 100 == 0:
            super().on_quote_tick(tick)


@always("MM-2", "This property cannot be judged.")
def unjudgeable(view):
    raise ArithmeticError("the property itself is wrong")
    yield


def buyer(): return scenario(Buyer)
def capped(): return scenario(workload=Workload(), properties=[*CATALOGUE, inventory_is_capped])
def raising(): return scenario(Raising)
def chatty(): return scenario(Chatty)
def ambient(): return scenario(Ambient)
def remembering(): return scenario(Remembering)
def leaving(): return scenario(Leaving)
def killing(): return scenario(Killing)
def wrong_property(): return scenario(Buyer, properties=[unjudgeable])
def nobody(): return scenario()
def zero_active(): return scenario(Buyer, active="0s")
def short_quiet(): return scenario(Buyer, quiet="5s")
def same_id_twice(): return scenario(Buyer, properties=[unjudgeable, unjudgeable])
def no_strategy(): return scenario(lambda: "a string")
def broken_maker(): return scenario(lambda: 1 / 0)
def elsewhere(): return scenario(Buyer, venues=[Venue("OTHER", instruments=[BTCUSDT])])
def bad_balance():
    return scenario(Buyer, venues=[Venue("SIM", instruments=[BTCUSDT], balances={"BTC": "lots"})])
def misspelt(): return Scenario(venus=[])
def not_one(): return 42
def failing(): raise OSError("no\\ndisk")
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MODULE)
    return path


def test_ones_own_strategy_runs_unmodified(shell) -> None:
    said = shell("run", "mine:buyer", "--seeds", "6")
    assert said.code == 0, said
    assert "mine:buyer: 6 passed" in said.out


def test_ones_own_property_of_three_lines_fails_with_its_evidence(shell) -> None:
    said = shell("run", "mine:capped", "--seeds", "3")
    assert said.code == 1, said
    assert "VIOLATION(MM-1)" in said.out
    assert "holds" in said.out
    again = shell("replay", said.token)
    assert again.code == 1
    assert "VIOLATION(MM-1)" in again.out


def test_a_strategy_that_raises_is_a_violation_with_its_traceback(shell) -> None:
    said = shell("run", "mine:raising", "--seeds", "3")
    assert said.code == 1, said
    assert "VIOLATION(KRN-1) Raising-000: LookupError while handling QuoteTick" in said.out
    assert 'mine.py", line' in said.out
    assert "LookupError: no plan for " in said.out
    assert "kernel.py" not in said.out  # how we came to call it is no news to its author
    for named in (said.token, said.bundle):
        again = shell("replay", named)
        assert again.code == 1
        assert "LookupError: no plan for " in again.out
        assert 'mine.py", line' in again.out


def test_the_words_of_an_exception_are_no_part_of_the_digest(shell, module: Path) -> None:
    before = shell("replay", "mine:raising@1")
    module.write_text(MODULE.replace("no plan for", "nothing to do about"))
    after = shell("replay", "mine:raising@1")
    assert "nothing to do about" in after.out
    assert after.digest == before.digest


def test_a_changed_module_changes_the_code_of_the_token(shell, module: Path) -> None:
    token = shell("run", "mine:raising", "--seeds", "1").token
    assert "the code differs" not in shell("replay", token).out
    module.write_text(MODULE + "\n# touched\n")
    assert "the code differs" in shell("replay", token).out


def test_a_module_that_the_scenario_imports_counts_as_code_too(shell, tmp_path: Path) -> None:
    (tmp_path / "numbers_of_mine.py").write_text("SIZE = '0.02000'\n")
    (tmp_path / "mine.py").write_text("import numbers_of_mine\n" + MODULE)
    token = shell("run", "mine:raising", "--seeds", "1").token
    (tmp_path / "numbers_of_mine.py").write_text("SIZE = '0.03000'\n")
    assert "the code differs" in shell("replay", token).out


def test_what_a_strategy_prints_reaches_the_terminal_and_harms_nothing(shell) -> None:
    said = shell("run", "mine:chatty", "--seeds", "3")
    assert said.code == 0, said
    assert "a quote!" in said.err
    assert "a quote!" not in said.out


def test_ambient_time_and_chance_are_answered_the_same_every_time_and_noted(shell) -> None:
    said = shell("run", "mine:ambient", "--seeds", "4", "--twice")
    assert said.code == 0, said
    assert "note: time.time at mine:" in said.out
    assert "note: random.random at mine:" in said.out


def test_a_strategy_that_remembers_earlier_runs_is_nondeterminism(shell) -> None:
    said = shell("run", "mine:remembering", "--seeds", "24", "--jobs", "2", "--twice")
    assert said.code == 3, said
    assert "NONDETERMINISM(DET-1)" in said.out
    assert "it depends on what ran before in the process" in said.out


def test_a_strategy_that_leaves_the_process_ends_its_run_only(shell) -> None:
    said = shell("run", "mine:leaving", "--seeds", "3")
    assert said.code == 1, said
    assert "VIOLATION(KRN-1)" in said.out
    assert "SystemExit" in said.out


def test_a_worker_that_dies_is_a_failure_of_the_harness(shell) -> None:
    said = shell("run", "mine:killing", "--seeds", "3")
    assert said.code == 4
    assert said.err.startswith("seatrial: the harness failed: a worker ended early at seed 0")
    assert shell("replay", "mine:killing@0").code == 4


def test_a_property_that_raises_is_an_error_and_never_a_pass(shell) -> None:
    said = shell("run", "mine:wrong_property", "--seeds", "2")
    assert said.code == 4, said
    assert "ERROR mine.py:" in said.out
    assert "ArithmeticError: the property itself is wrong" in said.out
    assert shell("replay", said.token).code == 4


def test_a_property_of_ones_own_is_not_owed_what_its_scenario_cannot_show(shell) -> None:
    # the catalogue's probes are declared for the random workload, not for one lone buyer
    assert shell("run", "mine:buyer", "--faults", "calm", "--seeds", "60").code == 0
    assert shell("run", "mine:buyer", "--seeds", "60").code == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mine:nobody", "needs a strategy or a workload"),
        ("mine:zero_active", "duration '0s'"),
        ("mine:short_quiet", "quiet '5s': at least 30s"),
        ("mine:same_id_twice", "MM-2 stated more than once"),
        ("mine:no_strategy", "made 'a string'"),
        ("mine:broken_maker", "ZeroDivisionError: division by zero (mine.py:"),
        ("mine:elsewhere", "BTC/USDT.SIM cannot be listed at venue OTHER"),
        ("mine:bad_balance", "'lots'"),
        ("mine:misspelt", "'venus' (mine.py:"),
        ("mine:not_one", "returned no Scenario"),
        ("mine:failing", "raised OSError: no disk (mine.py:"),
        ("mine:BTCUSDT", "no function 'BTCUSDT'"),
        ("mine:absent", "no function 'absent'"),
        ("absent:scenario", "no module 'absent' here"),
        ("needy:f", "needy imports 'absent', which is not installed"),
        ("unreadable:f", "SyntaxError"),
        (
            "dividing:f",
            "importing dividing raised ZeroDivisionError: division by zero (dividing.py:2",
        ),
        ("leaving:f", "importing leaving raised SystemExit"),
        ("mine:", "write MODULE:NAME"),
        (":mine", "write MODULE:NAME"),
        ("../mine:buyer", "write MODULE:NAME"),
        ("mine", "use one of default, perpetual, calm, listening"),
        ("", "use one of default"),
    ],
)
def test_a_scenario_that_cannot_be_is_told_in_one_line(
    refused, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "needy.py").write_text("import absent\n")
    (tmp_path / "unreadable.py").write_text("def f(:\n")
    (tmp_path / "dividing.py").write_text("\nX = 1 / 0\n")
    (tmp_path / "leaving.py").write_text("raise SystemExit('bye')\n")
    assert told in refused("run", name, "--seeds", "2", "--json", "out.json")


@pytest.mark.parametrize("name", ["mine:broken_maker", "mine:failing", "absent:scenario"])
def test_a_replay_of_a_scenario_that_cannot_be_is_refused_in_the_same_words(
    refused, name: str
) -> None:
    assert refused("replay", f"{name}@1") == refused("run", name)


def test_a_folder_that_hides_ours_is_named(shell, tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("")
    said = shell("run", "--seeds", "1", PYTHONPATH=str(tmp_path))
    assert said.code == 2
    assert said.err.startswith("seatrial: your ./engine hides seatrial's")
    assert said.out == ""
