"""Offloading on a CUDA card: exact, in spite of poisoned places, and copies beside computes.

Each check of the order of copies and computes has a canary: the same lanes without one of the two
waits must give other outputs, or the check would not see a race.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from homeostat.models.residency.events import Event
from homeostat.runtime.experts.buffers import TransientBuffers
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.lanes import Mark
from homeostat.runtime.experts.offloading import offload
from homeostat.runtime.experts.offloading.lanes import CudaLanes
from homeostat.runtime.experts.offloading.weights import DevicePlace, HostExpert, Tensor
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.residency import ResidentSet

if TYPE_CHECKING:
    from tests.runtime.experts.conftest import TinyModels

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card on this machine"),
]

SLEEP_CYCLES = 20_000_000
"""Some 10 ms on a card: longer than a tiny model computes, and than a small copy takes."""


class PoisonedLanes(CudaLanes):
    """Whoever reads a place too early reads NaN, for a while."""

    def write(self, source: HostExpert, targets: Sequence[Tensor]) -> None:
        for target in targets:
            target.fill_(float("nan"))
        torch.cuda._sleep(SLEEP_CYCLES)
        super().write(source, targets)


class LanesThatDoNotAwaitCopies(PoisonedLanes):
    """Canary: computes do not wait for the copy of what they read."""

    def wait(self, mark: Mark) -> None:
        pass


class LanesThatDoNotAwaitReaders(CudaLanes):
    """Canary: copies do not wait for the computes that read what they overwrite."""

    def copy(
        self, source: HostExpert, place: DevicePlace, *, after: Iterable[Mark], ahead: bool = False
    ) -> Mark:
        return super().copy(source, place, after=(), ahead=ahead)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_logits_on_the_card_are_those_of_eager_experts(
    tiny: "type[TinyModels]", name: str, dtype: str
) -> None:
    model = tiny.make(name, dtype=dtype).to("cuda")
    inputs = [tiny.tokens(2, 7).cuda(), tiny.tokens(1, 1, seed=2).cuda()]
    expected = [tiny.logits(model, ids) for ids in inputs]
    for capacity in range(1, tiny.experts(model)[0].num_experts + 1):
        for policy in ("lru", "lfru", "rank"):
            with offload(model, capacity=capacity, policy=policy) as offloaded:
                for ids, want in [*zip(inputs, expected, strict=True)] * 2:
                    assert torch.equal(tiny.logits(model, ids), want)
                offloaded.check()


@pytest.mark.parametrize("batch", [1, 8])
def test_generation_on_the_card_is_that_of_eager_experts(
    tiny: "type[TinyModels]", name: str, batch: int
) -> None:
    model = tiny.make(name).to("cuda")
    ids = tiny.tokens(batch, 4).cuda()
    plain = tiny.generated(model, ids)
    with offload(model, capacity=2, policy="rank", prefetch=1) as offloaded:
        assert torch.equal(tiny.generated(model, ids), plain)
        offloaded.check()


def test_a_model_on_the_processor_offloads_to_the_card(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral")
    reference = tiny.make("mixtral").to("cuda")
    ids = tiny.tokens(2).cuda()
    with offload(model, capacity=2, device="cuda"):
        model.to("cuda")
        assert torch.equal(tiny.logits(model, ids), tiny.logits(reference, ids))
    devices = {p.device.type for experts in tiny.experts(model) for p in experts.parameters()}
    assert devices == {"cpu"}


def test_experts_leave_the_memory_of_the_card_and_come_back(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral").to("cuda")
    ids = tiny.tokens(2).cuda()
    expected = tiny.logits(model, ids)
    of_experts = [p for experts in tiny.experts(model) for p in experts.parameters()]
    with offload(model, capacity=1):
        assert {p.device.type for p in of_experts} == {"cpu"}
        assert all(p.data.is_pinned() for p in of_experts)
    assert {p.device.type for p in of_experts} == {"cuda"}
    assert torch.equal(tiny.logits(model, ids), expected)


@pytest.mark.parametrize("name", ["mixtral", "gpt-oss", "switch"])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_outputs_are_exact_with_poisoned_places_and_slow_copies(
    tiny: "type[TinyModels]", name: str, prefetch: int
) -> None:
    model = tiny.make(name).to("cuda")
    inputs = [tiny.tokens(2, 5, seed=seed).cuda() for seed in range(3)]
    expected = [tiny.logits(model, ids) for ids in inputs]
    lanes = PoisonedLanes()
    with offload(model, capacity=2, policy="rank", prefetch=prefetch, lanes=lanes):
        for ids, want in zip(inputs, expected, strict=True):
            assert torch.equal(tiny.logits(model, ids), want)


def test_without_the_wait_for_copies_the_same_check_fails(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral").to("cuda")
    ids = tiny.tokens(2, 5).cuda()
    expected = tiny.logits(model, ids)
    with offload(model, capacity=2, policy="rank", lanes=LanesThatDoNotAwaitCopies()):
        assert not torch.equal(tiny.logits(model, ids), expected)


def test_forwards_on_changing_streams_stay_exact(tiny: "type[TinyModels]") -> None:
    model = tiny.make("mixtral").to("cuda")
    ids = tiny.tokens(2, 5).cuda()
    expected = tiny.logits(model, ids)
    torch.cuda.synchronize()
    streams = [torch.cuda.Stream() for _ in range(3)]
    with offload(model, capacity=1, lanes=PoisonedLanes()):
        for stream in streams * 2:
            with torch.cuda.stream(stream):
                got = tiny.logits(model, ids)
            stream.synchronize()
            assert torch.equal(got, expected)


def cache_of(lanes: CudaLanes, *, size: int, experts: int = 6, capacity: int = 1) -> Any:
    """Return a cache of square weights, and the weights."""
    generator = torch.Generator().manual_seed(3)
    weights = [torch.randn(size, size, generator=generator).pin_memory() for _ in range(experts)]
    host = [HostExpert((weight,), (0,)) for weight in weights]
    buffers = TransientBuffers(lanes.place(host[0]) for _ in range(2))
    residents = ResidentSet(capacity, LruPolicy(experts))
    return ExpertCache(lanes, host, residents=residents, buffers=buffers), weights


def products(lanes: CudaLanes, compute: Callable[[Any, Any], Any]) -> tuple[list[Any], list[Any]]:
    """Return what a slow consumer computes from a cache, and what it should."""
    cache, weights = cache_of(lanes, size=256)
    x = torch.randn(8, 256, generator=torch.Generator().manual_seed(4)).cuda()
    found = []
    for _ in range(2):
        found += [compute(x, place.tensors[0]) for _, place in cache.serve(Event((0, 1, 2, 3, 4)))]
    cache.check()
    torch.cuda.synchronize()
    return found, [x @ weight.cuda().T for weight in weights[:5]] * 2


def slowly(x: Any, weight: Any) -> Any:
    """Multiply long after it was asked for, without making the processor wait."""
    torch.cuda._sleep(SLEEP_CYCLES)
    return x @ weight.T


@pytest.mark.parametrize("lanes", [CudaLanes, PoisonedLanes])
def test_a_place_is_not_overwritten_before_a_slow_reader_is_done(lanes: type[CudaLanes]) -> None:
    found, expected = products(lanes(), slowly)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_without_the_wait_for_readers_the_same_check_fails() -> None:
    found, expected = products(LanesThatDoNotAwaitReaders(), slowly)
    assert not all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_copies_run_beside_computes() -> None:
    cache, _ = cache_of(CudaLanes(), size=4096)
    x = torch.randn(4096, 4096, device="cuda")

    def serve() -> None:
        for _, place in cache.serve(Event((0, 1, 2, 3, 4, 5))):
            for _ in range(4):
                x @ place.tensors[0]
        torch.cuda.synchronize()

    serve()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as recorded:
        serve()
    on_card = [e for e in recorded.events() if e.device_type == torch.autograd.DeviceType.CUDA]
    copies = [e.time_range for e in on_card if "Memcpy HtoD" in e.name]
    kernels = [e.time_range for e in on_card if not e.name.startswith(("Memcpy", "Memset"))]
    # The processor gave the whole event before the first copy was done: none waits for another.
    assert len(copies) >= 5
    assert all("Pinned" in e.name for e in on_card if "Memcpy HtoD" in e.name)
    beside = [
        copy for copy in copies if any(k.start < copy.end and copy.start < k.end for k in kernels)
    ]
    assert beside
