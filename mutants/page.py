"""docs/mutants.md from the last campaign and the reasons: `python -m mutants.page`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from invariants.catalogue import CATALOGUE
from mutants.campaign import Campaign, Result, load
from mutants.child import ROOT
from mutants.reasons import REASONS, Reason, Why
from mutants.subjects import SUBJECTS

PAGE: Final = ROOT / "docs" / "mutants.md"
NOT_LOOKED_AT: Final = "not looked at"
UNEXECUTED: Final = Reason(Why.UNREACHABLE, "No run executes the line.", ())

_HEAD: Final = """\
# Mutants: what the properties would notice

The [zoo](zoo.md) plants bugs that somebody thought of. Here nobody thinks: mutmut's
[operators](../mutants/draw.py) make small mistakes in the functions that move orders, money and
messages, a seed draws some, and each is put to sea in a process of its own, laid over its module as
a zoo bug is. It is killed when a run ends in anything but a pass: a violation, an exception in the
kernel (KRN-1) or in a property (ERROR), an import that fails (IMPORT), {seconds} seconds of processor
time for one run (TIMEOUT), a first run that comes out otherwise when it is run again at the end,
or runs that all pass and lack what a campaign of so many seeds owes (OWED: the campaign's own rule,
per scenario). A digest that merely moved kills nobody: it is shown with the survivor.

`make mutants` makes this page ({seeds_text}); `SEED=`, `COUNT=` and `JOBS=` choose another draw.
The order of a seed is a hash of what each mutant changes, so a smaller draw is the beginning of a
larger one, and an edited line moves its own mutants only.

- Drawn from: the modules of the table below, functions and tables. Left out: the words of
  exceptions, `__repr__` and `__str__`, type annotations and decorators, and, as in mutmut, calls of
  `len` and `isinstance`. One operator is not mutmut's: `drop_entry` takes an entry out of a table.
- Functions that no run enters give no mutants. They are listed at the end of the page.
- Runs of a mutant: {runs}.
"""


def page(campaign: Campaign, reasons: Sequence[Reason] = REASONS) -> str:
    """The page's whole text."""
    results = campaign.results
    of_mutant = {mutant: reason for reason in reasons for mutant in reason.mutants}
    survivors = [result for result in results if result.survived]
    why = {
        result.id: _standing(of_mutant.get(result.id), result) or _measured(result)
        for result in survivors
    }
    equivalent = _count(why.values(), Why.EQUIVALENT)
    executed = [result for result in results if result.executed]
    shares: dict[str, int] = {}
    for scenario, _ in campaign.runs:
        shares[scenario] = shares.get(scenario, 0) + 1
    unentered = sum(campaign.unentered.values())
    parts = [
        _HEAD.format(
            seconds="four",
            seeds_text=f"this one with seed {campaign.seed}, on code {campaign.code}",
            runs=", ".join(f"{count} of {scenario}" for scenario, count in shares.items()),
        ),
        "## The figures\n",
        _table(
            ("", "Mutants", "Killed", "Rate"),
            [
                _rate("all that were drawn: the raw rate", results),
                _rate("on lines that some run executes", executed),
                _rate(
                    "of these, without dropped and emptied arguments and values",
                    [
                        each
                        for each in executed
                        if each.operator not in ("arg_removal", "assignment")
                    ],
                ),
            ],
        ),
        f"\nSurvivors: {len(survivors)}. "
        + ", ".join(
            f"{kind}: {sum(_kind(reason) == kind for reason in why.values())}"
            for kind in (*Why, NOT_LOOKED_AT)
        )
        + f". Equivalent are {_percent(equivalent, len(results))} of all.\n\n"
        f"{campaign.pool} mutants could have been drawn; {unentered} more stand in functions that no "
        "run enters.\n",
        "## By module\n",
        _table(
            ("Subject", "Module", "Mutants", "Killed", "Rate"),
            [
                (subject, *_rate(f"`{module}`", [r for r in results if r.module == module]))
                for subject, modules in SUBJECTS.items()
                for module in modules
            ],
        ),
        "\n## By operator\n",
        _table(("Operator", "Mutants", "Killed", "Rate"), _by(results, lambda each: each.operator)),
        "\n## What killed them\n",
        "A mutant may break several properties; the first of its run is counted.\n",
        _table(("Killed by", "Mutants"), _killers(results)),
        "\n## Survivors\n",
    ]
    for subject, modules in SUBJECTS.items():
        for module in modules:
            shown = sorted((r for r in survivors if r.module == module), key=lambda r: r.line)
            if shown:
                parts.append(f"### {module} ({subject})\n")
                parts.extend(_survivor(each, why[each.id], len(campaign.runs)) for each in shown)
    parts.append("## Functions that no run enters\n")
    parts.append("With the mutants that each would have given.\n")
    by_module: dict[str, list[str]] = {}
    for name, count in campaign.unentered.items():
        module, _, function = name.partition(" ")
        by_module.setdefault(module, []).append(f"`{function}` {count}")
    parts.append(
        _table(("Module", "Functions"), [(f"`{m}`", ", ".join(f)) for m, f in by_module.items()])
    )
    return "\n".join(parts) + "\n"


def _standing(reason: Reason | None, result: Result) -> Reason | None:
    """The reason, if the runs do not contradict it: what moves a digest was reached, and is not
    the same. One that is contradicted was given for other runs, and has to be looked at again."""
    if reason is None or (result.moved and reason.why is not Why.UNJUDGED):
        return None
    return reason


def _measured(result: Result) -> Reason | None:
    return None if result.executed else UNEXECUTED


def _kind(reason: Reason | None) -> str:
    return NOT_LOOKED_AT if reason is None else str(reason.why)


def _count(reasons: Iterable[Reason | None], why: Why) -> int:
    return sum(reason is not None and reason.why is why for reason in reasons)


def _survivor(result: Result, reason: Reason | None, runs: int) -> str:
    path = result.module.replace(".", "/") + ".py"
    text = "" if reason is None else f" {reason.text}"
    moved = f" {result.moved} of {runs} digests moved." if result.moved else ""
    before = "\n".join(f"- {line}" for line in result.before)
    after = "\n".join(f"+ {line}" for line in result.after)
    return (
        f"`{path}:{result.line}` {result.function or 'table'} ({result.id}, {result.operator})\n\n"
        f"```diff\n{before}\n{after}\n```\n\n**{_kind(reason)}**.{text}{moved}\n"
    )


def _rate(name: str, results: Sequence[Result]) -> tuple[str, ...]:
    killed = sum(not each.survived for each in results)
    return name, str(len(results)), str(killed), _percent(killed, len(results))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _by(results: Sequence[Result], key: Callable[[Result], str]) -> list[tuple[str, ...]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return [_rate(name, groups[name]) for name in sorted(groups, key=lambda k: -len(groups[k]))]


def _killers(results: Sequence[Result]) -> list[tuple[str, ...]]:
    counts: dict[str, int] = {}
    for result in results:
        if not result.survived:
            counts[result.killer] = counts.get(result.killer, 0) + 1
    order = [entry.id for entry in CATALOGUE]
    ranked = sorted(counts, key=lambda k: (-counts[k], order.index(k) if k in order else -1, k))
    return [(name, str(counts[name])) for name in ranked]


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    PAGE.write_text(page(load()), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT).as_posix()}")


if __name__ == "__main__":
    main()
