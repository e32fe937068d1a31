"""Binds the commands, and turns every way to end into an exit code.

An error that homeostat raises on purpose is one line on stderr; anything else is a mistake
of ours and says so. Standard output holds results only.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from homeostat import __version__
from homeostat.cli import (
    cache,
    data,
    evidence,
    export,
    fuzz,
    govern,
    mutate,
    prove,
    prove_horizon,
    report,
    search,
    simulate,
    topology,
    trajectory,
    verify,
)
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import OptionError
from homeostat.errors import (
    CertificateRejectedError,
    HomeostatError,
    InvalidInputError,
    VacuousClaimError,
)

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="homeostat",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:  # noqa: FBT001  # the callback's signature is typer's
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def homeostat(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
        ),
    ] = False,
) -> None:
    """Settle claims about LLM-serving systems: proved, refuted by a witness, or open.

    Exit codes: 0 holds, 1 ledger drift or a hole in the kernel, 2 bad input, 3 internal error,
    10 proved within a bound, 20 refuted, 30 unknown, 40 evidence rejected, 50 vacuous,
    130 interrupted.
    """


app.command("verify")(verify.verify_claims)
app.command("trajectory")(trajectory.show_trajectory)
app.command("search")(search.search_witness)
app.command("fuzz")(fuzz.fuzz_suite)
app.command("replay")(evidence.replay_witness)
app.command("check")(evidence.check_certificate)
app.command("mutate")(mutate.mutate_certificates)
app.command("simulate")(simulate.simulate_trace)
app.command("topology")(topology.show_topology)
app.command("govern")(govern.govern_cluster)
app.command("report")(report.make_report)

proving = typer.Typer(
    name="prove", no_args_is_help=True, help="Prove a statement about every start at once."
)
proving.command("convergence")(prove.prove_convergence)
proving.command("horizon")(prove_horizon.prove_horizon)
app.add_typer(proving)

exporting = typer.Typer(
    name="export", no_args_is_help=True, help="Write a certificate for another checker."
)
exporting.command("coq")(export.export_coq)
app.add_typer(exporting)

caching = typer.Typer(
    name="cache", no_args_is_help=True, help="Caches of experts: replay policies on routes."
)
caching.command("replay")(cache.replay_cache)
app.add_typer(caching)

having = typer.Typer(name="data", no_args_is_help=True, help="Public traces, with pinned sha256.")
having.command("list")(data.list_data)
having.command("fetch")(data.fetch_data)
having.command("path")(data.show_path)
app.add_typer(having)


def _exit_code_of(error: HomeostatError) -> ExitCode:
    match error:
        case InvalidInputError() | OptionError():
            return ExitCode.USAGE
        case CertificateRejectedError():
            return ExitCode.REJECTED
        case VacuousClaimError():
            return ExitCode.VACUOUS
        case _:
            # Such as a canary that was not caught: our machinery is broken, not the input.
            return ExitCode.INTERNAL


def _complain(text: str) -> None:
    print(f"homeostat: {text}", file=sys.stderr)  # noqa: T201  # must work when rich does not


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing is raised.

    Args:
        arguments: What follows the program's name.
    """
    try:
        app(list(arguments), prog_name="homeostat")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    except HomeostatError as error:
        _complain(f"error: {error}")
        return _exit_code_of(error)
    except OSError as error:
        # The world's: a folder that takes no file, a full disk.
        _complain(f"error: {error}")
        return ExitCode.USAGE
    except KeyboardInterrupt:
        _complain("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:
        # The outermost fence: a mistake of ours ends in one line and its own exit code.
        if os.environ.get("HOMEOSTAT_TRACEBACK"):
            traceback.print_exc()
        _complain(
            f"internal error: {type(error).__name__}: {error} "
            "(set HOMEOSTAT_TRACEBACK=1 to see where)"
        )
        return ExitCode.INTERNAL
    return ExitCode.OK


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(run(sys.argv[1:]))
