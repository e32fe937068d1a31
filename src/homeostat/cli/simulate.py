"""``homeostat simulate``: a trace through the scheduler, in simulated time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit, read_document, write_document
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import Json, OptionError, integer_option
from homeostat.cli.simulation_inputs import ENGINE, chosen_policies, setting_of
from homeostat.cli.terminal import note, results, search_bar

if TYPE_CHECKING:
    from homeostat.runtime.scheduler import Policy
    from homeostat.runtime.simulator import Run, Setting

__all__ = ["report_documents", "simulate_trace"]

_FIT_DEFAULT: Final = 100
_WINDOWS: Final = "fcfs+last-in+fixed,fcfs+last-in+adaptive"
_REPORTED: Final = {
    "vllm-rtx4090": "vllm,default,shortest+least-decoded+none,fcfs+reservation+none",
    "azure-code": "vllm,shortest+least-decoded+none,fcfs+reservation+none",
    "bursty": "vllm,shortest+least-decoded+none,fcfs+reservation+none",
}
"""What the report shows: the measured run first, whose step time the others take."""
_REPORTED_WINDOWS_MS: Final = (10, 1000)
"""Of the order of a step, and far above it."""
_LIMIT_MAX: Final = 10**9
_LIMITS: Final = ("kv_blocks", "block_tokens", "tokens_per_step", "sequences_max")
_WINDOW_MS: Final = 10


def simulate_trace(
    trace: Annotated[
        str,
        typer.Argument(
            metavar="TRACE", help="A file, a name from `homeostat data list`, or bursty (invented)."
        ),
    ],
    *,
    policy: Annotated[
        str,
        typer.Option(
            "--policy", help="Names, comma-separated: vllm, default, fcfs+last-in+none; all."
        ),
    ] = ENGINE,
    fit: Annotated[
        int | None,
        integer_option(
            "--fit", minimum=10, text="Fit the step time to the first N requests; 100 if not given."
        ),
    ] = None,
    step_time: Annotated[
        Path | None,
        typer.Option("--step-time", help="A step time, or the JSON of an earlier simulation."),
    ] = None,
    kv_blocks: Annotated[
        int | None,
        integer_option("--kv-blocks", minimum=1, maximum=_LIMIT_MAX, text="KV blocks."),
    ] = None,
    block_tokens: Annotated[
        int | None,
        integer_option("--block-tokens", minimum=1, maximum=_LIMIT_MAX, text="Tokens of a block."),
    ] = None,
    tokens_per_step: Annotated[
        int | None,
        integer_option(
            "--tokens-per-step", minimum=1, maximum=_LIMIT_MAX, text="Token budget of a step."
        ),
    ] = None,
    sequences_max: Annotated[
        int | None,
        integer_option(
            "--sequences-max", minimum=1, maximum=_LIMIT_MAX, text="Sequences that run at once."
        ),
    ] = None,
    window_ms: Annotated[
        int,
        integer_option(
            "--window-ms", minimum=1, maximum=_LIMIT_MAX, text="Width of the batching window."
        ),
    ] = _WINDOW_MS,
    overlap: Annotated[
        bool | None,
        typer.Option("--overlap/--no-overlap", help="Plan a step while the one before runs."),
    ] = None,
    reuse: Annotated[
        bool | None,
        typer.Option("--reuse/--no-reuse", help="Evicted sequences find what is left of their KV."),
    ] = None,
    bids: Annotated[
        int | None,
        integer_option("--bids", text="Seed of random bids, the highest worth 60 s of waiting."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for a page with plots.")
    ] = None,
    json: Json = False,
) -> None:
    """Serve a trace in simulated time, under one policy or several.

    The scheduler is the one that really runs. Limits, overlap and reuse that are not given are
    those of the measured run, or of the earlier simulation. Of a measured run only the first
    requests' times are fitted; all are compared with what comes out under the policy "vllm".
    Exit 0; 2 on bad input.

    For example:

        homeostat simulate vllm-rtx4090
        homeostat simulate vllm-rtx4090 --policy vllm,fcfs+reservation+none --out /tmp/page
        homeostat simulate vllm-rtx4090 --json > rtx4090.json
        homeostat simulate azure-code --step-time rtx4090.json --policy vllm,default
        homeostat simulate vllm-rtx4090 --policy vllm,default,priority+last-in+none --bids 1
    """
    if fit is not None and step_time is not None:
        raise OptionError(f"--fit={fit} and --step-time={step_time} exclude each other")
    policies = chosen_policies(policy, window_ms)
    runs: list[tuple[Policy, Run]] = []
    with search_bar("simulating") as show, _counted(runs, len(policies)):
        setting = setting_of(
            trace,
            dict(
                zip(
                    _LIMITS,
                    (kv_blocks, block_tokens, tokens_per_step, sequences_max),
                    strict=True,
                )
            ),
            fit_count=_FIT_DEFAULT if fit is None else fit,
            earlier=None if step_time is None else read_document(step_time),
            overlap=overlap,
            reuse=reuse,
            bids_seed=bids,
            progress=lambda number: show("fitting the step time", number, 0),
        )
        document = _document(setting, policies, runs, show)
    if out is not None:
        _write(document, out)
    if json:
        emit(document)
    else:
        _show(document)


def report_documents() -> tuple[list[dict[str, Any]], list[tuple[str, tuple[str, ...]]]]:
    """Return the simulations that the report shows, and (data set, its files) that are missing.

    Without the measured run there is no step time, so nothing is simulated.
    """
    from homeostat.runtime.traces.fetching import DATASETS, missing_files

    requests = [(name, held) for name, held in DATASETS.items() if held.kind == "requests"]
    lacking = [(name, missing_files(dataset)) for name, dataset in requests]
    missing = [(name, places) for name, places in lacking if places]
    found: list[dict[str, Any]] = []
    measured, *others = _REPORTED
    if measured in dict(missing):
        return found, missing
    for trace in (measured, *(name for name in others if name not in dict(missing))):
        setting = setting_of(
            trace,
            dict.fromkeys(_LIMITS),
            fit_count=_FIT_DEFAULT,
            earlier=found[0] if found else None,
            overlap=None,
            reuse=None,
        )
        policies = chosen_policies(_REPORTED[trace], _WINDOW_MS)
        for window_ms in _REPORTED_WINDOWS_MS:
            policies += chosen_policies(_WINDOWS, window_ms)
        found.append(_document(setting, policies, []))
    return found, missing


@contextmanager
def _counted(runs: "list[tuple[Policy, Run]]", total: int) -> Iterator[None]:
    """On Ctrl-C say how many policies were simulated."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted: {len(runs)} of {total} policies simulated")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _document(
    setting: "Setting",
    policies: "list[Policy]",
    runs: "list[tuple[Policy, Run]]",
    show: Any = None,
) -> dict[str, Any]:
    """Simulate under each policy, and append to ``runs`` what is done."""
    from homeostat.runtime.simulator import simulation_document

    for policy in policies:
        runs.append((policy, _run(setting, policy, show)))
    return simulation_document(setting, runs)


