"""Live metrics of a scheduler in the text format of Prometheus.

Counters come from the scheduler's event log and from the steps that the front reports; gauges are
read when somebody asks for the text. Nothing is counted inside the scheduler.

Latencies are observed as they become known: TTFT with the first token, also of requests that are
cancelled later; TPOT and Jain's index when a request is finished. A share in the sense of Jain is
a finished request's output tokens per second, from its arrival to its end.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, get_args

from homeostat.errors import MissingExtraError
from homeostat.models.aging import NANOSECONDS
from homeostat.models.entropy import Regime, jain_index
from homeostat.runtime.metrics.summary import output_rate
from homeostat.runtime.scheduler.front import SchedulerFront
from homeostat.runtime.scheduler.log import Event, Kind
from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.requests import Sequence, integer_in
from homeostat.runtime.scheduler.scheduler import Scheduler
from homeostat.runtime.scheduler.window import AdaptiveWindow

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

__all__ = ["SchedulerMetrics"]

TTFT_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
TPOT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class SchedulerMetrics:
    """Metrics of one scheduler, in a registry of their own.

    Each is part of the next: ``metrics = SchedulerMetrics(clock=...)``,
    ``log = EventLog(sink=metrics.record)``, ``scheduler = Scheduler(..., log=log)``,
    ``front = SchedulerFront(scheduler, ..., observer=metrics)``,
    ``metrics.watch(scheduler, front)``.

    Args:
        clock: ns since the scheduler's origin; the front's own.
        jain_requests: Over how many of the last finished requests Jain's index is taken, >= 1.

    Raises:
        MissingExtraError: prometheus-client is not installed.
        InvalidInputError: ``jain_requests`` is not an integer >= 1.
    """

    def __init__(self, *, clock: Callable[[], int], jain_requests: int = 1000) -> None:
        """Start with all counts 0, watching nothing."""
        p = _prometheus_client()
        self._clock = clock
        self._rates: deque[float] = deque(maxlen=integer_in("jain_requests", jain_requests, 1))
        self._scheduler: Scheduler | None = None
        self._front: SchedulerFront | None = None
        self._step_tokens = 0
        self.registry = p.CollectorRegistry()
        here = {"namespace": "homeostat", "registry": self.registry}
        self._events = p.Counter("events", "Events of requests by kind.", ["kind"], **here)
        for kind in get_args(Kind):
            self._events.labels(kind)
        tokens = p.Counter("tokens", "Tokens computed by stage.", ["stage"], **here)
        self._prefilled, self._decoded = tokens.labels("prefill"), tokens.labels("decode")
        self._evicted = p.Counter("evicted_tokens", "Tokens whose KV evictions lost.", **here)
        text = "Tokens computed again because of evictions."
        self._recomputed = p.Counter("recomputed_tokens", text, **here)
        text = "From arrival to first token."
        self._ttft = p.Histogram("ttft_seconds", text, buckets=TTFT_SECONDS, **here)
        text = "Per output token after the first, of finished requests."
        self._tpot = p.Histogram("tpot_seconds", text, buckets=TPOT_SECONDS, **here)
        self.registry.register(self)

    def watch(self, scheduler: Scheduler, front: SchedulerFront | None = None) -> None:
        """Read the gauges from this scheduler, and from the front that serves by it, if any."""
        self._scheduler = scheduler
        self._front = front

    def record(self, event: Event) -> None:
        """Count an event; the sink of the scheduler's log."""
        self._events.labels(event.kind).inc()
        if event.kind == "evicted":
            self._evicted.inc(event.figure)

    def observe_plan(self, plan: Plan) -> None:
        """Count what a step is to compute; called by the front before it."""
        self._step_tokens = plan.tokens
        self._decoded.inc(len(plan.decodes))
        self._prefilled.inc(plan.tokens - len(plan.decodes))
        for sequence, tokens in plan.prefills:
            self._recomputed.inc(sequence.recomputed_of(tokens))

    def observe_step(self, plan: Plan, finished: list[Sequence], now_ns: int) -> None:
        """Observe the latencies that a step ends; called by the front after it."""
        for sequence, _ in plan.prefills:
            if sequence.generated == 1 and sequence.first_token_ns == now_ns:
                self._ttft.observe((now_ns - sequence.request.arrival_ns) / NANOSECONDS)
        for sequence in finished:
            self._observe_finished(sequence)

    def text(self) -> str:
        """Return all metrics in Prometheus' text format."""
        exposition: bytes = _prometheus_client().generate_latest(self.registry)
        return exposition.decode()

    def collect(self) -> "Iterable[GaugeMetricFamily]":
        """Yield the gauges as they are now; called by the registry."""
        family = _prometheus_client().core.GaugeMetricFamily
        for name, text, value in self._gauges():
            yield family(f"homeostat_{name}", text, value=value)

    def _gauges(self) -> Iterator[tuple[str, str, float]]:
        if self._rates:
            jain = float(jain_index(self._rates))
            yield "jain_index", "Of the output tokens per second of finished requests.", jain
        if self._scheduler is not None:
            yield from self._state(self._scheduler)
            yield from self._arrivals(self._scheduler)
        if self._front is not None:
            text = "Submissions that wait for room in the queue."
            yield "blocked", text, self._front.blocked_count

    def _state(self, scheduler: Scheduler) -> Iterator[tuple[str, str, float]]:
        yield "running", "Sequences that hold KV.", scheduler.running_count
        yield "waiting", "Sequences that wait.", scheduler.waiting_count
        held = scheduler.blocks_used / scheduler.limits.kv_blocks
        yield "kv_utilisation", "Part of the KV blocks that is held.", held
        text = "Part of the token budget that the latest step uses, 0 where nothing runs."
        tokens = self._step_tokens if scheduler.running_count else 0
        yield "token_budget_utilisation", text, tokens / scheduler.limits.tokens_per_step
        age_s = self._oldest_age_ns(scheduler) / NANOSECONDS
        yield "starvation_age_seconds", "Since the oldest waiting request arrived.", age_s

    def _arrivals(self, scheduler: Scheduler) -> Iterator[tuple[str, str, float]]:
        bits = scheduler.monitor.entropy_bits()
        yield "arrival_entropy_bits", "Of the last gaps between queued requests.", bits
        window = scheduler.window
        width_s = window.width_ns(scheduler.monitor) / NANOSECONDS
        yield "batching_window_seconds", "Width of a window that would open now.", width_s
        if isinstance(window, AdaptiveWindow):
            text = "1 where that is in the reactive regime, 0 in the batching one."
            yield "regime_reactive", text, window.regime is Regime.REACTIVE

    def _oldest_age_ns(self, scheduler: Scheduler) -> int:
        now_ns = self._clock()
        return max((now_ns - s.request.arrival_ns for s in scheduler.waiting), default=0)

    def _observe_finished(self, sequence: Sequence) -> None:
        self._rates.append(output_rate(sequence))
        first_ns, end_ns = sequence.first_token_ns, sequence.finished_ns
        if sequence.generated > 1 and first_ns is not None and end_ns is not None:
            self._tpot.observe((end_ns - first_ns) / (sequence.generated - 1) / NANOSECONDS)


def _prometheus_client() -> Any:
    try:
        import prometheus_client
        import prometheus_client.core
    except ImportError as error:
        raise MissingExtraError(
            "metrics need prometheus-client: pip install 'homeostat[serve]'"
        ) from error
    return prometheus_client
