"""Schedulers with one mistake each; the suite must refute every one of them."""

from homeostat.runtime.scheduler import Limits, Plan, Request, Scheduler, Sequence, policy_named

__all__ = ["ForgetsTheEvicted", "MostDecodedScheduler", "NeverEvicts", "SkipsTheHead"]


class _Broken(Scheduler):
    """Made from a policy's name, as every target is."""

    def __init__(self, limits: Limits, policy_name: str) -> None:
        super().__init__(limits, policy_named(policy_name))

    def _check(self) -> None:
        """Say nothing: its answers alone must give it away."""


class NeverEvicts(_Broken):
    """Lets decoding sequences grow over the memory."""

    def _make_room(self, plan: Plan) -> None:
        pass


class ForgetsTheEvicted(_Broken):
    """Takes the memory of the evicted and does not queue them again."""

    def _evict(self, sequence: Sequence, plan: Plan) -> None:
        super()._evict(sequence, plan)
        self._drop(sequence)


class SkipsTheHead(_Broken):
    """Puts long prompts off while others wait: they starve."""

    def submit(self, request: Request, now_ns: int) -> None:
        """Queue a request, a long one under a later arrival."""
        super().submit(request, now_ns)
        if request.prompt_tokens > 5:
            self._waiting.leave(request.id)
            late = Request(
                id=request.id,
                arrival_ns=request.arrival_ns + 10**9,
                prompt_tokens=request.prompt_tokens,
                output_tokens_max=request.output_tokens_max,
            )
            self._waiting.arrive(Sequence(late, self._submissions - 1))


class MostDecodedScheduler(_Broken):
    """Evicts in the opposite order: it keeps to the contract, but is not the twin."""

    def _victims(self) -> list[Sequence]:
        return list(super()._victims())[::-1]
