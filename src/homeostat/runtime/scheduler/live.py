"""The live requests of a scheduler: what users ask for between steps, and the books."""

from dataclasses import replace

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.runtime.scheduler.batch import Batch
from homeostat.runtime.scheduler.deadlines import Deadlines
from homeostat.runtime.scheduler.limits import Limits
from homeostat.runtime.scheduler.log import EventLog, Kind
from homeostat.runtime.scheduler.monitor import EntropyMonitor
from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.policies import Policy
from homeostat.runtime.scheduler.requests import (
    BID_MAX,
    TIME_NS_MAX,
    Request,
    Sequence,
    integer_in,
)
from homeostat.runtime.scheduler.waiting import WaitingRoom
from homeostat.runtime.scheduler.window import Window

__all__ = ["LiveRequests"]


class LiveRequests:
    """Who waits and who runs; ``Scheduler`` adds the steps.

    Every method that takes the time refuses one before the latest that it was told.
    """

    def __init__(self, limits: Limits, policy: Policy, *, log: EventLog | None = None) -> None:
        """Start with nothing live, at time 0."""
        self.limits = limits
        self.policy = policy
        self._log = log
        self._waiting = WaitingRoom(policy)
        self._batch = Batch(limits)
        self._deadlines = Deadlines()
        self._open: Plan | None = None
        self._gone_since_plan = False
        self._submissions = 0
        self._now_ns = 0

    # What can be seen.

    @property
    def running(self) -> list[Sequence]:
        """Sequences that hold KV: the decoding ones, then the running prefills; O(running)."""
        return list(self._batch)

    @property
    def running_count(self) -> int:
        """How many sequences run."""
        return len(self._batch)

    @property
    def waiting(self) -> list[Sequence]:
        """Sequences that wait, in no particular order; O(waiting)."""
        return list(self._waiting.sequences.values())

    @property
    def waiting_count(self) -> int:
        """How many sequences wait."""
        return len(self._waiting)

    @property
    def blocks_used(self) -> int:
        """KV blocks held by running sequences."""
        return self._batch.memory.used

    @property
    def now_ns(self) -> int:
        """The latest time that it was told; no call may name an earlier one."""
        return self._now_ns

    @property
    def window(self) -> Window:
        """The batching window, with its regime where it is adaptive."""
        return self._waiting.window

    @property
    def monitor(self) -> EntropyMonitor:
        """The entropy of the arrivals."""
        return self._waiting.monitor

    # What users ask for.

    def complaint(self, request: Request, now_ns: int) -> str | None:
        """Return why ``submit`` would find a request invalid; None where it would not.

        Raises:
            InvalidInputError: Time runs backwards.
        """
        integer_in("now_ns", now_ns, self._now_ns, TIME_NS_MAX)
        if self._live(request.id) is not None:
            return "its id must not be live"
        if request.arrival_ns > now_ns:
            return f"arrival_ns={request.arrival_ns} must be <= now_ns={now_ns}"
        if not request.rate_class < len(self.policy.rates):
            return f"rate_class={request.rate_class} must be < {len(self.policy.rates)}"
        blocks = self._batch.memory.blocks_for(request.kv_tokens_max)
        if blocks > self.limits.kv_blocks:
            return f"it may need {blocks} KV blocks, must be <= {self.limits.kv_blocks}"
        return None

    def submit(self, request: Request, now_ns: int) -> None:
        """Queue a request; O(log waiting).

        Raises:
            InvalidInputError: It could never run, its id is live, its rate class unknown, it
                arrives later than now, or time runs backwards.
            QueueFullError: ``waiting_max`` requests wait already.
        """
        complaint = self.complaint(request, now_ns)
        self._now_ns = now_ns
        if complaint is not None:
            self._record("refused", request.id, request.prompt_tokens)
            raise InvalidInputError(f"request {request.id!r}: {complaint}")
        if len(self._waiting) >= self.limits.waiting_max:
            self._record("refused", request.id, request.prompt_tokens)
            raise QueueFullError(
                f"request {request.id!r}: {len(self._waiting)} requests wait, "
                f"must be < waiting_max={self.limits.waiting_max}"
            )
        sequence = Sequence(request, self._submissions)
        self._submissions += 1
        self._waiting.arrive(sequence)
        self._deadlines.watch(sequence)
        self._record("submitted", request.id, request.prompt_tokens)

    def cancel(self, request_id: str, now_ns: int) -> bool:
        """Drop a request, waiting or running; False where none of that id is live.

        Raises:
            InvalidInputError: Time runs backwards.
        """
        self._advance(now_ns)
        sequence = self._live(request_id)
        if sequence is None:
            return False
        self._drop(sequence)
        self._record("cancelled", request_id, sequence.generated)
        return True

    def rebid(self, request_id: str, bid: int, now_ns: int) -> bool:
        """Change a request's bid; its arrival stays. False where none of that id is live.

        A running one keeps running; its bid counts again if it is evicted.

        Raises:
            InvalidInputError: The bid is out of range, or time runs backwards.
        """
        integer_in("bid", bid, 0, BID_MAX)
        self._advance(now_ns)
        sequence = self._live(request_id)
        if sequence is None:
            return False
        sequence.request = replace(sequence.request, bid=bid)
        if request_id in self._waiting.sequences:
            self._waiting.reorder(sequence)
        self._record("rebid", request_id, bid)
        return True

    def change_rate(self, rate: int, now_ns: int, rate_class: int = 0) -> None:
        """Let a rate class earn so many micro-bids per second of waiting from now on. O(waiting).

        Raises:
            InvalidInputError: The policy's order is not "aging", a value is out of range, the
                class's rate has changed at this very time, or time runs backwards.
        """
        integer_in("now_ns", now_ns, self._now_ns, TIME_NS_MAX)
        self._waiting.change_rate(now_ns, rate, rate_class)
        self._now_ns = now_ns

    def close_window(self) -> None:
        """Hold those that wait back no longer; who arrives when nobody waits opens a window."""
        self._waiting.close_window()

    # Bookkeeping.

    def _advance(self, now_ns: int) -> None:
        integer_in("now_ns", now_ns, self._now_ns, TIME_NS_MAX)
        self._now_ns = now_ns

    def _live(self, request_id: str) -> Sequence | None:
        return self._batch.get(request_id) or self._waiting.sequences.get(request_id)

    def _drop(self, sequence: Sequence) -> None:
        """Forget a live sequence."""
        self._deadlines.forget(sequence.request.id)
        if not self._waiting.leave(sequence.request.id):
            self._batch.stop(sequence)
            self._gone_since_plan = True

    def _record(self, kind: Kind, request_id: str, figure: int) -> None:
        if self._log is not None:
            self._log.record(self._now_ns, kind, request_id, figure)

    def _blocks_to_admit(self, sequence: Sequence) -> int:
        held = sequence.tokens if self.policy.evicts else sequence.request.kv_tokens_max
        return self._batch.memory.blocks_for(held)

    def _check(self) -> None:
        """Assert every invariant. O(live + stale)."""
        self._waiting._check()
        self._batch._check()
        self._deadlines._check()
        live = [*self.waiting, *self._batch]
        assert len({s.request.id for s in live}) == len(live), "an id is in two places"
        assert self.running_count <= self.limits.sequences_max
        assert len(self._deadlines) == sum(s.request.deadline_ns is not None for s in live)
        for sequence in live:
            self._check_sequence(sequence)

    def _check_sequence(self, sequence: Sequence) -> None:
        request = sequence.request
        assert 0 <= sequence.generated < request.output_tokens_max, sequence
        assert sequence.serial < self._submissions
        assert request.arrival_ns <= self._now_ns
        assert (sequence.first_token_ns is None) == (sequence.generated == 0), sequence
        assert sequence.evictions or not sequence.recomputed, sequence
        assert sequence.blocks == self._blocks_due(sequence), sequence

    def _blocks_due(self, sequence: Sequence) -> int:
        """Return the blocks that it holds: of its tokens, but for the last between steps."""
        if sequence.request.id in self._waiting.sequences:
            return 0
        if not self.policy.evicts:
            return self._blocks_to_admit(sequence)
        between_steps = self._open is None and sequence.request.id in self._batch.decoding
        return self._batch.memory.blocks_for(sequence.tokens - between_steps)
