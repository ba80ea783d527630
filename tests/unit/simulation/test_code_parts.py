"""What changed between two codes is named by package, file and dependency."""

from simulation.token import changed_parts, code_parts


def test_every_part_of_the_code_is_named() -> None:
    parts = code_parts()
    assert {"engine/kernel.py", "invariants/monitor.py", "simulation/world.py"} <= parts.keys()
    assert parts["msgspec"].count(".") >= 1
    assert changed_parts(parts, parts) == []


def test_files_are_grouped_by_package_and_dependencies_show_both_versions() -> None:
    before = {"engine/a.py": "1", "engine/b.py": "1", "engine/gone.py": "1", "msgspec": "0.18"}
    now = {"engine/a.py": "1", "engine/b.py": "2", "user/mine": "1", "msgspec": "0.19"}
    assert changed_parts(before, now) == [
        "msgspec 0.18 -> 0.19",
        "engine: b.py, gone.py (gone)",
        "user: mine (new)",
    ]


def test_a_long_list_is_counted() -> None:
    now = {f"engine/m{number}.py": "2" for number in range(9)}
    (line,) = changed_parts(dict.fromkeys(now, "1"), now)
    assert line.endswith("m5.py and 3 more")
