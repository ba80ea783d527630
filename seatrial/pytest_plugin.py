"""The pytest plugin: `@seatrial.test` runs here. Loaded by pytest through its entry point; nothing
else of ours imports pytest.

A test becomes one item per 25 seeds, `test_x[0-24]`, `test_x[25-49]` and so on. One item for all
would leave the workers of pytest-xdist idle and would hide its progress; one per seed would print
thousands of lines for `-v` and `--collect-only`, and one cause as hundreds of failures. A chunk is
what one worker does in a second: `-n` spreads them, `-x` ends with the first seed that fails,
`--lf` runs only the chunks that failed, `-k` selects by name as ever.

What a test owed and never saw only all of its items together can tell: it is one more failure,
`test_x[what was owed]`, reported when the session ends.
"""

import inspect
import os
from collections.abc import Generator
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

import pytest

from seatrial.testing import ARGUMENT, Trial, trial_of

if TYPE_CHECKING:
    from seatrial.trials import Ran, Tally, Window
    from simulation.token import Token

_SAID: Final = "seatrial"  # attribute of a report: [test, its tally as JSON]
_OWED: Final = "what was owed"  # in the place of seeds
_said: Final = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("seatrial")
    group.addoption(
        "--seatrial-seeds", type=int, metavar="N", help="seeds of each test, instead of its own"
    )
    group.addoption(
        "--seatrial-replay", metavar="TOKEN", help="run only this seed, of the tests that it fits"
    )


def pytest_configure(config: pytest.Config) -> None:
    seeds = config.getoption("--seatrial-seeds")
    if seeds is not None and seeds < 1:
        raise pytest.UsageError(f"--seatrial-seeds {seeds}: at least 1")
    text = config.getoption("--seatrial-replay")
    token = None if text is None else _token(text)
    config.pluginmanager.register(_Trials(seeds, token), "seatrial-trials")


def pytest_pycollect_makeitem(
    collector: "pytest.Module | pytest.Class", name: str, obj: object
) -> list[pytest.Item] | None:
    # `from seatrial import test` in a test module is no test of that module's
    if inspect.isfunction(obj) and obj.__module__ == "seatrial.testing":
        return []
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    trial = trial_of(pyfuncitem.obj)
    if trial is None:
        return None
    _run(pyfuncitem, trial)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and _said in item.stash:
        # plain values in an attribute come through from the workers of pytest-xdist
        setattr(report, _SAID, item.stash[_said])
    return report


class _Trials:
    """What one session was asked for, and what its tests did: those of all workers, in the process
    that reports."""

    def __init__(self, seeds: int | None, token: "Token | None") -> None:
        self._seeds = seeds
        self._token = token
        self._tallies: dict[str, Tally] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        trial = trial_of(metafunc.function)
        if trial is None:
            return
        from seatrial.trials import Window, windows

        chunks = windows(trial, self._seeds)
        if self._token is not None:
            chunks = [Window(self._token.seed, 1)]
        metafunc.parametrize(ARGUMENT, chunks, ids=str)

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        token = self._token
        if token is None:
            return
        chosen: list[pytest.Item] = []
        others: list[pytest.Item] = []
        for item in items:
            trial = trial_of(getattr(item, "obj", None))
            named = trial and (trial.scenario, trial.faults)
            (chosen if named == (token.scenario, token.faults) else others).append(item)
        items[:] = chosen
        if others:
            config.hook.pytest_deselected(items=others)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said: list[str] | None = getattr(report, _SAID, None)
        if said is None:
            return
        import msgspec

        from seatrial.trials import Tally

        test, text = said
        tally = msgspec.json.decode(text, type=Tally)
        if test in self._tallies:
            self._tallies[test].merge(tally)
        else:
            self._tallies[test] = tally

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail what saw less than it owed: before reports are written and the summary is made."""
        if hasattr(session.config, "workerinput"):  # of pytest-xdist: it knows its own items only
            return
        for test, tally in self._tallies.items():
            missing = tally.missing()
            if not missing:
                continue
            report = pytest.TestReport(
                f"{test}[{_OWED}]",
                (test.partition("::")[0], None, f"{test.rpartition('::')[2]}[{_OWED}]"),
                {},
                "failed",
                f"owed by {tally.seeds} seeds and never seen: {', '.join(missing)}\n"
                "let the scenario bring it about, or give it a profile without it",
                "call",
            )
            session.config.hook.pytest_runtest_logreport(report=report)
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._tallies and self._token is None:
            return
        terminalreporter.section("seatrial")
        if not self._tallies:
            terminalreporter.line(f"no test that ran fits {self._token}")
        for test, tally in self._tallies.items():
            for text in _summary(test, tally):
                terminalreporter.line(text)


def _token(text: str) -> "Token":
    from simulation.token import Token, TokenError

    try:
        token = Token.parse(text)
    except TokenError as error:
        raise pytest.UsageError(f"--seatrial-replay: {error}") from None
    if token.bug or token.market:
        raise pytest.UsageError(f"--seatrial-replay {text}: replay this one with seatrial replay")
    return token


def _run(item: pytest.Function, trial: Trial) -> None:
    """Every seed of the item, each handed to the user's function; then the failure, if any."""
    import msgspec

    from seatrial.trials import Ran, run_seed, scenario_of, tally_of
    from simulation.market.fields import RecordingError
    from simulation.outcome import Verdict
    from simulation.scenario import ScenarioError

    options = trial.options()
    try:
        scenario = scenario_of(options)
    except (ScenarioError, RecordingError) as error:
        pytest.fail(str(error), pytrace=False)
    window = cast("Window", item.funcargs[ARGUMENT])
    given = inspect.signature(item.obj).parameters
    arguments = {name: value for name, value in item.funcargs.items() if name in given}
    first_only = item.config.getoption("maxfail") == 1
    tally = tally_of(scenario, trial, item.config.getoption("--seatrial-seeds"))
    failed: list[Ran] = []
    try:
        for seed in range(window.first, window.first + window.count):
            arguments[ARGUMENT] = outcome = run_seed(scenario, seed, options)
            raised: BaseException | None = None
            try:
                item.obj(**arguments)
            except (Exception, pytest.fail.Exception) as error:
                raised = error
            ran = Ran(outcome, raised)
            tally.add(ran)
            # a broken harness is no pass, whatever the function says of it
            if raised is not None or outcome.verdict is Verdict.ERROR:
                failed.append(ran)
                if first_only:
                    break
    finally:
        item.stash[_said] = [_name(item), msgspec.json.encode(tally).decode()]
    if failed:
        _fail(item, trial, failed)


