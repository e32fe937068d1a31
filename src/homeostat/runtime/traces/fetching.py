"""Public data files: where they are on this machine, and how they come here.

A file lies in the folder that the environment variable HOMEOSTAT_DATA names, else in the user's
cache; it counts only if its sha256 is the pinned one, so whoever delivered it, it is the file that
our figures are about. The hashes were taken from the files that we measured. Azure's address is
the file's place in the public repository; it has not been tried, as our tests never leave the
machine, and the hash decides. Of the other files we know the repositories but no addresses, so they
can be found and not fetched.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pooch

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.files import kind_of

__all__ = [
    "DATASETS",
    "DATA_VARIABLE",
    "DataFile",
    "Dataset",
    "MissingDataError",
    "data_folder",
    "dataset_named",
    "fetch",
    "find_data",
    "missing_files",
    "state_of",
]

DATA_VARIABLE: Final = "HOMEOSTAT_DATA"
_TIMEOUT_S: Final = 30
_MODE: Final = 0o644
"""Public data is for every user of the machine, as far as the umask allows."""


class MissingDataError(InvalidInputError):
    """A data file is not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a data set.

    Attributes:
        place: Path below the data folder.
        sha256: Of its content.
        url: Where it can be had, if anyone knows.
    """

    place: str
    sha256: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Files that belong together; the first is the trace.

    Attributes:
        name: As on the command line.
        title: What it holds.
        source: Who published it, and under which licence.
        files: One or more.
        kind: What the first file holds: requests, routes of tokens to experts, how often one
            expert follows another, or the nodes of a cluster.
    """

    name: str
    title: str
    source: str
    files: tuple[DataFile, ...]
    kind: Literal["requests", "routes", "transitions", "cluster"] = "requests"


_AZURE: Final = "https://raw.githubusercontent.com/Azure/AzurePublicDataset/master/data"
_RTX4090: Final = "vllm-rtx4090/RTX4090_Llama-3.1-8B"

DATASETS: Final[Mapping[str, Dataset]] = {
    "azure-code": Dataset(
        name="azure-code",
        title="8,819 requests to a code assistant in one hour of 2023",
        source="Azure/AzurePublicDataset, CC-BY-4.0",
        files=(
            DataFile(
                place="azure-llm-2023/AzureLLMInferenceTrace_code.csv",
                sha256="54e9a6d2a4bd06ba1e060304b900abbc74cbea53de96506e60fe5bb4f2277fb6",
                url=f"{_AZURE}/AzureLLMInferenceTrace_code.csv",
            ),
        ),
    ),
    "vllm-rtx4090": Dataset(
        name="vllm-rtx4090",
        title="300 requests to an overloaded vLLM 0.19, Llama-3.1-8B on one RTX 4090",
        source="casys-kaist/LLMServingSim, MIT",
        files=(
            DataFile(
                place=f"{_RTX4090}_requests.jsonl",
                sha256="5a6f2a0b09d5eb84bd75b30ed625d883c22b4bcc0a839cd1128ae42f74ecc90d",
            ),
            DataFile(
                place=f"{_RTX4090}_meta.json",
                sha256="56cbcb2a08e9fe6f67d60cad8ee545f86c874f82b46ab413da484f331417b2fc",
            ),
            DataFile(
                place=f"{_RTX4090}_timeseries.csv",
                sha256="f99d474f8d8a2c52f986fb27e46832a1627fc908d7570852b016573b89ab3173",
            ),
        ),
    ),
    "qwen3-routes": Dataset(
        name="qwen3-routes",
        title="experts of a prompt and 128 output tokens of Qwen3-30B-A3B, 48 layers, top-6 of 128",
        source="Helldez/BigMoeOnEdge, Apache-2.0",
        files=(
            DataFile(
                place="moe-routes/qwen3-30b-a3b.route.csv",
                sha256="38257865c1447b5659b19696392f63df3bfcc1763b8050cb5a463b0aa999ead9",
            ),
        ),
        kind="routes",
    ),
    "qwen1.5-transitions": Dataset(
        name="qwen1.5-transitions",
        title="which top expert follows which, counts of Qwen1.5-MoE-A2.7B, 24 layers of 60",
        source="Yuelinfeng/mixtral-offloading, MIT",
        files=(
            DataFile(
                place="moe-transitions/qwen1.5-moe-a2.7b.counts.npy",
                sha256="39084f5bbc97334f8e1e47928234a140fe3870c799d4b471cc7ea32ad910c1f1",
            ),
        ),
        kind="transitions",
    ),
    "openb-gpu": Dataset(
        name="openb-gpu",
        title="a GPU cluster of 1,213 nodes and 6,212 GPUs, 8,152 pods, published allocations",
        source="hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0",
        files=(
            DataFile(
                place="openb-gpu-2023/openb_node_list_gpu_node.csv",
                sha256="2beca64b4d3dfa342036a34b56a495c6cef9225db836c81f541282cb1df320b5",
            ),
            DataFile(
                place="openb-gpu-2023/openb_pod_list_default.csv",
                sha256="1ee7ed79c27a3b0861cda8ddba86a004c6aba904caafa329a76ae93ca63834a8",
            ),
            DataFile(
                place="openb-gpu-2023/published_allocation.csv",
                sha256="c068f15685b081ad648899f0ec50888aa435d2885cbc504dc4452e1724002e0c",
            ),
        ),
        kind="cluster",
    ),
}