def _run(setting: "Setting", policy: "Policy", show: Any) -> "Run":
    from homeostat.runtime.scheduler import Scheduler
    from homeostat.runtime.simulator import demand_conserved, simulate

    total = len(setting.requests)
    run = simulate(
        setting.requests,
        Scheduler(setting.limits, policy),
        setting.step_time,
        overlap=setting.overlap,
        reuse=setting.reuse,
        progress=show and (lambda done: show(policy.name, done, total)),
    )
    demand_conserved(setting.requests, run)
    return run


def _write(document: dict[str, Any], out: Path) -> None:
    from homeostat.proofs.report.simulation import write_simulation

    page = write_simulation([document], out)
    write_document(out / "simulation.json", document)
    note(f"wrote {page}")


def _show(document: dict[str, Any]) -> None:
    console = results()
    if document["fit"]:
        console.print(_fit_line(document["fit"]))
    if document["comparison"]:
        console.print(_comparison_table(document))
    console.print(_policy_table(document))
    if document["bids"]:
        console.print(_bid_table(document))
    refused = sum(run["refused"] for run in document["runs"])
    if refused:
        console.print(
            f"{refused} requests were refused: too long for the KV memory, or the queue full"
        )


def _fit_line(fit: dict[str, Any]) -> str:
    time = fit["step_time"]
    return (
        f"step time from the first {fit['requests']} requests: {time['step_ns'] / 1e6:.2f} ms"
        f" + {time['prefill_token_ns'] / 1e3:.1f} us a prefill token"
        f" + {time['context_token_ns'] / 1e3:.3f} us a KV token read"
        f" + {time['attention_pair_ns']:.2f} ns an attention pair;"
        f" these requests' times are met within {fit['error_mean_ns'] / 1e9:.2f} s in the mean"
    )


def _comparison_table(document: dict[str, Any]) -> Table:
    table = _table(
        "Simulated, and measured; published is the error of the best simulator that we know",
        ("figure", "simulated", "measured", "error", "published"),
    )
    for row in document["comparison"]:
        table.add_row(
            row["name"],
            f"{row['simulated']:.4g}",
            f"{row['measured']:.4g}",
            "" if row["relative_error"] is None else f"{row['relative_error']:+.2%}",
            f"{row['published_error']:.1%}",
        )
    return table


def _policy_table(document: dict[str, Any]) -> Table:
    trace = document["trace"]
    titles = ("policy", "TTFT", "p50", "p99", "TPOT", "end", "evicted", "waste", "Jain")
    table = _table(f"{trace['name']}: {trace['requests']} requests; s, and ms of TPOT", titles)
    for run in document["runs"]:
        summary = run["summary"]
        ttft, tpot = summary["ttft_ns"], summary["tpot_ns"]
        table.add_row(
            Text(run["policy"]),
            *(f"{ttft[name] / 1e9:.2f}" for name in ("mean", "p50", "p99")),
            f"{tpot['mean'] / 1e6:.1f}" if tpot else "",
            f"{summary['makespan_ns'] / 1e9:.1f}",
            str(summary["evictions"]),
            f"{summary['waste']:.1%}",
            f"{summary['jain_index']:.3f}",
        )
    return table


def _bid_table(document: dict[str, Any]) -> Table:
    titles = ("policy", "lowest quarter", "second", "third", "highest")
    table = _table(
        "Mean TTFT by bid, s; bids are random, the highest worth 60 s of waiting", titles
    )
    for run in document["runs"]:
        means = ("" if mean is None else f"{mean:.2f}" for mean in run["ttft_by_bid_s"])
        table.add_row(Text(run["policy"]), *means)
    return table


def _table(title: str, titles: tuple[str, ...]) -> Table:
    """Return an empty table: words at the left, which fold, then numbers."""
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(titles[0], overflow="fold")
    for name in titles[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table
