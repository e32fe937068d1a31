"""The tokens of one request, as its consumer sees them."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from typing import final

from homeostat.errors import HomeostatError, RequestCancelledError
from homeostat.runtime.scheduler.endings import Completion, Ending
from homeostat.runtime.scheduler.requests import Request

__all__ = ["TokenStream"]


@final
class TokenStream:
    """The tokens of one request: iterate over them as they come, or await them all.

    The buffer is the request's own and holds at most its ``output_tokens_max`` tokens. Therefore
    a slow consumer delays nobody, loses nothing, and costs no more memory than it asked for.

    A consumer that goes away is taken at its word: leaving the loop early, by ``break``, by an
    error or because its task is cancelled, cancels the request, and so does cancelling a task
    that awaits ``result()``. Tokens that came before an error are still delivered first.

    Attributes:
        request: As it was submitted.
    """

    def __init__(self, request: Request, abandon: Callable[["TokenStream"], None]) -> None:
        """Start empty; ``abandon`` is called once, when the consumer cancels."""
        self.request = request
        self._abandon = abandon
        self._tokens: list[int] = []
        self._outcome: Ending | HomeostatError | None = None
        self._news = asyncio.Event()

    @property
    def id(self) -> str:
        """The request's."""
        return self.request.id

    @property
    def tokens(self) -> tuple[int, ...]:
        """Tokens so far."""
        return tuple(self._tokens)

    @property
    def ended(self) -> bool:
        """Whether no more tokens will come."""
        return self._outcome is not None

    def cancel(self) -> bool:
        """Give the request up, and its memory with it; False if it had ended.

        Whoever still consumes the stream sees ``RequestCancelledError``.
        """
        if self.ended:
            return False
        self._abandon(self)  # first: should it raise, the stream is still one that will end
        self.end(RequestCancelledError(f"request {self.id!r} was cancelled by its consumer"))
        return True

    async def __aiter__(self) -> AsyncIterator[int]:
        """Yield each token from the first one on, as soon as it is there.

        Raises:
            DeadlineExceededError: The deadline passed first.
            RequestCancelledError: It was cancelled.
            ServingFailedError: The engine raised or broke its contract.
            FrontClosedError: The front was closed before the request was finished.
        """
        position = 0
        try:
            while position < len(self._tokens) or not self.ended:
                if position == len(self._tokens):
                    await self._news.wait()
                else:
                    position += 1
                    yield self._tokens[position - 1]
        finally:
            self.cancel()
        self._ending()

    async def result(self) -> Completion:
        """Return all tokens when the last one is there; raises as the iteration does."""
        try:
            while not self.ended:
                await self._news.wait()
        except asyncio.CancelledError:
            self.cancel()
            raise
        return Completion(tokens=self.tokens, ending=self._ending())

    def deliver(self, token: int) -> None:
        """Append a token; called by the front alone."""
        assert not self.ended, f"a token for {self.id!r}, which has ended"
        self._tokens.append(token)
        self._tell()

    def end(self, outcome: Ending | HomeostatError) -> None:
        """Say that no more tokens will come, and why; called once, by the front or ``cancel``."""
        assert not self.ended, f"a second end of {self.id!r}"
        self._outcome = outcome
        self._tell()

    def _ending(self) -> Ending:
        assert self._outcome is not None
        if isinstance(self._outcome, Ending):
            return self._outcome
        # A copy, for every consumer appends to its traceback and its notes.
        raise copy.copy(self._outcome) from self._outcome.__cause__

    def _tell(self) -> None:
        # Whoever waits now is woken though the event is clear again at once; nobody can miss it,
        # since a consumer looks and begins to wait without giving way in between.
        self._news.set()
        self._news.clear()