def data_folder() -> Path:
    """Return the folder of data files, which need not exist."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named).absolute() if named else Path(pooch.os_cache("homeostat"))


def dataset_named(name: str) -> Dataset:
    """Return the data set of that name.

    Raises:
        InvalidInputError: There is none.
    """
    if name not in DATASETS:
        raise InvalidInputError(f"data {name!r} must be one of {', '.join(DATASETS)}")
    return DATASETS[name]


def missing_files(dataset: Dataset, folder: Path | None = None) -> tuple[str, ...]:
    """Return the places of a data set's files that are not in the folder."""
    root = folder or data_folder()
    return tuple(file.place for file in dataset.files if kind_of(root / file.place) != "file")


def state_of(file: DataFile, folder: Path) -> Literal["here", "missing", "another file"]:
    """Return whether a file is in the folder, with the content that is pinned.

    Raises:
        InvalidInputError: It cannot be read.
    """
    path = folder / file.place
    kind = kind_of(path)
    if kind == "nothing":
        return "missing"
    return "here" if kind == "file" and _sha256(path) == file.sha256 else "another file"


def find_data(name: str, folder: Path | None = None) -> Path:
    """Return the path of a data set's trace, of which all files are here and are the right ones.

    Args:
        name: Of the data set.
        folder: Of data files; by default that of ``data_folder``.

    Raises:
        MissingDataError: A file is not here; the message says how to get it.
        InvalidInputError: The name means no data set, or a file has another content.
    """
    dataset, root = dataset_named(name), folder or data_folder()
    missing = missing_files(dataset, root)
    if missing:
        raise MissingDataError(
            f"{', '.join(missing)} must be in {root}: set {DATA_VARIABLE}, or run "
            f"`homeostat data fetch {name}`"
        )
    for file in dataset.files:
        _demand_content(root / file.place, file)
    return root / dataset.files[0].place


def fetch(dataset: Dataset, folder: Path | None = None) -> tuple[Path, ...]:
    """Bring the files of a data set here, unless they are, and return their paths.

    A file is written whole or not at all, and only if its hash is right. A file that is here with
    another content is never replaced.

    Args:
        dataset: What to bring.
        folder: Where to; by default ``data_folder``.

    Raises:
        MissingDataError: It could not be had, or no address is known.
        InvalidInputError: What came, or what is here, is another file.
    """
    root = folder or data_folder()
    return tuple(_fetch_one(dataset, file, root) for file in dataset.files)


def _fetch_one(dataset: Dataset, file: DataFile, root: Path) -> Path:
    path = root / file.place
    if kind_of(path) != "nothing":
        _demand_content(path, file)
        return path
    if file.url is None:
        raise MissingDataError(
            f"{path} must be brought by hand: no address of it is known. It is from "
            f"{dataset.source}, and its sha256 must be {file.sha256}"
        )
    # The command says what it does, and libraries do not talk.
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S),
        )
        path.chmod(_MODE & ~_umask())
    except OSError as error:
        raise MissingDataError(f"{path} could not be had from {file.url}: {error}") from error
    except ValueError as error:
        raise InvalidInputError(
            f"what {file.url} answered must have sha256={file.sha256}: {error}"
        ) from error
    return path


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sha256(path: Path) -> str:
    if kind_of(path) != "file":
        raise InvalidInputError(f"{path} must be a regular file")
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInputError(f"{path} must be readable: {error.strerror}") from error


def _demand_content(path: Path, file: DataFile) -> None:
    """Refuse a file that is not the one that was pinned."""
    found = _sha256(path)
    if found != file.sha256:
        raise InvalidInputError(
            f"{path} must have sha256={file.sha256}, has {found}; it is another file"
        )
