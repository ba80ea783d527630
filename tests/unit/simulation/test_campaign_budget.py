"""A campaign that is stopped, divided or taken up again says what it did, and does nothing twice."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from seatrial.commands import UsageError
from seatrial.commands.campaign import Window
from simulation.campaign import Campaign, Spec, causes_of, run_campaign
from simulation.executors import Here, Workers
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.run import named
from simulation.seed_lines import ResumeError, SeedLines, read
from simulation.token import SEED_LIMIT
from simulation.worker import Chunk, Line, Task

CALM = RunOptions("calm")


def ignore(_: object) -> None:
    pass


# --- budget -------------------------------------------------------------------------------------


class Clockwork:
    """Makes runs that cost a second each, of a clock of its own."""

    chunk = 2

    def __init__(self) -> None:
        self.now_ns = 0
        self.passes: list[tuple[str, list[int]]] = []

    def run(self, task: Task, hash_seed: str, chunks: object, hear: Callable[[Line], None]) -> None:
        made: list[int] = []
        for chunk in chunks:  # type: ignore[attr-defined]
            for seed, near in chunk.runs:
                self.now_ns += 1_000_000_000
                made.append(seed)
                token = str(task.options.token(seed))
                hear(Line(Outcome("calm", seed, Verdict.PASS, "d", 1, token), 1, near))
        self.passes.append((hash_seed, made))


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    made = Clockwork()
    monkeypatch.setattr(time, "monotonic_ns", lambda: made.now_ns)
    return made


def within(clockwork: Clockwork, seconds: int, **spec: object) -> Campaign:
    asked = Spec(CALM, 1 << 40, budget_ns=seconds * 1_000_000_000)
    asked = msgspec.structs.replace(asked, **spec)  # type: ignore[arg-type]
    return run_campaign(asked, ignore, executor=clockwork)


def test_a_spent_budget_hands_out_no_more_and_what_was_handed_out_counts(
    clockwork: Clockwork,
) -> None:
    found = within(clockwork, 5)
    assert [outcome.seed for outcome in found.results] == [0, 1, 2, 3, 4, 5]
    assert found.seeds == found.passed == 6
    assert found.exit_code == 0


def test_a_budget_that_ends_before_the_minimum_is_inconclusive_and_says_by_how_many(
    clockwork: Clockwork,
) -> None:
    assert within(clockwork, 5, seeds_min=6).exit_code == 0
    found = within(clockwork, 5, seeds_min=9)
    assert found.exit_code == 5
    assert found.shortcomings == ["the budget ran out 3 seeds before the minimum"]


def test_half_of_a_budget_is_for_the_second_pass_which_makes_what_the_first_made(
    clockwork: Clockwork,
) -> None:
    within(clockwork, 8, twice=True)
    assert clockwork.passes == [("0", [0, 1, 2, 3]), ("1", [3, 2, 1, 0])]


def test_a_window_that_ends_before_its_budget_is_whole(clockwork: Clockwork) -> None:
    found = within(clockwork, 100, seeds=3, seeds_min=3)
    assert (found.seeds, found.exit_code) == (3, 0)


# --- windows ------------------------------------------------------------------------------------


def seeds_of(window: Window) -> range:
    spec = window.applied(Spec(CALM, 1))
    return range(spec.first_seed, spec.first_seed + spec.seeds)


@pytest.mark.parametrize("parts", [1, 3, 7, 100])
def test_the_shards_of_a_window_are_the_window_each_seed_once(parts: int) -> None:
    shards = [seeds_of(Window(100, 50, shard=f"{i}/{parts}")) for i in range(1, parts + 1)]
    assert [seed for shard in shards for seed in shard] == list(range(50, 150))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_windows_of_one_size_share_no_seed() -> None:
    windows = [seeds_of(Window(100, 7, number)) for number in range(5)]
    assert [seed for window in windows for seed in window] == list(range(7, 507))
    endless = [seeds_of(Window(None, 0, number, budget="1s")) for number in range(3)]
    assert endless[0].stop == endless[1].start
    assert endless[1].stop == endless[2].start


def test_with_a_budget_the_minimum_is_what_was_asked_for_or_one() -> None:
    def least(window: Window) -> int:
        return window.applied(Spec(CALM, 1)).seeds_min

    assert least(Window(budget="1s")) == 1
    assert least(Window(80, budget="1s")) == 80
    assert least(Window(80, budget="1s", shard="2/4")) == 20
    assert least(Window(80, budget="1s", seeds_min=5)) == 5


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Window(0), "--seeds 0"),
        (Window(5, -1), "--first-seed -1"),
        (Window(5, SEED_LIMIT - 4), "2\\*\\*63"),
        (Window(5, 0, -1), "--window -1"),
        (Window(5, 0, SEED_LIMIT), "--window"),
        (Window(5, shard="0/2"), "--shard 0/2"),
        (Window(5, shard="3/2"), "--shard 3/2"),
        (Window(5, shard="1"), "--shard 1"),
        (Window(1, shard="1/2"), "too few"),
        (Window(5, seeds_min=3), "without --budget"),
        (Window(5, budget="1s", seeds_min=6), "--min-seeds 6"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_by_its_option(window: Window, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        window.applied(Spec(CALM, 1))


# --- lines, and going on ------------------------------------------------------------------------


def campaign(path: Path, *, seeds: int = 6, twice: bool = False, guided: bool = False) -> Campaign:
    """A campaign that goes on from `path`."""
    spec = Spec(named(CALM), seeds, jobs=2, twice=twice, guided=guided)
    done = read(path, spec.options, twice)
    with closing(SeedLines(path, twice, keep=True)) as lines:
        return run_campaign(spec, ignore, done=done, on_line=lines.write)


def without_times(found: Campaign) -> Campaign:
    return msgspec.structs.replace(found, seconds=0.0, cpu_seconds=0.0)


@pytest.mark.parametrize("how", [{}, {"guided": True}])
def test_a_campaign_that_goes_on_makes_what_is_missing_and_is_the_whole_one(
    tmp_path: Path, how: dict[str, bool]
) -> None:
    path = tmp_path / "runs.jsonl"
    whole = campaign(path, **how)  # type: ignore[arg-type]
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == len(whole.outcomes)
    kept = lines[::2]
    path.write_bytes(b"".join(kept) + lines[1][:40])  # killed while it wrote
    again = campaign(path, **how)  # type: ignore[arg-type]
    assert without_times(again) == without_times(whole)
    rewritten = path.read_bytes().splitlines(keepends=True)
    assert rewritten[: len(kept)] == kept
    assert sorted(json.loads(text)["token"] for text in rewritten) == sorted(
        outcome.token for outcome in whole.outcomes
    )


@pytest.mark.parametrize("guided", [False, True])
def test_a_campaign_that_runs_twice_goes_on_from_what_it_made_once(
    tmp_path: Path, guided: bool
) -> None:
    path = tmp_path / "runs.jsonl"
    whole = campaign(path, twice=True, guided=guided)
    lines = path.read_bytes().splitlines(keepends=True)
    firsts = [text for text in lines if json.loads(text)["half"]]
    assert len(lines) == 2 * len(firsts) == 2 * len(whole.outcomes)
    first = json.loads(firsts[0])["token"]
    both = [text for text in lines if text not in firsts and json.loads(text)["token"] == first]
    kept = [*firsts[:4], *both]  # some made once, one of them twice, some not at all
    path.write_bytes(b"".join(kept))
    again = campaign(path, twice=True, guided=guided)
    assert without_times(again) == without_times(whole)
    rewritten = path.read_bytes().splitlines(keepends=True)
    assert rewritten[: len(kept)] == kept
    rows = [json.loads(text) for text in rewritten]
    for half in (True, False):
        tokens = [row["token"] for row in rows if row["half"] is half]
        assert sorted(tokens) == sorted(outcome.token for outcome in whole.outcomes)


def test_what_was_made_once_is_made_once_more_and_compared(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    campaign(path, seeds=2, twice=True)
    firsts = [row for row in map(json.loads, path.read_text().splitlines()) if row["half"]]
    firsts[0]["digest"] = "0" * 64
    path.write_text("".join(json.dumps(row) + "\n" for row in firsts))
    told: list[int] = []
    spec = Spec(named(CALM), 2, twice=True)
    done = read(path, spec.options, True)
    again = run_campaign(spec, lambda outcome: told.append(outcome.seed), done=done)
    assert sorted(told) == [0, 1]
    differing = [each.seed for each in again.results if each.verdict is Verdict.NONDETERMINISM]
    assert differing == [firsts[0]["seed"]]


def test_a_campaign_that_is_whole_makes_no_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    whole = campaign(path)
    before = path.read_bytes()
    done = read(path, named(CALM), False)
    again = run_campaign(
        Spec(named(CALM), 6, launcher=("/no/such/program",)), pytest.fail, done=done
    )
    assert again.results == whole.results
    assert path.read_bytes() == before


def test_a_line_holds_what_the_json_of_a_result_holds(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    whole = campaign(path, seeds=2)
    told = {row["seed"]: row for row in map(json.loads, path.read_text().splitlines())}
    for outcome in whole.results:
        row = told[outcome.seed]
        assert row["cpu_ns"] > 0
        assert row["digest"] == outcome.digest
        assert {**row, **json.loads(msgspec.json.encode(outcome))} == row


@pytest.mark.parametrize(
    ("options", "twice", "said"),
    [
        (RunOptions("default"), False, "begin another file"),
        (RunOptions("calm", faults="flaky"), False, "begin another file"),
        (RunOptions("calm", schedule="pct"), False, "begin another file"),
        (CALM, True, "without --twice"),
    ],
)
def test_the_lines_of_another_campaign_are_refused(
    tmp_path: Path, options: RunOptions, twice: bool, said: str
) -> None:
    path = tmp_path / "runs.jsonl"
    campaign(path, seeds=1)
    with pytest.raises(ResumeError, match=said):
        read(path, named(options), twice)


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n")
    with pytest.raises(ResumeError, match="line 1 is no run"):
        read(path, named(CALM), False)
    assert path.read_text() == "buy milk\n"


# --- causes -------------------------------------------------------------------------------------


def failed(seed: int, subject: str, detail: str, events: int) -> Outcome:
    return Outcome(
        "calm", seed, Verdict.VIOLATION, "d", events, f"calm@{seed}", "FIL-1", subject, detail
    )


def test_failures_of_one_kind_are_one_cause_with_its_first_its_smallest_and_its_count() -> None:
    (cause,) = causes_of(
        [
            failed(3, "O-20231114-221329-001-002-1-2", "filled 5 of 3", 90),
            Outcome("calm", 4, Verdict.PASS, "d", 1, "calm@4"),
            failed(5, "O-20231114-221401-001-000-7-1", "filled 0.25 of 0.1", 40),
            failed(8, "O-20231114-221401-001-000-7-1", "filled 12 of 9", 60),
        ]
    )
    assert (cause.first, cause.smallest, cause.count) == ("calm@3", "calm@5", 3)
    assert cause.seeds == [3, 5, 8]
    assert cause.property_id == "FIL-1"


def test_other_words_another_kind_of_subject_or_another_property_is_another_cause() -> None:
    one = failed(1, "O-2023-1", "filled 5 of 3", 9)
    others = [
        failed(2, "P-2023-1", "filled 5 of 3", 9),
        failed(3, "O-2023-1", "lost 5 of 3", 9),
        msgspec.structs.replace(one, seed=4, property_id="FIL-2"),
    ]
    assert len(causes_of([one, *others])) == 4


def test_the_name_of_an_instrument_makes_no_cause_of_its_own() -> None:
    one = failed(1, "BTC/USDT.SIM", "BTC/USDT.SIM holds 3", 9)
    two = failed(2, "ETHUSD-C.SIM", "ETHUSD-C.SIM holds 12.5", 9)
    assert len(causes_of([one, two])) == 1


# --- executors ----------------------------------------------------------------------------------


def test_eight_workers_one_worker_and_this_process_report_the_same() -> None:
    spec = Spec(RunOptions(), 16, jobs=8)
    eight = run_campaign(spec, ignore)
    one = run_campaign(msgspec.structs.replace(spec, jobs=1), ignore)
    here = run_campaign(spec, ignore, executor=Here())
    assert without_times(eight) == without_times(one) == without_times(here)


def test_no_more_workers_are_started_than_there_are_chunks(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = tmp_path / "worker.py"
    script.write_text(
        f"import runpy, sys\nopen({str(started)!r}, 'a').write('x')\n"
        "runpy.run_module(sys.argv[1], run_name='__main__', alter_sys=True)\n"
    )
    workers = Workers(8, (sys.executable, str(script)))
    told: list[Line] = []
    workers.run(Task(CALM), "0", iter([Chunk([(1, "")]), Chunk([(2, "")])]), told.append)
    assert sorted(line.outcome.seed for line in told) == [1, 2]
    assert started.read_text() == "xx"


def test_no_chunk_means_no_process() -> None:
    Workers(2, ("/no/such/program",)).run(Task(CALM), "0", iter([]), pytest.fail)


def test_no_dask_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, seatrial.commands.campaign, simulation.worker; "
        "sys.exit(any(name.partition('.')[0] in ('distributed', 'dask') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
