"""Patches fit today's code exactly or are refused, and the zoo holds what it promises."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from fuzz.targets import TARGETS
from invariants.catalogue import CATALOGUE
from invariants.property import Kind
from zoo.bug import Bug
from zoo.bugs import BUGS
from zoo.patch import PatchRefused, install, patched_source

ROOT = Path(__file__).parents[2]
JUDGED = {entry.id for entry in CATALOGUE if entry.kind is not Kind.SOMETIMES}


def _id(bug: Bug) -> str:
    return bug.id


def _bug(**changes: object) -> Bug:
    bug = Bug(
        id="example",
        sentence="An example.",
        module="zoo.never_there",
        changes=(("old", "new"),),
        property="FIL-1",
    )
    return msgspec.structs.replace(bug, **changes)


def _python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (sys.executable, "-P", *arguments), capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("bug", BUGS.values(), ids=_id)
def test_patch_fits_todays_source_and_changes_it_to_valid_code(bug: Bug) -> None:
    spec = find_spec(bug.module)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")

    patched = patched_source(bug, source)

    assert patched != source
    compile(patched, spec.origin, "exec")


@pytest.mark.parametrize("bug", BUGS.values(), ids=_id)
def test_bug_entry_names_its_finder_and_reads_as_one_sentence(bug: Bug) -> None:
    if bug.target:
        assert bug.target in TARGETS
        assert not bug.property
    else:
        assert bug.property in JUDGED
    for text in filter(None, (bug.sentence, bug.observed)):
        assert text.endswith(".")
        assert "\n" not in text


@pytest.mark.parametrize("property_id", sorted(JUDGED))
def test_every_judged_property_has_a_bug_that_breaks_it(property_id: str) -> None:
    assert any(bug.property == property_id for bug in BUGS.values())


def test_at_least_half_of_the_zoo_was_observed_in_released_systems() -> None:
    assert 2 * sum(1 for bug in BUGS.values() if bug.observed) >= len(BUGS)


def test_patch_of_a_text_that_is_gone_is_refused() -> None:
    with pytest.raises(PatchRefused, match="holds 'old' 0 times"):
        patched_source(_bug(), "something else")


def test_patch_of_a_text_that_stands_twice_is_refused() -> None:
    with pytest.raises(PatchRefused, match="holds 'old' 2 times"):
        patched_source(_bug(), "old old")


def test_patch_of_two_texts_changes_both() -> None:
    bug = _bug(changes=(("one", "1"), ("two", "2")))

    assert patched_source(bug, "one two") == "1 2"


def test_patch_of_an_imported_module_is_refused() -> None:
    finders = list(sys.meta_path)

    with pytest.raises(PatchRefused, match="is imported already"):
        install(_bug(module="zoo.patch"))

    assert sys.meta_path == finders


def test_launcher_given_an_unknown_bug_exits_as_wrong_usage() -> None:
    done = _python("-m", "zoo.patched", "no-such-bug", "json.tool")

    assert done.returncode == 2
    assert "no bug 'no-such-bug' in the zoo" in done.stderr


def test_launcher_given_a_patch_that_does_not_fit_exits_as_broken_harness() -> None:
    script = (
        "import sys, zoo.bugs, zoo.patched, types\n"
        "from zoo.bug import Bug\n"
        "bug = Bug(id='x', sentence='', module='engine.bus', changes=(('no such text', ''),),"
        " property='FIL-1')\n"
        "zoo.patched.BUGS = {'x': bug}\n"
        "sys.argv = ['zoo.patched', 'x', 'json.tool']\n"
        "zoo.patched.main()\n"
    )
    done = _python("-c", script)

    assert done.returncode == 4
    assert "the module has changed" in done.stderr


def test_zoo_is_data_and_loads_nothing_that_a_bug_could_be_laid_over() -> None:
    script = (
        "import sys, zoo.bugs, zoo.patch\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('engine', 'invariants', 'simulation')])"
    )

    assert _python("-c", script).stdout.strip() == "[]"


def test_installed_bug_is_in_force_in_its_process_and_in_no_file() -> None:
    count_firings = (
        "from engine.clock import ComponentClock, KernelClock\n"
        "from engine.model.identifiers import ComponentId\n"
        "kernel = KernelClock()\n"
        "clock = ComponentClock(kernel, ComponentId('A'))\n"
        "clock.set_timer_ns('beat', 1, 0, 3, print)\n"
        "while (due := kernel.next_timer_ns()) is not None:\n"
        "    kernel.advance(due)\n"
        "    kernel.pop_due()\n"
        "    print(due)\n"
    )
    plant = (
        "from zoo.bugs import BUGS\n"
        "from zoo.patch import install\n"
        "install(BUGS['timer-stop-exclusive'])\n"
    )

    planted = _python("-c", plant + count_firings)
    clean = _python("-c", count_firings)

    assert planted.stdout.split() == ["1", "2"], planted.stderr
    assert clean.stdout.split() == ["1", "2", "3"], clean.stderr


@pytest.mark.parametrize("package", ["engine", "invariants", "simulation"])
def test_nothing_that_is_judged_or_judges_knows_a_planted_bug(package: str) -> None:
    for path in sorted((ROOT / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        known = [bug_id for bug_id in BUGS if bug_id in text]
        assert not known, f"{path} names {known}"
        assert "import zoo" not in text
        assert "from zoo" not in text
