"""``homeostat data``: the public traces that measurements are about, and where they are."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from homeostat.cli.documents import emit
from homeostat.cli.options import Json
from homeostat.cli.terminal import note, results

if TYPE_CHECKING:
    from homeostat.runtime.traces.fetching import Dataset

__all__ = ["fetch_data", "list_data", "show_path"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `homeostat data list` shows it.")]


def list_data(*, json: Json = False) -> None:
    """Show the data sets that are known, and whether they are on this machine.

    They are looked for in the folder that the environment variable HOMEOSTAT_DATA names, else in
    the user's cache.

    For example:

        homeostat data list
        homeostat data list --json
    """
    from homeostat.runtime.traces.fetching import DATASETS, data_folder

    folder = data_folder()
    document = _document(DATASETS.values(), folder)
    if json:
        emit(document)
        return
    table = Table()
    for title in ("name", "what it holds", "source", "state"):
        table.add_column(title, overflow="fold")
    for entry in document["datasets"]:
        state = "; ".join(sorted({file["state"] for file in entry["files"]}))
        table.add_row(*map(Text, (entry["name"], entry["title"], entry["source"], state)))
    results().print(table)
    note(f"looked for in {folder}")


def fetch_data(name: Name, *, json: Json = False) -> None:
    """Download a data set from its public source, unless it is here.

    What comes is kept only if its sha256 is the pinned one. Exit 0 when all files are here; 2 when
    one could not be had, or is another file.

    For example:

        homeostat data fetch azure-code
        HOMEOSTAT_DATA=data homeostat data fetch azure-code --json
    """
    from homeostat.runtime.traces.fetching import data_folder, dataset_named, fetch

    dataset, folder = dataset_named(name), data_folder()
    paths = fetch(dataset, folder)
    if json:
        emit(_document([dataset], folder))
    else:
        for path in paths:
            results().print(str(path))


def show_path(name: Name, *, json: Json = False) -> None:
    """Print where the trace of a data set is; exit 2 when it is not here.

    For example:

        homeostat data path azure-code
        wc -l "$(homeostat data path azure-code)"
    """
    from homeostat.runtime.traces.fetching import data_folder, dataset_named, find_data

    folder = data_folder()
    path = find_data(name, folder)
    if json:
        emit(_document([dataset_named(name)], folder))
    else:
        results().print(str(path))


def _document(datasets: "Iterable[Dataset]", folder: Path) -> dict[str, Any]:
    from homeostat.runtime.traces.fetching import state_of

    return {
        "schema": "homeostat.data/1",
        "folder": str(folder),
        "datasets": [
            {
                "name": dataset.name,
                "title": dataset.title,
                "source": dataset.source,
                "files": [
                    {
                        "path": str(folder / file.place),
                        "sha256": file.sha256,
                        "url": file.url,
                        "state": state_of(file, folder),
                    }
                    for file in dataset.files
                ],
            }
            for dataset in datasets
        ],
    }
