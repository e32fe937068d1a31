"""The two consoles, and progress bars: results go to stdout, everything else to stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from homeostat.cli.exits import ExitCode

__all__ = ["interrupted", "note", "progress_bar", "results", "search_bar"]


def results() -> Console:
    """Return the console of results; no markup, so that brackets in them stay."""
    return Console(markup=False, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """Print one line that is no result, such as where a file was written, to stderr."""
    Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(text)


def interrupted(store: Path | None) -> typer.Exit:
    """Say that Ctrl-C ended the command, and how to go on; return the exit to raise."""
    note("interrupted" + (f"; the same command goes on from {store}" if store else ""))
    return typer.Exit(ExitCode.INTERRUPTED)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def progress_bar(description: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Show a bar on stderr while the block runs; only on a terminal.

    Args:
        description: What is being done.
        total: Number of parts, where it is known.

    Yields:
        A function to call at each part done, with the part's name.
    """
    with _bar(Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total)

        def advance(part: str) -> None:
            bar.update(task, advance=1, description=f"{description} {part}")

        yield advance


@contextmanager
def search_bar(description: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for work that tells itself what it does and how far it is.

    Args:
        description: What is being done.

    Yields:
        A function of (what is being done now, how much is done, the total or 0).
    """
    with _bar(Console(stderr=True)) as bar:
        task = bar.add_task(description, total=None)

        def set_to(doing: str, done: int, total: int) -> None:
            text = f"{description}: {doing}"
            bar.update(task, completed=done, total=total or None, description=text)

        yield set_to
