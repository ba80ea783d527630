"""`@seatrial.test` as a user of pytest sees it, run by pytest's own `pytester`."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import seatrial.trials  # noqa: F401 - before any session inside a test, which forgets what it imports

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]
INSTALLED = any(entry.name == "seatrial" for entry in entry_points(group="pytest11"))
FIRST_TO_FAIL = 6  # of the lossy scenario's seeds
TESTS = """
    import seatrial
    from seatrial import Outcome
    from lossy_scenario import calm, lossy

    @seatrial.test(lossy, seeds=60)
    def test_lossy(outcome: Outcome) -> None:
        assert outcome.passed, outcome.report()

    @seatrial.test(calm, seeds=30)
    def test_calm(outcome: Outcome) -> None:
        assert outcome.passed, outcome.report()
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """pytest in a user's folder, with the plugin and the user's scenario."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # what a failed seed is run again by
    source = ROOT / "tests" / "acceptance" / "lossy_scenario.py"
    pytester.makepyfile(lossy_scenario=source.read_text())

    def run(*arguments: str, test: str = TESTS) -> pytest.RunResult:
        pytester.makepyfile(test_sea=test)
        plugin = () if INSTALLED else ("-p", "seatrial.pytest_plugin")
        return pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", *arguments)

    return run


def token_in(result: pytest.RunResult) -> str:
    (line,) = {line for line in result.outlines if line.startswith("token:")}
    return line.split()[1]


def test_importing_seatrial_test_imports_no_pytest() -> None:
    code = "import sys, seatrial; seatrial.test; print('pytest' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert said.stdout == "False\n"


def test_a_session_without_such_tests_loads_nothing_of_the_simulation() -> None:
    code = "import sys, seatrial.pytest_plugin; print({'engine', 'simulation'} & {*sys.modules})"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert said.stdout == "set()\n"


def test_the_tests_of_the_pages_run_as_they_stand(run, pytester: pytest.Pytester) -> None:
    scenario, in_readme, *_ = blocks("README.md")
    alone, by_hypothesis, *_ = blocks("docs/pytest.md")
    pytester.makepyfile(scenarios=scenario)
    for test in (in_readme, alone):
        result = run("--seatrial-seeds", "3", test=test)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["*3 seeds of scenarios:two_sided: 3 passed, 0 failed"])
    few = "from hypothesis import settings\nsettings.register_profile('few', max_examples=2, "
    few += "database=None, deadline=None)\nsettings.load_profile('few')\n"
    run(test=few + by_hypothesis).assert_outcomes(passed=1)


def blocks(page: str) -> list[str]:
    """The Python of a page."""
    text = (ROOT / page).read_text()
    return re.findall(r"^```python[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_a_test_becomes_one_item_per_25_seeds(run) -> None:
    result = run("--collect-only", "-q")
    names = [line for line in result.outlines if line.startswith("test_sea.py::")]
    assert names == [
        "test_sea.py::test_lossy[0-24]",
        "test_sea.py::test_lossy[25-49]",
        "test_sea.py::test_lossy[50-59]",
        "test_sea.py::test_calm[0-24]",
        "test_sea.py::test_calm[25-29]",
    ]


def test_a_failure_shows_token_property_last_records_and_how_to_replay(run) -> None:
    result = run("-k", "test_lossy and 0-24")
    result.assert_outcomes(failed=1, deselected=4)
    token = token_in(result)
    assert token.startswith(f"lossy_scenario:lossy@{FIRST_TO_FAIL}#")
    result.stdout.fnmatch_lines(
        [
            f"lossy_scenario:lossy@{FIRST_TO_FAIL}: VIOLATION(ASK-1) O-*: no answer in three secon*",
            "  Whoever submits an order is answered within three seconds.",
            "the last of * records:",
            "* verdict *ASK-1*",
            f"token:  {token}",
            f"again:  pytest test_sea.py::test_lossy --seatrial-replay '{token}'",
            f"        seatrial replay '{token}'",
            "bundle: seatrial-failures*lossy_scenario.lossy-6-*.bundle",
        ],
        consecutive=False,
    )
    failure = result.outlines[: result.outlines.index(f"token:  {token}")]
    assert len(failure) < 30, "no wall of internals"
    assert not [line for line in failure if "simulation/" in line or "def test_lossy" in line]


def test_the_bundle_of_a_failure_is_the_run_that_failed(run, pytester: pytest.Pytester) -> None:
    token = token_in(run("-k", "test_lossy and 0-24"))
    (bundle,) = (pytester.path / "seatrial-failures").iterdir()
    for what in (token, str(bundle)):
        said = pytester.run(sys.executable, "-m", "seatrial.main", "replay", what)
        assert said.ret == 1
        said.stdout.fnmatch_lines([f"*@{FIRST_TO_FAIL}: VIOLATION(ASK-1)*"])
        said.stdout.no_fnmatch_line("*code differs*")
    said.stdout.fnmatch_lines(["the same run as the bundle's, byte for byte"])


def test_replay_runs_that_seed_alone_and_fails_as_before(run) -> None:
    token = token_in(run("-k", "test_lossy and 0-24"))
    result = run("--seatrial-replay", token, "-v")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines([f"test_sea.py::test_lossy?{FIRST_TO_FAIL}? FAILED*"])
    assert token_in(result) == token


def test_replay_of_a_token_that_no_test_fits_says_so_and_runs_nothing(run) -> None:
    result = run("--seatrial-replay", "default@3")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["no test that ran fits default@3"])


def test_seeds_can_be_chosen_on_the_command_line(run) -> None:
    result = run("--seatrial-seeds", "5", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_lossy?0-4? PASSED*", "*test_calm?0-4? PASSED*"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--seatrial-seeds", "0"), "--seatrial-seeds 0: at least 1"),
        (("--seatrial-replay", "junk"), "not a token"),
        (("--seatrial-replay", "default[bug=x]@1"), "replay this one with seatrial replay"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(
    run, arguments: tuple[str, ...], told: str
) -> None:
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{told}*"])


def test_the_summary_adds_up_seeds_causes_faults_and_digests(run) -> None:
    result = run()
    result.assert_outcomes(failed=2, passed=3)
    result.stdout.fnmatch_lines(
        [
            "test_sea.py::test_lossy: 60 seeds of lossy_scenario:lossy: 58 passed, 2 failed",
            "  VIOLATION(ASK-1): seeds 6, 47",
            "  faults fired (1): REQUEST_LOST *",
            "  properties judged: 1; digest of all runs: *",
            "test_sea.py::test_calm: 30 seeds of lossy_scenario:calm: 30 passed, 0 failed",
            "  faults fired (0): none",
        ]
    )


def test_workers_of_xdist_come_to_the_same_summary(run) -> None:
    alone = run()
    spread = run("-n", "2")
    spread.assert_outcomes(failed=2, passed=3)

    def summary(result: pytest.RunResult) -> list[str]:
        return sorted(line for line in result.outlines if line.startswith(("test_sea.py::", "  ")))

    assert [line for line in summary(spread) if "digest" in line]
    assert summary(spread) == summary(alone)


def test_exitfirst_ends_with_the_first_seed_that_fails(run) -> None:
    result = run("-x")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"test_sea.py::test_lossy: {FIRST_TO_FAIL + 1} seeds of *"])


def test_seeds_that_only_the_test_fails_are_told_apart(run) -> None:
    test = """
        import seatrial
        from lossy_scenario import lossy

        @seatrial.test(lossy, seeds=10)
        def test_nothing_is_lost(outcome):
            assert not outcome.faults
    """
    result = run(test=test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["  VIOLATION(ASK-1): seeds 6", "  passed, and failed by the test: seeds 5"]
    )


def test_an_assertion_of_the_users_own_is_shown_as_pytest_shows_it_with_the_token(run) -> None:
    test = """
        import seatrial
        from lossy_scenario import calm

        @seatrial.test(calm, first_seed=3, seeds=4)
        def test_seeds(outcome, tmp_path):
            assert outcome.seed != 5
    """
    result = run(test=test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*assert outcome.seed != 5",
            "E*assert 5 != 5",
            "E*with lossy_scenario:calm@5, whose verdict is PASS; again: pytest test_sea.py::*",
        ]
    )


def test_a_violation_that_the_test_lets_pass_is_told_in_the_summary(run) -> None:
    test = """
        import seatrial
        from lossy_scenario import lossy

        @seatrial.test(lossy, seeds=10)
        def test_lets_all_pass(outcome):
            pass
    """
    result = run(test=test)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  failed, and let pass by the test: seeds 6"])


def test_a_broken_harness_fails_whatever_the_test_says(run) -> None:
    test = """
        import seatrial
        from seatrial import Scenario, always
        from lossy_scenario import lossy
        import msgspec

        @always("BAD-1", "Nobody can judge this.")
        def unjudgeable(view):
            raise ArithmeticError("the property itself is wrong")
            yield

        def broken():
            return msgspec.structs.replace(lossy(), properties=[unjudgeable])

        @seatrial.test(broken, seeds=2)
        def test_lets_all_pass(outcome):
            pass
    """
    result = run(test=test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ERROR*ArithmeticError: the property itself is wrong*"])


def test_a_run_that_differs_the_second_time_is_nondeterminism(run) -> None:
    test = """
        import seatrial
        from lossy_scenario import lossy

        @seatrial.test("leaky:leaky", seeds=200)
        def test_leaky(outcome):
            assert outcome.passed
    """
    leaky = """
        import msgspec
        from lossy_scenario import Buyer, lossy

        SEEN = []

        class Remembering(Buyer):
            def on_start(self):
                super().on_start()
                SEEN.append(self)  # in the module: the next run of the process finds it there
                self.seen = len(SEEN)

        def leaky():
            return msgspec.structs.replace(lossy(), strategies=[Remembering])
    """
    Path("leaky.py").write_text("\n".join(line[8:] for line in leaky.splitlines()))
    result = run("-x", test=test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["leaky:leaky@*: NONDETERMINISM(DET-1)*"])


def test_a_scenario_of_the_test_module_itself_is_replayed_by_pytest(run) -> None:
    test = """
        import seatrial
        import lossy_scenario

        def mine():
            return lossy_scenario.lossy()

        class TestSea:
            @seatrial.test(mine, seeds=10)
            def test_mine(self, outcome):
                assert outcome.passed
    """
    result = run(test=test)
    token = token_in(result)
    result.stdout.fnmatch_lines([f"again:  pytest test_sea.py::TestSea::test_mine --sea*'{token}'"])
    again = run("--seatrial-replay", token, test=test)
    again.assert_outcomes(failed=1)


def test_a_profile_of_faults_is_part_of_the_token(run) -> None:
    test = """
        import seatrial
        from lossy_scenario import lossy

        @seatrial.test(lossy, seeds=10, faults=seatrial.CALM)
        def test_calmed(outcome):
            assert outcome.seed == 0
            assert outcome.token == "lossy_scenario:lossy[faults=calm]@0"
    """
    result = run("--seatrial-replay", "lossy_scenario:lossy[faults=calm]@0", test=test)
    result.assert_outcomes(passed=1)


def test_fixtures_and_parameters_go_with_it(run) -> None:
    test = """
        import pytest
        import seatrial
        from seatrial import test
        from lossy_scenario import calm

        @pytest.fixture
        def limit():
            return 9

        @pytest.mark.parametrize("more", [0, 1])
        @test(calm, seeds=2)
        def test_limits(outcome, limit, more):
            assert outcome.counts["turns"] > limit + more
    """
    run(test=test).assert_outcomes(passed=2)


def test_an_expected_failure_is_one(run) -> None:
    test = """
        import pytest
        import seatrial
        from lossy_scenario import lossy

        @pytest.mark.xfail(strict=True)
        @seatrial.test(lossy, seeds=10)
        def test_known(outcome):
            assert outcome.passed
    """
    run(test=test).assert_outcomes(xfailed=1)


@pytest.mark.parametrize(
    ("decorated", "told"),
    [
        ("@seatrial.test(calm)\ndef test_x(): pass", "takes no argument named 'outcome'"),
        ("@seatrial.test(calm)\nasync def test_x(outcome): pass", "awaits nothing"),
        ("@seatrial.test(lambda: calm())\ndef test_x(outcome): pass", "a module's top level"),
        ("@seatrial.test(calm, seeds=0)\ndef test_x(outcome): pass", "seeds 0: at least 1"),
        ("@seatrial.test(calm, first_seed=-1)\ndef test_x(outcome): pass", "first_seed -1"),
        ("@seatrial.test(calm, faults='wild')\ndef test_x(outcome): pass", "faults 'wild'"),
        ("@seatrial.test(calm, faults=LOSSY)\ndef test_x(outcome): pass", "faults 'lossy'"),
        ("@seatrial.test('nowhere:x')\ndef test_x(outcome): pass", "no module 'nowhere'"),
    ],
)
def test_what_makes_no_test_is_refused_in_words(run, decorated: str, told: str) -> None:
    result = run(test=f"import seatrial\nfrom lossy_scenario import LOSSY, calm\n{decorated}")
    assert result.ret != 0
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_the_junit_report_names_the_token(run, pytester: pytest.Pytester) -> None:
    result = run("-k", "test_lossy and 0-24", "--junit-xml", "out.xml", "-o", "junit_family=xunit1")
    assert f'name="seatrial-token" value="{token_in(result)}"' in Path("out.xml").read_text()


OWING = """
    import seatrial
    from seatrial import Outcome, Scenario, sometimes
    from lossy_scenario import calm

    @sometimes("NEVER", "Something that never is.", odds=(1, 2))
    def never(view) -> bool:
        return False

    def owing() -> Scenario:
        import msgspec
        return msgspec.structs.replace(calm(), properties=[never])

    @seatrial.test(owing, seeds=40)
    def test_owing(outcome: Outcome) -> None:
        assert outcome.passed, outcome.report()
"""


def test_a_probe_owed_by_all_the_seeds_and_never_seen_is_one_more_failure(
    run, pytester: pytest.Pytester
) -> None:
    result = run("--junit-xml", "out.xml", test=OWING)
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*test_owing?what was owed?*",
            "owed by 40 seeds and never seen: probe NEVER",
            "  owed and never seen: probe NEVER",
            "FAILED test_sea.py::test_owing?what was owed?*",
        ]
    )
    assert "owed by 40 seeds" in (pytester.path / "out.xml").read_text()


def test_a_part_of_the_seeds_or_too_few_of_them_owe_nothing(run) -> None:
    run("-k", "0-24", test=OWING).assert_outcomes(passed=1, deselected=1)
    run("--seatrial-seeds", "20", test=OWING).assert_outcomes(passed=1)


def test_what_was_owed_is_told_once_however_many_workers_there_are(run) -> None:
    result = run("-n", "2", test=OWING)
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
