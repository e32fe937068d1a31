import re
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.scheduler import Limits
from homeostat.runtime.traces import (
    Engine,
    MeasuredTimes,
    Trace,
    TraceRequest,
    read_azure,
    read_mooncake,
    read_trace,
    read_vllm,
    read_vllm_run,
)
from homeostat.runtime.traces import files as trace_files
from homeostat.runtime.traces.fetching import MissingDataError, find_data
from homeostat.runtime.traces.reading import FORMATS

SAMPLES = Path(__file__).parents[1] / "data"
AZURE = SAMPLES / "azure_sample.csv"
MOONCAKE = SAMPLES / "mooncake_sample.jsonl"
VLLM = SAMPLES / "vllm_sample_requests.jsonl"
DAY_NS = 86_400 * 10**9

VLLM_ROW = VLLM.read_text().splitlines()[0]
MOONCAKE_ROW = MOONCAKE.read_text().splitlines()[0]
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
AZURE_ROW = "2024-02-28 23:59:59.9999999,120,7"


def _real(name: str) -> Path:
    try:
        return find_data(name)
    except MissingDataError as error:
        pytest.skip(str(error))


def test_azure_times_are_exact_over_midnight_and_leap_day() -> None:
    trace = read_azure(AZURE)
    assert trace.name == "azure_sample"
    # 7 digits: 0.2 us from the first to the second; a float of this epoch could not tell.
    assert [r.arrival_ns for r in trace.requests] == [0, 200, 200, DAY_NS + 100]
    assert [r.prompt_tokens for r in trace.requests] == [120, 5, 6, 31], "equal times keep order"
    assert [r.output_tokens for r in trace.requests] == [7, 1, 2, 12]


def test_azure_columns_are_found_by_name_and_utc_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    path.write_bytes(
        b"\xef\xbb\xbfGeneratedTokens, TIMESTAMP ,ContextTokens\r\n"
        b"3,2024-05-10 00:00:00.009930+00:00,21\r\n\r\n"
        b"4,2024-05-10 00:00:00.01+00:00,22\r\n"
    )
    first, second = read_trace(path).requests
    assert (first.prompt_tokens, first.output_tokens) == (21, 3)
    assert second.arrival_ns == 70_000


def test_mooncake_rows_carry_their_blocks() -> None:
    first, second, third = read_mooncake(MOONCAKE).requests
    assert [first.arrival_ns, second.arrival_ns, third.arrival_ns] == [0, 2_000_000, 2_000_001]
    assert (first.hash_ids, second.hash_ids, third.hash_ids) == ((), (0, 1, 2), (0, 3))
    assert (third.prompt_tokens, third.output_tokens) == (700, 9)


def test_a_vllm_run_keeps_two_clocks_apart() -> None:
    first, second = read_vllm(VLLM).requests
    assert (first.arrival_ns, second.arrival_ns) == (0, 100)
    # The second to arrive was the first in the queue, so its time there is the origin.
    assert first.measured == MeasuredTimes(
        queued_ns=2, scheduled_ns=499_999_999, first_token_ns=999_999_999, last_token_ns=2249999999
    )
    assert second.measured is not None
    assert (second.measured.queued_ns, second.measured.first_token_ns) == (0, 1_000_000_008)


def test_a_vllm_run_has_the_engines_limits_and_samples() -> None:
    run = read_vllm_run(VLLM)
    # Of its ten blocks one stands for no block.
    limits = Limits(kv_blocks=9, block_tokens=16, sequences_max=8, tokens_per_step=64)
    assert run.engine == Engine(limits=limits, overlap=None, reuse=None)
    assert [(s.time_ns, s.running, s.waiting, s.kv_percent) for s in run.samples] == [
        (10**9, 2, 0, 30.5),
        (2 * 10**9, 1, 0, 12.25),
    ]
    assert run.trace == read_vllm(VLLM)


