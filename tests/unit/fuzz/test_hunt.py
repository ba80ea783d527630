"""Searches, short ones: every target stays clean, and every planted bug of a parser is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import hunt as hunting
from fuzz.finding import DIED, SLOW
from fuzz.hunt import FuzzerFailed, FuzzerMissing, ask, hunt
from fuzz.mutate import change_a_number
from fuzz.targets import TARGETS, Target
from zoo.bug import Bug
from zoo.bugs import BUGS

CLEAN_S = 2
FOUND_WITHIN_S = 60
PARSER_BUGS = [bug for bug in BUGS.values() if bug.target]

needs_atheris = pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info >= (3, 14),
    reason="atheris is made for CPython 3.11 to 3.13 on Linux",
)


@needs_atheris
@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_a_short_search_is_clean_and_does_something(target: Target) -> None:
    done = hunt(target, CLEAN_S)

    assert done.finding is None, str(done.finding)
    assert done.executions > done.corpus
    assert done.grown > 0
    assert done.elapsed_ns > 0
    assert done.per_cpu_second > 0


@needs_atheris
@pytest.mark.parametrize("bug", PARSER_BUGS, ids=lambda bug: bug.id)
def test_a_planted_bug_of_a_parser_is_found_and_found_again(bug: Bug) -> None:
    target = TARGETS[bug.target]

    done = hunt(target, FOUND_WITHIN_S, bug=bug.id)

    assert done.finding is not None, f"{bug.id} survived {done.executions} executions"
    assert done.is_sure
    assert ask(target, done.finding.data) is None, "the code without the bug is clean"


@pytest.mark.parametrize("bug", PARSER_BUGS, ids=lambda bug: bug.id)
def test_no_input_of_the_corpus_gives_a_planted_bug_away(bug: Bug) -> None:
    target = TARGETS[bug.target]
    script = (
        "import sys\n"
        "from zoo.bugs import BUGS\n"
        "from zoo.patch import install\n"
        f"install(BUGS[{bug.id!r}])\n"
        "from fuzz.hunt import corpus_of\n"
        "from fuzz.targets import TARGETS, module_of\n"
        f"target = TARGETS[{target.name!r}]\n"
        "for path in corpus_of(target).iterdir():\n"
        "    module_of(target).check(path.read_bytes())\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", script), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_without_atheris_a_search_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunting, "find_spec", lambda name: None)
    with pytest.raises(FuzzerMissing, match=r"pip install 'seatrial\[fuzz\]'"):
        hunt(TARGETS["values"], 1)


@needs_atheris
def test_a_process_that_breaks_fails_the_search_with_its_last_words() -> None:
    with pytest.raises(FuzzerFailed, match="KeyError"):
        hunt(TARGETS["values"], 1, bug="no-such-bug")


@pytest.mark.parametrize(
    ("name", "kind"), [("crash-0", DIED), ("oom-0", DIED), ("timeout-0", SLOW)]
)
def test_an_input_that_ends_or_stalls_the_interpreter_is_kept(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / name).write_bytes(b"deadly")

    finding = hunting._finding_in(tmp_path, TARGETS["values"])

    assert finding is not None
    assert (finding.kind, finding.data) == (kind, b"deadly")


def test_changing_a_number_leaves_the_rest_of_the_text_alone() -> None:
    changed = {change_a_number(b"A.X-13-MONTH", 40, seed) for seed in range(200)}

    assert b"A.X-12-MONTH" in changed
    assert all(text.startswith(b"A.X-") and text.endswith(b"-MONTH") for text in changed)


def test_changing_a_number_is_a_function_of_its_seed() -> None:
    assert change_a_number(b"1-2-3", 9, 7) == change_a_number(b"1-2-3", 9, 7)
    assert change_a_number(b"none", 2, 7) == b"no"
