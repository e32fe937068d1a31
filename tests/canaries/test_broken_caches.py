"""Each broken cache is caught in the aspect that it breaks, by its answers and lanes alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.properties import fuzz
from homeostat.properties.results import PropertyResult
from homeostat.properties.runner import run_property
from homeostat.properties.suites.expert_cache import EXPERT_CACHE

BROKEN = Path(__file__).with_name("broken_caches.py")
EAGER = Path(__file__).parents[2] / "docs" / "examples" / "eager_cache.py"
ASPECTS = {"capacity", "bypass_pure", "buffer_safe", "bytes", "output_exact"}

RULES = {
    "OverwritesTheEvicted": ("buffer_safe", ""),
    "ReadsTooEarly": ("buffer_safe", "reads what no copy has completed"),
    "WaitsForTheCopyBefore": ("buffer_safe", "reads what no copy has completed"),
    "WritesBehindAYield": ("output_exact", "reads what no copy has completed"),
    "LeaksWhenClosed": ("buffer_safe", "serve must not raise"),
    "LeaksWhenTheConsumerRaises": ("buffer_safe", "serve must not raise"),
    "WaitsForEver": ("buffer_safe", "deadlock"),
    "AllocatesForEachLoad": ("capacity", "device memory must be residents and buffers"),
    "BypassEvicts": ("bypass_pure", "residents must be the twin's"),
    "EvictsTheNeeded": ("bypass_pure", "residents must be the twin's"),
    "DecidesAsItGoes": ("bypass_pure", ""),
    "KeepsTheFailed": ("bypass_pure", "a copy that fails must change nothing but who it was for"),
    "KeepsStaleWeights": ("output_exact", "a compute must read the weights of expert"),
    "HidesTheFailure": ("output_exact", "a copy that fails must be told"),
    "WritesBack": ("bytes", "host memory must not be written"),
    "CountsHitsAsBytes": ("bytes", "bytes must be those of the copies"),
}
"""Which aspect each breaks, and what is said of it; any text where the order of the lanes decides
between two."""


def tried(target: str, aspect: str) -> PropertyResult:
    """Run the machine, which stops at the first violation and does not shrink it."""
    (found,) = (p for p in EXPERT_CACHE.conformance(target) if p.name == aspect)
    return run_property(replace(found, holds=False), examples=1, seed=0)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_a_broken_cache_is_caught_in_the_aspect_that_it_breaks(name: str) -> None:
    aspect, problem = RULES[name]
    result = tried(f"{BROKEN}:{name}", aspect)
    assert result.outcome == "refuted"
    assert result.example is not None
    assert problem in result.example["observed"]["problem"]


@pytest.mark.slow
def test_the_runtime_s_cache_conforms_made_as_the_broken_ones_are() -> None:
    found = fuzz("expert-cache", target=f"{BROKEN}:Own", examples=40)
    assert found.verdict == "survived"
    assert {r.name for r in found.results if r.holds} == ASPECTS
    assert sum(r.outcome == "refuted" for r in found.results) == len(ASPECTS)


@pytest.mark.slow
def test_a_cache_written_apart_from_ours_conforms_once_its_copies_wait(tmp_path: Path) -> None:
    code = EAGER.read_text(encoding="utf-8")
    mended = tmp_path / "mended.py"
    mended.write_text(code.replace("after=[]", "after=[self.lanes.mark()]"))
    assert mended.read_text() != code
    assert fuzz("expert-cache", target=f"{mended}:EagerCache", examples=40).exit_code == 0


@pytest.mark.slow
def test_the_cache_of_the_documents_is_refuted_by_few_operations() -> None:
    found = fuzz("expert-cache", target=f"{EAGER}:EagerCache", only=["buffer_safe", "bytes"])
    raced, copied = found.results
    assert found.exit_code == 20
    assert (raced.outcome, copied.outcome) == ("refuted", "survived")
    assert raced.minimal
    assert raced.example is not None
    calls = [operation["call"] for operation in raced.example["operations"]]
    assert calls[0] == "make"
    assert calls[-1] == "rest"
    assert len(calls) <= 4
