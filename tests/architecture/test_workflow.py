"""The workflow in examples/ci says only what the commands understand."""

import itertools
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from seatrial.main import app

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "examples" / "ci" / "seatrial.yml"
JOBS = yaml.safe_load(WORKFLOW.read_text())["jobs"]
# what the service puts in; the matrix is read from the file
GIVEN = {"github.run_number": "17"}


def command_lines(job: dict) -> list[str]:
    """Every line of the job's steps, once per machine of its matrix, as the shell gets it."""
    matrix = job.get("strategy", {}).get("matrix", {})
    texts = [step.get("run", "") for step in job["steps"]]
    found = []
    for values in itertools.product(*matrix.values()):
        given = [(f"matrix.{name}", str(v)) for name, v in zip(matrix, values, strict=True)]
        for text in texts:
            for name, value in (*GIVEN.items(), *given):
                text = text.replace(f"${{{{ {name} }}}}", value)
            assert "${{" not in text, text
            found.extend(line for line in text.splitlines() if line)
    return found


def seatrial_lines() -> list[tuple[str, str]]:
    return [
        (name, line)
        for name, job in JOBS.items()
        for line in command_lines(job)
        if shlex.split(line)[0] == "seatrial"
    ]


def test_there_is_a_gate_and_a_night_on_several_machines() -> None:
    found = seatrial_lines()
    assert [name for name, _ in found].count("gate") == 1
    shards = [line.split("--shard ")[1].split()[0] for name, line in found if name == "night"]
    assert len(shards) > 1
    assert shards == [f"{number}/{len(shards)}" for number in range(1, len(shards) + 1)]


@pytest.mark.parametrize(("job", "line"), seatrial_lines())
def test_every_command_line_of_the_workflow_is_accepted(job: str, line: str) -> None:
    command, *arguments = shlex.split(line)[1:]
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    known[command].make_context(command, arguments)


def test_the_gate_runs_each_seed_twice_and_reports_to_the_service() -> None:
    (line,) = (line for name, line in seatrial_lines() if name == "gate")
    assert {"--twice", "--seeds", "--junit"} <= set(shlex.split(line))


@pytest.mark.parametrize("job", JOBS)
def test_what_a_job_writes_is_what_it_keeps(job: str) -> None:
    kept = next(
        step["with"]["path"] for step in JOBS[job]["steps"] if "path" in step.get("with", {})
    )
    patterns = kept.split()
    assert "seatrial-failures" in patterns  # where `run --out` and the plugin put bundles
    for name, line in seatrial_lines():
        words = shlex.split(line)
        written = [words[words.index(o) + 1] for o in ("--json", "--junit") if o in words]
        if name == job:
            assert all(any(Path(file).match(p) for p in patterns) for file in written)
