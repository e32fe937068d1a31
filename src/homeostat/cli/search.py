"""``homeostat search``: look for the smallest exact counterexample to a conjecture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from homeostat.cli.documents import emit, write_document
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import Jobs, Json, Seed, integer_option
from homeostat.cli.ranges import integers, rationals
from homeostat.cli.terminal import note, search_bar
from homeostat.errors import InvalidInputError

if TYPE_CHECKING:
    from homeostat.counterexamples import Conjecture, SearchResult, SearchSpace

__all__ = ["SCHEMA", "search_witness"]

SCHEMA: Final = "homeostat.search/1"
_HEADLINES: Final = {
    "refuted": "refuted",
    "exhausted": "no counterexample in the whole space below, decided exactly",
    "open": "open, no counterexample found",
}

Plan: TypeAlias = tuple[Any, Any]
"""(method, start) as written; the search itself says which words it takes."""


def search_witness(
    conjecture: Annotated[
        str,
        typer.Argument(metavar="CONJECTURE", help="A name, or path/to/file.py:name for your own."),
    ],
    *,
    method: Annotated[
        str | None, typer.Option("--method", help="grid, random or smt; each start's own if none.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="canonical or free; both if not given.")
    ] = None,
    l0: Annotated[str | None, typer.Option("--l0", help="As 1..20 or 1,2,5.")] = None,
    l_a: Annotated[
        str | None, typer.Option("--l-a", help="As 1..4; all below l_b if none.")
    ] = None,
    l_b: Annotated[str | None, typer.Option("--l-b", help="As 2..5.")] = None,
    q: Annotated[
        str | None, typer.Option("--q", help="As 1/20..19/20:1/20; with smt also: any.")
    ] = None,
    steps: Annotated[
        int | None, integer_option("--steps", minimum=1, text="Last step looked at.")
    ] = None,
    lattice: Annotated[
        int | None,
        integer_option(
            "--lattice", minimum=1, text="Free starts in a grid: shares in units of 1/N."
        ),
    ] = None,
    samples: Annotated[
        int | None,
        integer_option("--samples", minimum=1, text="Starts drawn by the random method."),
    ] = None,
    stable_only: Annotated[
        bool, typer.Option("--stable-only", help="Only parameters for which Theory converges.")
    ] = False,
    minimise: Annotated[
        bool, typer.Option("--minimise/--no-minimise", help="Make the witness smaller.")
    ] = True,
    jobs: Jobs = 1,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for the witness; the smallest one of all starts."),
    ] = None,
    json: Json = False,
) -> None:
    """Search for a counterexample; only what replays in exact fractions is shown.

    Exit 20 with the smallest witness when refuted (it is also written to a file), 0 when
    the stated finite space was decided exactly and holds none, 30 otherwise.

    For example:

        homeostat search g-dominance
        homeostat search g-dominance --start canonical --l0 1..50 --l-b 3..6 --stable-only
        homeostat search max-dominance --method smt --start free --l0 1 --l-b 3 --steps 3
        homeostat search docs/examples/lyapunov.py:lyapunov_dominance
    """
    tried = _conjecture(conjecture)
    axes = _axes(l0, l_a, l_b, q)
    axes |= {"steps": steps, "lattice": lattice, "samples": samples}
    axes |= {"stable_only": stable_only or None}
    plans = _plans(tried, method, start)
    options = {"minimise": minimise, "jobs": jobs, "seed": seed}
    results = _run_all(tried, [(plan, _space(tried, plan, axes)) for plan in plans], options)
    files = _write_witnesses(tried, plans, results, out)
    document = _document(tried, plans, results, files)
    if json:
        emit(document)
    else:
        _show(document, conjecture)
    raise typer.Exit(_exit_code(document))


def _conjecture(name: str) -> "Conjecture":
    from homeostat.counterexamples import find_conjecture, load_conjecture

    if ":" in name or name.endswith(".py"):
        return load_conjecture(name)
    return find_conjecture(name.removeprefix("batching.").replace("-", "_"))


def _axes(l0: str | None, l_a: str | None, l_b: str | None, q: str | None) -> dict[str, Any]:
    """Return what was asked for, by the field of the space; None where nothing was."""
    return {
        "l0s": None if l0 is None else rationals(l0, "l0"),
        "l_as": None if l_a is None else integers(l_a, "l_a"),
        "l_bs": None if l_b is None else integers(l_b, "l_b"),
        "qs": "any" if q == "any" else None if q is None else rationals(q, "q"),
    }


def _plans(tried: "Conjecture", method: str | None, start: str | None) -> list[Plan]:
    """Return the searches to run: by default one for each start that it admits."""
    if start is not None:
        starts: tuple[str, ...] = (start,)
    else:
        starts = ("canonical",) if "canonical" in tried.assumes else ("canonical", "free")
    return [(method or "grid", one) for one in starts]


def _space(tried: "Conjecture", plan: Plan, axes: Mapping[str, Any]) -> "SearchSpace":
    from homeostat.counterexamples import default_space

    method, start = plan
    asked = {name: value for name, value in axes.items() if value is not None}
    if asked.get("qs") == "any":
        if method != "smt":
            raise InvalidInputError(f"q='any' with method={method!r} must be a list or a range")
        asked["qs"] = None
    space: SearchSpace = replace(default_space(start, method, tried), **asked)
    return space


def _run_all(
    tried: "Conjecture",
    searches: Sequence[tuple[Plan, "SearchSpace"]],
    options: Mapping[str, Any],
) -> list["SearchResult"]:
    """Run one search after the other; stop after one that was interrupted."""
    from homeostat.counterexamples import search

    results: list[SearchResult] = []
    for (method, start), space in searches:
        with search_bar(f"{method}, {start} start") as progress:
            result = search(
                tried, method=method, start=start, space=space, progress=progress, **options
            )
        results.append(result)
        if result.interrupted:
            break
    return results


def _write_witnesses(
    tried: "Conjecture",
    plans: Sequence[Plan],
    results: Sequence["SearchResult"],
    out: Path | None,
) -> list[str | None]:
    """Write each witness, or with ``out`` the smallest, and return the files, by search."""
    from homeostat.counterexamples.results import order

    found = [(i, result.witness) for i, result in enumerate(results) if result.witness is not None]
    if out is not None and found:
        found = [min(found, key=lambda entry: order(entry[1]))]
    files: list[str | None] = [None] * len(results)
    for i, witness in found:
        path = out or Path(f"{tried.name}.{plans[i][1]}.witness.json")
        try:
            write_document(path, witness.to_json())
        except OSError as error:
            # What was found is worth more than its file: it is still shown.
            note(f"not written to {path}: {error}")
        else:
            files[i] = str(path)
    return files


def _document(
    tried: "Conjecture",
    plans: Sequence[Plan],
    results: Sequence["SearchResult"],
    files: Sequence[str | None],
) -> dict[str, Any]:
    done = zip(plans, results, files, strict=False)
    searches = [
        {"method": method, "start": start, "file": file, **result.to_json()}
        for (method, start), result, file in done
    ]
    if any(result.witness for result in results):
        verdict = "refuted"
    elif len(results) == len(plans) and all(result.exhausted for result in results):
        verdict = "exhausted"
    else:
        verdict = "open"
    return {
        "schema": SCHEMA,
        "conjecture": tried.name,
        "statement": tried.statement,
        "verdict": verdict,
        "interrupted": any(result.interrupted for result in results),
        "searches": searches,
    }


def _exit_code(document: Mapping[str, Any]) -> ExitCode:
    if document["interrupted"] and document["verdict"] != "refuted":
        return ExitCode.INTERRUPTED
    codes = {"refuted": ExitCode.REFUTED, "exhausted": ExitCode.OK, "open": ExitCode.UNKNOWN}
    return codes[document["verdict"]]


def _show(document: Mapping[str, Any], source: str) -> None:
    typer.echo(f"{_HEADLINES[document['verdict']]}: {document['statement']}")
    for search in document["searches"]:
        typer.echo(f"\n{search['method']}, {search['start']} start")
        if search["witness"]:
            _show_witness(search["witness"])
        typer.echo(
            f"  {search['witnesses_found']} candidates replayed exactly, "
            f"{search['candidates_rejected']} did not and were dropped"
        )
        typer.echo(f"  covered: {search['covered']}")
        if search["file"]:
            typer.echo(f"  written to {search['file']}")
            own = f" --conjecture {source}" if ":" in source else ""
            note(f"check it: homeostat replay {search['file']}{own}")


def _show_witness(witness: Mapping[str, Any]) -> None:
    system = ", ".join(f"{name} = {value}" for name, value in witness["parameters"].items())
    typer.echo(f"  fails at t = {witness['step']} for {system}")
    typer.echo(f"  from the start [{', '.join(witness['start'])}]")
    for name, value in witness["observed"].items():
        typer.echo(f"  {name} = {value}")
