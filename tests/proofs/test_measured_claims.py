"""Measurements of the runtime: what is counted, what is binned, and what lacks its data."""

import heapq
import math
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import pytest

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.models.entropy import Regime, histogram, next_regime, relative_bins
from homeostat.models.entropy import entropy as bits_of
from homeostat.proofs import deciding
from homeostat.proofs.claims import CanaryError, Claim
from homeostat.proofs.deciding import decide_claims
from homeostat.proofs.ledger import Ledger, recheck
from homeostat.proofs.registry import ALL_CLAIMS
from homeostat.proofs.report.ledger_view import LedgerView
from homeostat.proofs.theory.aging import measured as aging
from homeostat.proofs.theory.entropy import measured as entropy
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.queue import AgingQueue
from homeostat.runtime.traces.fetching import MissingDataError, find_data

TRAFFIC = next(claim for claim in ALL_CLAIMS if claim.id == "entropy.real_traffic")
MS = 10**6


# --- aging.aging_work


def _work(bids: list[int]) -> dict[str, int]:
    return aging.work_of(AgingQueue((aging.Rate(10**6),)), bids)


def test_two_requests_take_two_keys_and_one_comparison() -> None:
    work = {name: count for name, count in _work([5, 3]).items() if count}
    assert work == {
        "push_count": 2,
        "push_comparisons": 1,
        "push_most": 1,
        "push_keys": 2,
        "pop_count": 2,
    }