def _fail(item: pytest.Function, trial: Trial, failed: "list[Ran]") -> None:
    from seatrial.trials import failure_of

    first = failed[0]
    others = [ran.outcome for ran in failed[1:]]
    if first.outcome.passed and first.error is not None:  # the function wants more than we do
        token = first.outcome.token
        first.error.add_note(f"\nwith {token}, whose verdict is PASS; again: {_again(item, token)}")
        raise first.error
    failure = failure_of(trial, first.outcome, others, lambda token: _again(item, token))
    item.user_properties.append(("seatrial-token", failure.token))
    told = pytest.fail.Exception(failure.text, pytrace=False)
    if first.error is not None:
        told = told.with_traceback(first.error.__traceback__)  # where --pdb opens
    raise told from None


def _name(item: pytest.Function) -> str:
    """FILE::TEST, without the seeds."""
    parent = item.parent.nodeid if item.parent is not None else ""
    return f"{parent}::{item.originalname}"


def _again(item: pytest.Function, token: str) -> str:
    names = _name(item).split("::")[1:]
    path = os.path.relpath(item.path, item.config.invocation_params.dir)
    return f"pytest {'::'.join([path, *names])} --seatrial-replay '{token}'"


def _summary(test: str, tally: "Tally") -> list[str]:
    from seatrial.trials import listed

    seeds = sorted(tally.digests)
    failed = sum(len(numbers) for _, numbers in tally.causes.values())
    profile = f" under {tally.profile}" if tally.profile else ""
    lines = [
        f"{test}: {len(seeds)} seeds of {tally.scenario}{profile}: "
        f"{len(seeds) - failed} passed, {failed} failed"
    ]
    for title, numbers in tally.causes.values():
        lines.append(f"  {title}: seeds {listed(sorted(numbers))}")
    if tally.refused:
        lines.append(f"  passed, and failed by the test: seeds {listed(sorted(tally.refused))}")
    if tally.unasserted:
        lines.append(
            f"  failed, and let pass by the test: seeds {listed(sorted(tally.unasserted))}"
        )
    for what, counts in (("faults fired", tally.faults), ("probes seen", tally.probes)):
        counted = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        lines.append(f"  {what} ({len(counts)}): {counted or 'none'}")
    missing = tally.missing()
    if missing:
        lines.append(f"  owed and never seen: {', '.join(missing)}")
    digest = sha256("".join(tally.digests[seed] for seed in seeds).encode()).hexdigest()
    lines.append(f"  properties judged: {tally.properties}; digest of all runs: {digest[:12]}")
    return lines
