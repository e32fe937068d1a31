"""A policy: an order of admission, an eviction, a window; three words and their numbers."""

from dataclasses import dataclass
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.models.entropy import TEMPERATURE_DEFAULT
from homeostat.runtime.scheduler.monitor import BIN_WIDTH_NS_DEFAULT, EntropyMonitor
from homeostat.runtime.scheduler.policies.evictions import EVICTIONS
from homeostat.runtime.scheduler.policies.orders import KEYS
from homeostat.runtime.scheduler.requests import RATE_MAX, TIME_NS_MAX, integer_in
from homeostat.runtime.scheduler.window import WIDTH_NS_DEFAULT, WINDOWS, AdaptiveWindow

__all__ = ["ALL_POLICIES", "PRESETS", "Policy", "policy_named"]

ORDERS: Final = ("aging", *KEYS)
EVICTION_WORDS: Final = (*EVICTIONS, "reservation")


def _one_of(name: str, value: object, words: tuple[str, ...]) -> None:
    if value not in words:
        raise InvalidInputError(f"{name}={value!r} must be one of {', '.join(words)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a scheduler chooses; every instance is valid.

    Attributes:
        order: Who is admitted next: "fcfs" by arrival, "priority" by bid, "aging" by bid and
            waiting time, "shortest" by prompt and output limit.
        eviction: Who loses its KV when memory is short: "least-decoded", "last-in", or with
            "reservation" nobody, as one is admitted only where it fits to its end.
        window: Whether new arrivals wait for company: "none", "fixed" or "adaptive".
        rates: Micro-bids per second of waiting, one for each rate class; "aging" only.
        window_ns: Width of the fixed window; of the adaptive one at entropy 0.
        bin_width_ns: Of the gaps between arrivals, for their entropy, >= 1.
        bins_per_mean: Where given, bins are relative instead: this many to the mean gap, >= 1,
            so that the entropy does not depend on the load.
        temperature_bits: tau of the adaptive window, > 0.

    Raises:
        InvalidInputError: A word is not known, or a number out of range.
    """

    order: str
    eviction: str
    window: str = "none"
    rates: tuple[int, ...] = (1_000_000,)
    window_ns: int = WIDTH_NS_DEFAULT
    bin_width_ns: int = BIN_WIDTH_NS_DEFAULT
    bins_per_mean: int | None = None
    temperature_bits: float = TEMPERATURE_DEFAULT

    def __post_init__(self) -> None:
        """Refuse unknown words and numbers out of range."""
        _one_of("order", self.order, ORDERS)
        _one_of("eviction", self.eviction, EVICTION_WORDS)
        _one_of("window", self.window, tuple(WINDOWS))
        if not isinstance(self.rates, tuple) or not self.rates:
            raise InvalidInputError(f"rates={self.rates!r} must be a tuple of at least one rate")
        for rate in self.rates:
            integer_in("rate", rate, 0, RATE_MAX)
        integer_in("window_ns", self.window_ns, 1, TIME_NS_MAX)
        # They know the rules of the rest.
        AdaptiveWindow(self.window_ns, temperature_bits=self.temperature_bits)
        EntropyMonitor(bin_width_ns=self.bin_width_ns, bins_per_mean=self.bins_per_mean)

    @property
    def name(self) -> str:
        """The three words, as ``policy_named`` reads them."""
        return f"{self.order}+{self.eviction}+{self.window}"

    @property
    def evicts(self) -> bool:
        """Whether it may evict; else blocks are held from admission to the end."""
        return self.eviction != "reservation"


ALL_POLICIES: Final = tuple(
    Policy(order=order, eviction=eviction, window=window)
    for order in ORDERS
    for eviction in EVICTION_WORDS
    for window in WINDOWS
)
"""Every combination; the contract tests run on each."""

PRESETS: Final = {"default": "aging+least-decoded+none", "vllm": "fcfs+last-in+none"}
"""Short names: ours, and what vLLM does."""


def policy_named(text: str) -> Policy:
    """Return a policy by its words, as "fcfs+last-in+none", or by a preset's name.

    Raises:
        InvalidInputError: It is no text, or a word is not known; the message lists the words.
    """
    words = PRESETS.get(text, text).split("+") if isinstance(text, str) else []
    if len(words) != 3:
        raise InvalidInputError(
            f"policy {text!r} must be one of {', '.join(PRESETS)}, or ORDER+EVICTION+WINDOW "
            f"from ({', '.join(ORDERS)}) + ({', '.join(EVICTION_WORDS)}) + ({', '.join(WINDOWS)})"
        )
    return Policy(order=words[0], eviction=words[1], window=words[2])