class Counting(int):
    """A bare key, beside those of the queue."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Counting.compared += 1
        return int(self) < int(other)


def test_the_count_is_that_of_a_bare_heap() -> None:
    Counting.compared = 0
    bids = Random(2).sample(range(2**40), 300)
    heap: list[Counting] = []
    for i, bid in enumerate(bids):
        heapq.heappush(heap, Counting(i * 10**9 - bid * 10**9))
    pushed = Counting.compared
    while heap:
        heapq.heappop(heap)
    work = _work(bids)
    assert work["push_comparisons"] == pushed
    assert work["pop_comparisons"] == Counting.compared - pushed


def test_with_classes_the_count_is_that_of_bare_heaps_and_of_their_heads() -> None:
    Counting.compared = heads = 0
    count, classes = 300, 3
    bids = aging._bids("random", count)
    heaps: list[list[Counting]] = [[] for _ in range(classes)]
    for i, bid in enumerate(bids):
        key = Counting(10**9 * (i * (i % classes + 1) - bid))
        heapq.heappush(heaps[i % classes], key)
    pushed = Counting.compared
    for i in range(count):
        filled = [k for k in range(classes) if heaps[k]]
        heads += len(filled)
        Counting.compared += len(filled) - 1
        leaders = [(int(heaps[k][0]) - 10**9 * (count + i) * (k + 1), k) for k in filled]
        heapq.heappop(heaps[min(leaders)[1]])
    work = aging._class_point(classes, count)
    assert (work["push_comparisons"], work["push_keys"]) == (pushed, count)
    assert work["pop_comparisons"] == Counting.compared - pushed
    assert (work["pop_heads"], work["pop_keys"]) == (heads, 0)


@pytest.mark.parametrize("order", ["random", "rising", "falling"])
def test_no_push_or_pop_takes_more_than_the_height_of_the_heap_allows(order: str) -> None:
    for count in (10, 100, 1_000):
        point = aging._point(order, count)
        height = count.bit_length() - 1
        assert point["push_most"] <= height
        assert point["pop_most"] <= 2 * height
        assert (point["push_keys"], point["pop_keys"], point["pop_heads"]) == (count, 0, 0)


def test_a_push_takes_the_height_in_rising_order_one_in_falling_and_two_in_random() -> None:
    count = 1_000
    rising, falling, random = (aging._point(o, count) for o in ("rising", "falling", "random"))
    assert rising["push_comparisons"] == sum(n.bit_length() - 1 for n in range(1, count + 1))
    assert falling["push_comparisons"] == count - 1
    assert 2 * count < random["push_comparisons"] < 2.5 * count


def test_a_change_of_a_bid_takes_one_key_and_a_cancel_none() -> None:
    rebid, cancel = (aging._changing_point(change, 500) for change in ("rebid", "cancel"))
    assert (rebid["rebid_count"], rebid["rebid_keys"], rebid["pop_keys"]) == (500, 500, 0)
    assert (cancel["cancel_count"], cancel["pop_count"]) == (250, 250)
    assert (cancel["cancel_keys"], cancel["pop_keys"], cancel["push_keys"]) == (0, 0, 500)


def test_a_change_of_mind_takes_a_logarithm_of_comparisons_in_the_long_run() -> None:
    for change in ("rebid", "cancel"):
        for count in (200, 2_000):
            point = aging._changing_point(change, count)
            each = point[f"{change}_comparisons"] / point[f"{change}_count"]
            assert each <= 2 * math.log2(count), (change, count)


def test_the_work_of_a_request_grows_with_the_logarithm() -> None:
    def each(count: int) -> float:
        point = aging._point("random", count)
        return float(point["push_comparisons"] + point["pop_comparisons"]) / count

    # Ten times as many: log2(10) = 3.3 comparisons more for each request.
    assert each(10_000) - each(1_000) == pytest.approx(math.log2(10), abs=0.5)


def test_comparisons_that_escape_the_count_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aging, "Rate", int)
    with pytest.raises(HomeostatError, match="0 comparisons of 100 requests"):
        aging._point("random", 100)


def test_the_canary_of_the_count_needs_a_queue_that_recomputes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "5050" in aging._catch()
    monkeypatch.setattr(aging, "_Recomputing", lambda rate: AgingQueue((rate,)))
    with pytest.raises(CanaryError, match="100 keys"):
        aging._catch()


# --- entropy.real_traffic


def _regimes(gaps_ns: list[int], monitor: EntropyMonitor | None = None) -> dict[str, Any]:
    arrivals_ns = list(accumulate(gaps_ns, initial=0))
    return entropy.regimes_of(arrivals_ns, monitor or EntropyMonitor(bin_width_ns=MS))


def test_gaps_of_two_lengths_are_one_bit_and_batching() -> None:
    assert _regimes([MS, 3 * MS] * 30) == {
        "windows": 10,
        "batching_ns": 20 * MS,
        "reactive_ns": 0,
        "reactive_share": 0.0,
        "changes": 0,
        "mean_bits": 1.0,
        "least_bits": 1.0,
        "most_bits": 1.0,
    }


def test_between_the_thresholds_the_regime_stays_as_it_was() -> None:
    # Of 50 gaps: 8 lengths are 3 bits, 4 are 2 bits, 1 is none.
    wild, calm, even = ([(1 + i % n) * MS for i in range(200)] for n in (8, 4, 1))
    assert _regimes(calm)["changes"] == 0
    assert _regimes([*wild, *calm])["changes"] == 1
    found = _regimes([*wild, *calm, *even])
    assert (found["changes"], found["least_bits"]) == (2, 0.0)
    assert found["batching_ns"] + found["reactive_ns"] == sum([*wild, *calm, *even][50:])


def test_the_regimes_are_those_of_the_model_at_every_window() -> None:
    random = Random(8)
    gaps = [random.randrange(3 * MS, 4 * MS) for _ in range(100)]
    gaps += [int(random.paretovariate(0.8) * MS) for _ in range(200)]
    gaps += gaps[:100]
    regime, spent = Regime.BATCHING, dict.fromkeys(Regime, 0)
    for i in range(50, len(gaps)):
        bits = bits_of(histogram(relative_bins(gaps[i - 50 : i], 4)))
        regime = next_regime(regime, bits)
        spent[regime] += gaps[i]
    found = _regimes(gaps, EntropyMonitor(bins_per_mean=4))
    assert min(spent.values()) > 0, "both regimes occur"
    assert found["batching_ns"] == spent[Regime.BATCHING]
    assert found["reactive_ns"] == spent[Regime.REACTIVE]


def test_the_widths_of_bins_are_the_notes_the_clocks_and_parts_of_the_mean() -> None:
    found = entropy.monitors([0, 1_500, 6_000, 6_000, 15_000])
    assert [(m.bin_width_ns, m.bins_per_mean) for m in found.values()] == [
        (MS, None),
        (1_500, None),
        (MS, 1),
        (MS, 4),
    ]
    assert "1500 ns, the clock's own" in found
    assert "1 ns, the clock's own" in entropy.monitors([7, 7])


def test_bins_of_a_part_of_the_mean_do_not_see_the_load() -> None:
    random = Random(3)
    gaps = [int(random.expovariate(1) * MS) for _ in range(120)]
    slow = _regimes([7 * gap for gap in gaps], EntropyMonitor(bins_per_mean=4))
    fast = _regimes(gaps, EntropyMonitor(bins_per_mean=4))
    for key in ("batching_ns", "reactive_ns"):
        fast[key] *= 7
    assert slow == fast


def test_an_entropy_that_rounding_would_decide_is_refused() -> None:
    # 1/4, 1/4 and four times 1/8: exactly 2.5 bits.
    bits = bits_of((8, 8, 4, 4, 4, 4))
    with pytest.raises(HomeostatError, match="too near to a threshold"):
        entropy._sure(bits)
    assert entropy._sure(bits + 1e-6) > 2.5


def test_the_canary_of_the_regimes_needs_both_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "never reactive" in entropy._catch()
    monkeypatch.setattr(entropy, "next_regime", lambda regime, _: regime)
    with pytest.raises(CanaryError, match="all different gaps"):
        entropy._catch()


@pytest.mark.slow
def test_real_traffic_is_measured_where_the_traces_are() -> None:
    for name in entropy.DATA:
        try:
            find_data(name)
        except MissingDataError as error:
            pytest.skip(str(error))
    verdict = TRAFFIC.decide()
    assert isinstance(verdict, Measured)
    points = verdict.estimate["points"]
    assert [p["windows"] for p in points] == [8_768] * 4 + [249] * 4
    # One trace, one time: only how it is shared out depends on the bins.
    for trace in entropy.DATA:
        times = {p["batching_ns"] + p["reactive_ns"] for p in points if p["trace"] == trace}
        assert len(times) == 1


# --- a claim whose data is not here


def _with_claim(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> Claim:
    claim = replace(
        TRAFFIC,
        decide=lambda: Measured(estimate={"points": [{"trace": "made up", "windows": 7}]}),
        missing_data=lambda: missing,
    )
    monkeypatch.setattr(deciding, "ALL_CLAIMS", (claim,))
    return claim


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a run wrote that had the data."""
    _with_claim(monkeypatch, ())
    (found,) = decide_claims()
    assert found["verdict"] == "measured"
    assert found["evidence"][0]["summary"] == "1 points measured"
    assert "last_run" not in found
    return found


