"""The pages say what is: links lead somewhere, examples run, tables equal the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from seatrial import docs
from seatrial.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(
        path
        for folder in ("tests", "examples", "benchmarks")
        for path in (ROOT / folder).glob("*.md")
    ),
]
# what to read about each package; its own name when nothing else is said
PAGE_OF = {
    "seatrial": "docs/commands.md",
    "tests": "tests/README.md",
    "examples": "examples/README.md",
    "benchmarks": "benchmarks",
}
BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
COMMAND = re.compile(r"\bseatrial (?P<rest>[a-z][^\n`|)]*)")
MACHINE_PATH = re.compile(r"(?<![\w./])(/(home|root|work|tmp|Users|mnt|opt|usr)/|[A-Z]:\\)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    return BLOCK.sub("", text)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def runnable_blocks() -> list[tuple[str, str, str]]:
    """(page, file name or "", text) of every block that says it can be run."""
    found = []
    for page in PAGES:
        for block in BLOCK.finditer(page.read_text()):
            language, *words = block["info"].split()[:3] or [""]
            if language == "python" and words[:1] == ["runnable"]:
                found.append((name(page), "".join(words[1:2]), block["text"]))
    return found


def run(arguments: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in LINK.finditer(prose(page.read_text())):
        target, _, anchor = link["target"].partition("#")
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            wrong.append(f"{link['target']}: no such file")
        elif not path.is_relative_to(ROOT):
            wrong.append(f"{link['target']}: outside the repository")
        elif anchor and path.suffix != ".md":
            wrong.append(f"{link['target']}: a line number moves, name the file")
        elif anchor and anchor not in anchors(path):
            wrong.append(f"{link['target']}: no such heading")
    assert not wrong, f"{name(page)}\n" + "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_a_path_of_some_machine(page: Path) -> None:
    wrong = [line for line in page.read_text().splitlines() if MACHINE_PATH.search(line)]
    assert not wrong, f"{name(page)}\n" + "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    wrong = []
    for use in COMMAND.finditer("\n".join(code_of(page.read_text()))):
        command, *words = use["rest"].split()
        if command not in commands:
            wrong.append(f"seatrial {command}: no such command")
            continue
        options = {option for part in commands[command].params for option in part.opts} | {"--help"}
        wrong.extend(
            f"seatrial {command} has no option {word}"
            for word in words
            if word.startswith("--") and word.partition("=")[0] not in options
        )
    assert not wrong, f"{name(page)}\n" + "\n".join(wrong)


def code_of(text: str) -> list[str]:
    """What a page sets in code: the blocks, and the spans between backquotes."""
    blocks = [block["text"] for block in BLOCK.finditer(text) if "python" not in block["info"]]
    return blocks + re.findall(r"`([^`\n]+)`", prose(text))


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = code_of((ROOT / "README.md").read_text())
    named = {target for text in code for target in re.findall(r"\bmake ([a-z]+)", text)}
    assert {"trial", "test"} <= named
    assert named <= targets


def test_every_package_has_its_page_and_the_readme_links_to_it() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"tests", "examples"}
    readme = (ROOT / "README.md").read_text()
    for package in sorted(packages):
        page = PAGE_OF.get(package, f"docs/{package}.md")
        assert (ROOT / page).exists(), f"{package} has no page {page}"
        assert f"({page}" in readme, f"README.md does not link to {page}"


@pytest.mark.parametrize(
    "file",
    [
        "engine/model/order_table.py",
        "engine/kernel.py",
        "simulation/faults.py",
        "invariants/catalogue.py",
    ],
)
def test_the_readme_links_to_the_files_to_read_first(file: str) -> None:
    assert f"({file})" in (ROOT / "README.md").read_text()


def test_every_page_is_in_the_reading_order() -> None:
    order = (ROOT / "docs/README.md").read_text()
    for page in sorted((ROOT / "docs").glob("*.md")):
        assert page.name == "README.md" or f"({page.name})" in order, page.name


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=name)
def test_tables_equal_what_the_code_says(page: Path) -> None:
    """When this fails: `python -m seatrial.docs`, and read what changed."""
    text = page.read_text()
    assert docs.rendered(text) == text


def test_every_table_stands_in_a_page() -> None:
    text = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    missing = [table for table in docs.TABLES if f"<!-- table {table} -->" not in text]
    assert not missing


def test_a_mark_that_names_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        docs.rendered("<!-- table nonsense -->\n<!-- end nonsense -->\n")


def test_a_mark_without_its_end_is_refused() -> None:
    with pytest.raises(ValueError, match="properties"):
        docs.rendered("<!-- table properties -->\n")


def test_some_examples_can_be_run() -> None:
    assert {page for page, _, _ in runnable_blocks()} >= {"README.md", "docs/simulation.md"}


@pytest.mark.parametrize(
    ("page", "file", "text"), runnable_blocks(), ids=lambda value: str(value)[:24]
)
def test_every_example_that_says_so_runs(page: str, file: str, text: str, tmp_path: Path) -> None:
    script = tmp_path / (file or "example.py")
    script.write_text(text)
    done = run([str(script)], tmp_path)
    assert done.returncode == 0, f"{page}\n{done.stderr}"


def test_the_scenario_of_the_readme_runs_as_it_says(tmp_path: Path) -> None:
    (text,) = (text for page, _, text in runnable_blocks() if page == "README.md")
    (tmp_path / "scenarios.py").write_text(text)
    done = run(["-m", "seatrial.main", "run", "scenarios:two_sided", "--seeds", "4"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
