"""A launcher of workers that have gone blind: `python blind_worker.py HOW MODULE`.

What a careless change would do to the judge, done from outside.
"""

import runpy
import sys


def blind(how: str) -> None:
    if how == "monitor-notes-nothing":
        from invariants.monitor import Monitor

        Monitor._note = lambda self, property_id, found: None  # type: ignore[method-assign]
    elif how == "property-stubbed":
        from invariants.orders import StateIsTheFoldOfEvents

        StateIsTheFoldOfEvents.turn = lambda self, evidence: None  # type: ignore[method-assign]
    elif how == "fault-switched-off":
        from simulation.faults import FaultKind
        from simulation.injection import Faults

        fires = Faults.fires

        def seldom(self: Faults, kind: FaultKind, where: str) -> bool:
            return kind is not FaultKind.DELAY and fires(self, kind, where)

        Faults.fires = seldom  # type: ignore[method-assign]
    elif how == "probe-removed":
        from invariants.evidence import Evidence

        saw = Evidence.saw

        def blinking(self: Evidence, probe: str) -> None:
            if probe != "denied":
                saw(self, probe)

        Evidence.saw = blinking  # type: ignore[method-assign]
    elif how == "passes-everything":
        import simulation.worker
        from simulation.outcome import Outcome, Verdict

        def green(code: str = "") -> Outcome:
            return Outcome("canary", 0, Verdict.PASS, "", 0, "canary@0")

        simulation.worker.sing = green
        worker = sys.modules["simulation.worker"]
        worker.serve(worker.Runner)
        raise SystemExit(0)


if __name__ == "__main__":
    blind(sys.argv[1])
    runpy.run_module(sys.argv[2], run_name="__main__", alter_sys=True)