@pytest.mark.parametrize("decide_slow", [False, True])
def test_without_its_data_a_claim_keeps_the_last_run_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], *, decide_slow: bool
) -> None:
    _with_claim(monkeypatch, ("folder/a.csv",))
    (carried,) = decide_claims(last_run=[entry], decide_slow=decide_slow)
    run = {"date": None, "jobs": 1, "missing": ["folder/a.csv"]}
    assert carried == {**entry, "last_run": run}
    assert recheck(Ledger((carried,))) == []


def test_with_its_data_again_a_claim_is_decided_afresh(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]
) -> None:
    _with_claim(monkeypatch, ())
    old = {**entry, "last_run": {"date": None, "jobs": 1, "missing": ["folder/a.csv"]}}
    (fresh,) = decide_claims(last_run=[old])
    assert "last_run" not in fresh


@pytest.mark.parametrize("last_run", [None, []])
def test_without_data_and_without_a_last_run_a_claim_is_open(
    monkeypatch: pytest.MonkeyPatch, last_run: list[Any] | None
) -> None:
    claim = _with_claim(monkeypatch, ("folder/a.csv",))
    (found,) = decide_claims(last_run=last_run)
    assert (found["verdict"], found["evidence"]) == ("unknown", [])
    assert "folder/a.csv" in found["reason"]
    assert f"homeostat verify {claim.id}" in found["reason"]


def test_the_claim_about_real_traffic_names_the_files_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOMEOSTAT_DATA", str(tmp_path))
    assert "azure-llm-2023/AzureLLMInferenceTrace_code.csv" in TRAFFIC.lacks
    assert "vllm-rtx4090/RTX4090_Llama-3.1-8B_requests.jsonl" in TRAFFIC.lacks
    with pytest.raises(MissingDataError, match="AzureLLMInferenceTrace_code"):
        TRAFFIC.decide()


def test_a_report_reads_what_was_missing(entry: dict[str, Any]) -> None:
    def read(missing: object) -> LedgerView:
        run = {"date": None, "jobs": 1, "missing": missing}
        claims = [{**entry, "last_run": run}]
        return LedgerView.of({"schema": "homeostat.ledger/1", "homeostat": "0", "claims": claims})

    (claim,) = read(["folder/a.csv"]).claims
    assert claim.last_run is not None
    assert claim.last_run.missing == ("folder/a.csv",)
    for bad in ("folder/a.csv", [1], None):
        with pytest.raises(InvalidInputError, match="missing"):
            read(bad)
