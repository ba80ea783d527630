"""What a shrunk run leaves out of its scenario. The rest is zeros on its tape."""

import msgspec


class Cut(msgspec.Struct, frozen=True):
    """Nothing left out by default.

    What varies is drawn for the scenario as it was: what a cut leaves happens when it happened.

    Attributes:
        active_ns: the faults stop so long after the start; 0: when the scenario says.
        stop_ns: the run stops so long after the start, unasked what is asked of one that has
            ended; 0: at its end.
        instruments: ids that are not listed.
        strategies: numbers (from 1) of the scenario's strategies that do not take part.
        traders: numbers (from 1) of the workload's traders that do not take part.
    """

    active_ns: int = 0
    stop_ns: int = 0
    instruments: tuple[str, ...] = ()
    strategies: tuple[int, ...] = ()
    traders: tuple[int, ...] = ()
