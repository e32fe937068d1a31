import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.fetching import (
    DATA_VARIABLE,
    DATASETS,
    DataFile,
    Dataset,
    MissingDataError,
    data_folder,
    fetch,
    find_data,
    missing_files,
    state_of,
)

CONTENT = b"TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01 00:00:00.0,1,1\n"


class Source:
    """A public source on this machine, that counts what it is asked."""

    def __init__(self, folder: Path) -> None:
        asked: list[str] = []

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:  # the name is the library's
                asked.append(self.path)
                super().do_GET()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.asked = asked
        self.folder = folder
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "trace.csv").write_bytes(CONTENT)
    served = Source(folder)
    thread = Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.server.shutdown()
    thread.join()
    served.server.server_close()


def _dataset(source: Source, content: bytes = CONTENT) -> Dataset:
    file = DataFile(
        place="made/trace.csv",
        sha256=hashlib.sha256(content).hexdigest(),
        url=f"{source.url}/trace.csv",
    )
    return Dataset(name="made", title="Made up", source="nobody", files=(file,))


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if not path.is_dir()]


def test_a_good_file_comes_whole_and_only_once(source: Source, tmp_path: Path) -> None:
    dataset, here = _dataset(source), tmp_path / "data"
    assert missing_files(dataset, here) == ("made/trace.csv",)
    for _ in range(2):
        (path,) = fetch(dataset, here)
        assert path == here / "made" / "trace.csv"
        assert path.read_bytes() == CONTENT
    assert source.asked == ["/trace.csv"]
    assert _files(here) == ["trace.csv"]
    assert missing_files(dataset, here) == ()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_fetched_file_is_readable_as_far_as_the_umask_says(
    umask: int, mode: int, source: Source, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        (path,) = fetch(_dataset(source), tmp_path / "data")
        assert os.umask(umask) == umask, "fetching leaves the umask as it was"
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode


def test_a_file_that_cannot_be_looked_at_is_bad_input(tmp_path: Path) -> None:
    file = replace(DATASETS["azure-code"].files[0], place="x" * 300)
    dataset = replace(DATASETS["azure-code"], files=(file,))
    for look in (
        lambda: state_of(file, tmp_path),
        lambda: missing_files(dataset, tmp_path),
        lambda: fetch(dataset, tmp_path),
    ):
        with pytest.raises(InvalidInputError, match=r"must be a readable file.*too long"):
            look()


def test_a_folder_in_the_place_of_a_file_is_another_file(tmp_path: Path) -> None:
    file = DATASETS["azure-code"].files[0]
    assert state_of(file, tmp_path) == "missing"
    (tmp_path / file.place).mkdir(parents=True)
    assert state_of(file, tmp_path) == "another file"


def test_a_file_that_the_system_does_not_read_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = DATASETS["azure-code"].files[0]
    path = tmp_path / file.place
    path.parent.mkdir(parents=True)
    path.write_text("x")
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(InvalidInputError, match="must be readable: Permission denied"):
        state_of(file, tmp_path)


def test_a_file_of_another_content_is_not_kept(source: Source, tmp_path: Path) -> None:
    dataset, here = _dataset(source, CONTENT + b"\n"), tmp_path / "data"
    wanted = dataset.files[0].sha256
    with pytest.raises(InvalidInputError, match=f"trace.csv answered must have sha256={wanted}"):
        fetch(dataset, here)
    assert _files(here) == []


def test_a_source_that_has_no_such_file_is_named(source: Source, tmp_path: Path) -> None:
    dataset, here = _dataset(source), tmp_path / "data"
    (source.folder / "trace.csv").unlink()
    with pytest.raises(MissingDataError, match=rf"{re.escape(source.url)}/trace.csv: 404"):
        fetch(dataset, here)
    assert _files(here) == []


def test_a_source_that_does_not_answer_is_named(source: Source, tmp_path: Path) -> None:
    file = replace(_dataset(source).files[0], url="http://127.0.0.1:9/trace.csv")
    with pytest.raises(MissingDataError, match=r"could not be had from http://127.0.0.1:9"):
        fetch(replace(_dataset(source), files=(file,)), tmp_path / "data")


def test_a_fetch_that_failed_can_be_repeated(source: Source, tmp_path: Path) -> None:
    dataset, here = _dataset(source), tmp_path / "data"
    (source.folder / "trace.csv").write_bytes(CONTENT[:-9])
    with pytest.raises(InvalidInputError):
        fetch(dataset, here)
    (source.folder / "trace.csv").write_bytes(CONTENT)
    assert fetch(dataset, here)[0].read_bytes() == CONTENT


def test_a_file_that_is_here_with_another_content_is_never_replaced(
    source: Source, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "made" / "trace.csv"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(InvalidInputError, match="it is another file"):
        fetch(_dataset(source), tmp_path / "data")
    assert path.read_text() == "mine"
    assert source.asked == []


def test_a_file_without_an_address_says_where_it_is_from(tmp_path: Path) -> None:
    dataset = DATASETS["vllm-rtx4090"]
    with pytest.raises(MissingDataError) as caught:
        fetch(dataset, tmp_path)
    assert dataset.source in str(caught.value)
    assert dataset.files[0].sha256 in str(caught.value)


def test_the_folder_of_the_environment_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.setenv(DATA_VARIABLE, "")
    assert data_folder().name == "homeostat"


def test_data_is_found_only_with_the_pinned_content(
    source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(DATASETS, "made", _dataset(source))
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    with pytest.raises(MissingDataError, match=r"made/trace\.csv must be in .*data fetch made"):
        find_data("made")
    (path,) = fetch(DATASETS["made"])
    assert find_data("made") == path
    path.write_text("edited")
    with pytest.raises(InvalidInputError, match="another file"):
        find_data("made")


def test_a_name_of_no_data_set_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInputError, match=r"azure.*azure-code, vllm-rtx4090"):
        find_data("azure")


def test_the_registry_is_well_formed() -> None:
    for name, dataset in DATASETS.items():
        assert name == dataset.name
        for file in dataset.files:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert not Path(file.place).is_absolute()
            assert ".." not in Path(file.place).parts
            assert file.url is None or file.url.startswith("https://")
