"""The command line: ``homeostat verify``, ``search``, ``replay`` and the others.

Each command is one file; ``application`` binds them and turns errors into exit codes.
What is slow to import is imported inside the command that needs it, so that
``homeostat --help`` answers at once.
"""

from homeostat.cli.application import app, main, run
from homeostat.cli.exits import ExitCode

__all__ = ["ExitCode", "app", "main", "run"]
