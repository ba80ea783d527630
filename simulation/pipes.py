"""A child process's two pipes to the process that started it, out of reach of a user's code."""

import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO, NamedTuple


class Pipes(NamedTuple):
    read: BinaryIO
    write: BinaryIO

    @classmethod
    def take(cls) -> "Pipes":
        """Take standard input and output for ourselves, and make the process fit to serve.

        A strategy that prints shall reach the terminal, as standard error, and not the middle of
        an answer. Control-C is the parent's to act on. The working directory goes last on the
        path: a user's folder must never hide one of ours.
        """
        read = os.fdopen(os.dup(0), "rb")
        write = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        sys.stdout.flush()
        os.dup2(2, 1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.append(here)
        return cls(read, write)