def test_of_the_other_files_of_a_vllm_run_those_are_read_that_are_there(tmp_path: Path) -> None:
    whole = read_vllm_run(VLLM)
    for name in ("x_requests.jsonl", "mine.jsonl"):
        (tmp_path / name).write_text(VLLM.read_text())
        run = read_vllm_run(tmp_path / name)
        assert run.engine is None
        assert run.samples == ()
        assert run.trace.requests == whole.trace.requests
    for ending in ("meta.json", "timeseries.csv"):
        text = VLLM.with_name(f"vllm_sample_{ending}").read_text()
        (tmp_path / f"x_{ending}").write_text(text)
        (tmp_path / f"mine_{ending}").write_text(text)
    run = read_vllm_run(tmp_path / "x_requests.jsonl")
    assert (run.engine, run.samples) == (whole.engine, whole.samples)
    assert read_vllm_run(tmp_path / "mine.jsonl").engine is None
    (tmp_path / "x_timeseries.csv").unlink()
    run = read_vllm_run(tmp_path / "x_requests.jsonl")
    assert (run.engine, run.samples) == (whole.engine, ())


@pytest.mark.parametrize(
    ("path", "reader"), [(AZURE, read_azure), (MOONCAKE, read_mooncake), (VLLM, read_vllm)]
)
def test_the_content_tells_the_format(
    path: Path, reader: Callable[[Path], Trace], tmp_path: Path
) -> None:
    renamed = tmp_path / "anything"
    renamed.write_bytes(path.read_bytes())
    assert read_trace(renamed).requests == reader(path).requests


def test_every_format_has_a_field_of_its_own() -> None:
    rows = (HEADER, VLLM_ROW, MOONCAKE_ROW)
    for row in rows:
        assert sum(f'"{field}"' in row or field in row.split(",") for field in FORMATS) == 1


BAD_AZURE = [
    ("2024-02-30 00:00:00.0,1,1", "TIMESTAMP='2024-02-30 00:00:00.0' must be a UTC time"),
    ("1969-12-31 23:59:59,1,1", "TIMESTAMP.*in the years 1970 to 2115"),
    ("2523-02-28 00:00:00,1,1", "TIMESTAMP.*in the years 1970 to 2115"),
    ("2024-02-28 24:00:00.0,1,1", "TIMESTAMP"),
    ("2024-02-28 23:59:60.0,1,1", "TIMESTAMP"),
    ("2024-02-28 23:59:59.1234567890,1,1", "TIMESTAMP"),
    ("2024-02-28T23:59:59,1,1", "TIMESTAMP"),
    ("2024-02-28 23:59:59+01:00,1,1", "TIMESTAMP"),
    ("٢٠٢٤-02-28 23:59:59,1,1", "TIMESTAMP"),  # digits of another script
    ("2024-02-28 23:59:59,0,1", "ContextTokens='?0'? must be a whole number >= 1"),
    ("2024-02-28 23:59:59,-4,1", "ContextTokens='-4' must be"),
    ("2024-02-28 23:59:59,4.0,1", "ContextTokens='4.0' must be"),
    ("2024-02-28 23:59:59,4,", "GeneratedTokens='' must be"),
    (f"2024-02-28 23:59:59,4,{'9' * 5000}", "GeneratedTokens"),
    ("2024-02-28 23:59:59,4,1000000001", "GeneratedTokens=1000000001 must be .*<= 1000000000"),
    ("2024-02-28 23:59:59,4", "must be 3 fields, as in the header; has 2"),
    ("2024-02-28 23:59:59,4,1,9", "must be 3 fields, as in the header; has 4"),
]


@pytest.mark.parametrize(("row", "message"), BAD_AZURE)
def test_a_bad_azure_row_is_named_with_file_line_and_rule(
    row: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER}\n{AZURE_ROW}\n\n{row}\n")
    with pytest.raises(InvalidInputError, match=rf"{re.escape(str(path))}:4: .*{message}"):
        read_trace(path)


