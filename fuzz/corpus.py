"""`python -m fuzz.corpus`: write the inputs that every search begins with, from the targets' seeds.

Each target names its own: valid inputs and nearly valid ones, all clean. Those of the simulation
are the choices of seeded runs, written as bytes; they stay good whatever changes, since any bytes
make some run, but new ones fit a changed kernel better.
"""

from fuzz.hunt import corpus_of
from fuzz.targets import TARGETS, module_of


def main() -> None:
    for target in TARGETS.values():
        folder = corpus_of(target)
        folder.mkdir(parents=True, exist_ok=True)
        seeds = module_of(target).seeds()
        for path in sorted(folder.iterdir()):
            if path.name not in seeds:
                path.unlink()
        for name, data in seeds.items():
            (folder / name).write_bytes(data)
        print(f"{target.name}: {len(seeds)} inputs")  # noqa: T201


if __name__ == "__main__":
    main()
