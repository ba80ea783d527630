"""What a command line adds to a scenario. Light to import: a token is read before a kernel is."""

import msgspec

from simulation.token import Token


class RunOptions(msgspec.Struct, frozen=True):
    """Which run, and on what code.

    Attributes:
        scenario: built-in name or MODULE:FUNCTION.
        faults: profile name that overrides the scenario's, or "".
        market_files: recordings to put behind the venue instead of the scenario's market.
        market: first 12 hex digits of their hash, or "".
        bug: zoo id of the patch the process runs under, or "".
        code: hash of the code, see `simulation.token`.
        schedule: of the ties (`simulation.schedules`) instead of the scenario's, or "".
        near: which neighbour of the seed it is ("3.1"), or "": see `simulation.neighbours`.
    """

    scenario: str = "default"
    faults: str = ""
    market_files: tuple[str, ...] = ()
    market: str = ""
    bug: str = ""
    code: str = ""
    schedule: str = ""
    near: str = ""

    def token(self, seed: int) -> Token:
        return Token(
            self.scenario,
            seed,
            self.code,
            self.faults,
            self.market,
            self.bug,
            self.schedule,
            self.near,
        )

    @classmethod
    def of_token(cls, token: Token, market_files: tuple[str, ...] = ()) -> "RunOptions":
        """The run that a token names, on `market_files` where it names a recording."""
        return cls(
            token.scenario,
            token.faults,
            market_files,
            token.market,
            token.bug,
            token.code,
            token.schedule,
            token.near,
        )