BAD_MOONCAKE = [
    ('"timestamp": 12', '"timestamp": -1', "timestamp=-1 must be a decimal number >= 0"),
    ('"timestamp": 12', '"timestamp": 1e17', r"timestamp='1E\+17' must be a time <= 4611686018427"),
    ('"timestamp": 12', '"timestamp": 1e-999999999', "timestamp"),
    ('"timestamp": 12', '"timestamp": 1e999999999', "timestamp"),
    ('"timestamp": 12', f'"timestamp": 1.{"1" * 9999}', "timestamp"),
    ('"timestamp": 12', f'"timestamp": {"1" * 9999}', "must be a JSON object"),
    ('"timestamp": 12', '"timestamp": NaN', "NaN is not JSON"),
    ('"timestamp": 12', '"timestamp": true', "timestamp=True"),
    ('"timestamp": 12', '"timestamp": "12"x', "must be a JSON object"),
    ('"timestamp": 12', '"timestamp": [12]', "timestamp"),
    ('"timestamp": 12', '"other": 12', "such that 'timestamp' is one of them"),
    ('"timestamp": 12', '"timestamp": 12, "timestamp": 13', "a field occurs twice"),
    ("1030", "1030.5", "input_length=Decimal"),
    ("1030", "true", "input_length=True"),
    ("1030", "null", "input_length=None"),
    ("[0, 1, 2]", "[0, -1]", "hash_ids=-1"),
    ("[0, 1, 2]", "[0, 1.0]", "hash_ids"),
    ("[0, 1, 2]", "3", "hash_ids=3 must be a list"),
    (MOONCAKE_ROW, "[" * 100_000, "must be a JSON object"),
    (MOONCAKE_ROW, "[1]", "must be a JSON object"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_MOONCAKE)
def test_a_bad_mooncake_row_is_named_with_file_line_and_rule(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.jsonl"
    assert old in MOONCAKE_ROW
    path.write_text(f"{MOONCAKE_ROW}\n{MOONCAKE_ROW.replace(old, new)}\n")
    with pytest.raises(InvalidInputError, match=rf"{re.escape(str(path))}:2: .*{message}"):
        read_trace(path)


BAD_VLLM = [
    ("5.5", "4.5", "scheduled_ts='4.5' must be no earlier"),
    ("7.25", "5.75", "last_token_ts='5.75' must be no earlier"),
    ("1700000000.1234567", "-1700000000.1234567", "arrival_time"),
    ('"output_toks": 3', '"output_toks": 0', "output_toks=0 must be a whole number >= 1"),
    ('"queued_ts": 5.000000003, ', "", "'queued_ts'"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_VLLM)
def test_a_bad_vllm_row_is_named_with_file_line_and_rule(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad_requests.jsonl"
    assert old in VLLM_ROW
    path.write_text(f"{VLLM_ROW.replace(old, new)}\n")
    with pytest.raises(InvalidInputError, match=rf"{re.escape(str(path))}:1: .*{message}"):
        read_trace(path)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("meta.json", '"kv_cache"', '"no_cache"', "'kv_cache'"),
        ("meta.json", "10,", "1,", "num_gpu_blocks=1 must be a whole number >= 2"),
        ("meta.json", "64}", "7}", "max_num_batched_tokens=7 must be a whole number >= 8"),
        ("meta.json", "16}", "16}\n\n  x", ":5: text='x.*' must be a JSON object: Expecting"),
        ("meta.json", "16}", '16}, "resolved_config": 7', ": resolved_config=7 must be"),
        (
            "meta.json",
            "16}",
            '16}, "resolved_config": {"scheduler_config": {"async_scheduling": 1}}',
            "async_scheduling=1 must be true or false",
        ),
        ("meta.json", '{"max_num_seqs": 8, "max_num_batched_tokens": 64}', "7", "engine_kwargs=7"),
        ("timeseries.csv", "2.0,0.0", "1.0,0.0", ":3: t='1.0' must be later"),
        ("timeseries.csv", "12.25", "100.5", ":3: kv_cache_pct='100.5' must be <= 100"),
        ("timeseries.csv", "2,0,30.5", "-2,0,30.5", ":2: running='-2'"),
    ],
)
def test_the_other_files_of_a_run_are_held_to_their_rules(
    name: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    for path in SAMPLES.glob("vllm_sample_*"):
        text = path.read_text()
        if path.name.endswith(name):
            assert text.count(old) == 1
            text = text.replace(old, new)
        (tmp_path / path.name).write_text(text)
    with pytest.raises(InvalidInputError, match=f"{name}.*{message}"):
        read_vllm_run(tmp_path / VLLM.name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must hold a trace, is empty"),
        (b"\n \n", "must hold a trace, is empty"),
        (HEADER.encode(), "bad must hold at least one request"),
        (b"a,b,c\n1,2,3\n", ":1: .*one of the fields TIMESTAMP"),
        (b"TIMESTAMP,TIMESTAMP\n", "must be of different columns"),
        (b"\xff\xfe", ":1: .*UTF-8"),
        (b'{"a": 1}', ":1: .*one of the fields"),
        (b"{", ":1: .*JSON object"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=message):
        read_trace(path)


def test_a_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="regular file"):
        read_trace(tmp_path)


@pytest.mark.parametrize("name", ["none.csv", "x" * 300, "a\0b"])
def test_a_file_that_cannot_be_opened_is_bad_input(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="must be a readable file"):
        read_trace(tmp_path / name)


@pytest.mark.parametrize("read", [read_azure, read_mooncake, read_vllm])
def test_a_file_without_requests_is_named(read: Callable[[Path], Trace], tmp_path: Path) -> None:
    path = tmp_path / "none"
    path.write_text("\n")
    with pytest.raises(InvalidInputError, match=f"{re.escape(str(path))} must hold at least one"):
        read(path)


def test_what_is_finer_than_a_nanosecond_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "own_requests.jsonl"
    row = VLLM_ROW.replace("5.5", "5.50000000199999999")
    # One float less another has so many digits.
    row = row.replace("1700000000.1234567", "1700000000.12345678901")
    path.write_text(f"{VLLM_ROW}\n{row}\n")
    first, second = read_trace(path).requests
    assert second.arrival_ns == 89
    assert first.measured is not None
    assert second.measured is not None
    assert second.measured.scheduled_ns == first.measured.scheduled_ns + 1


def test_a_gauge_may_have_any_digits(tmp_path: Path) -> None:
    for path in SAMPLES.glob("vllm_sample_*"):
        (tmp_path / path.name).write_text(path.read_text().replace("30.5", "30.51234567891234"))
    assert read_vllm_run(tmp_path / VLLM.name).samples[0].kv_percent == 30.51234567891234


def test_a_long_file_and_a_long_line_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.csv"
    path.write_text(f"{HEADER}\n" + f"{AZURE_ROW}\n" * 10)
    size = path.stat().st_size
    monkeypatch.setattr(trace_files, "FILE_BYTES_MAX", size)
    assert len(read_trace(path).requests) == 10
    monkeypatch.setattr(trace_files, "FILE_BYTES_MAX", size - 1)
    with pytest.raises(InvalidInputError, match=f"at most {size - 1} bytes"):
        read_trace(path)
    monkeypatch.setattr(trace_files, "LINE_BYTES_MAX", len(HEADER))
    with pytest.raises(InvalidInputError, match=r":1: a line must have at most"):
        read_trace(path)


def test_a_trace_refuses_what_is_out_of_order_or_range() -> None:
    def request(arrival_ns: int, tokens: int = 1) -> TraceRequest:
        return TraceRequest(arrival_ns=arrival_ns, prompt_tokens=tokens, output_tokens=1)

    for requests, message in (
        ((), "at least one"),
        ((request(5),), "first arrival_ns=5 must be 0"),
        ((request(0), request(2), request(1)), "arrival_ns=1 must be >= 2"),
        ((request(0), request(2**62 + 1)), "<="),
        ((request(0, 0),), "prompt_tokens=0"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            Trace("t", requests)
    assert Trace.of("t", [request(9), request(4)]).gaps_ns == (5,)


def test_the_real_azure_trace_has_its_requests_to_the_microsecond() -> None:
    trace = read_trace(_real("azure-code"))
    assert len(trace.requests) == 8_819
    # First and last row by hand: 18:17:03.9799600 and 19:14:19.9280160.
    assert trace.requests[-1].arrival_ns == 3_435_948_056_000
    assert (trace.requests[0].prompt_tokens, trace.requests[-1].prompt_tokens) == (4_808, 549)


def test_the_real_vllm_run_has_its_requests_and_limits() -> None:
    run = read_vllm_run(_real("vllm-rtx4090"))
    assert len(run.trace.requests) == 300
    limits = Limits(kv_blocks=2_587, block_tokens=16, sequences_max=256, tokens_per_step=2_048)
    assert run.engine == Engine(limits=limits, overlap=True, reuse=True)
    first, second = run.trace.requests[:2]
    assert second.arrival_ns == 265_091_400
    assert first.measured is not None
    assert first.measured.scheduled_ns == 20_579
