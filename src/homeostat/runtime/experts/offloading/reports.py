"""What an offload did, layer by layer, and how far from the optimum."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from homeostat.models.residency.optimal import belady
from homeostat.runtime.experts.accounting import Account

__all__ = ["LayerReport", "OffloadReport", "report_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """Counts of one layer, or sums over all.

    Attributes:
        name: Of the module; "all" for the sums.
        capacity: Most experts resident at once; for the sums of all layers together.
        events: Passes.
        asked: Experts that they needed, all together.
        hits: Of these, resident when asked for.
        loads: Copies to become resident, on demand.
        bypasses: Copies to a transient buffer.
        prefetches: Copies ahead of any demand.
        bytes_up: Copied from host to device.
        bytes_down: Copied from device to host.
        misses_compared: Misses on the events that are compared with the optimum: the first ones,
            as many as an account keeps.
        misses_optimal: On these, the fewest that any policy could have.
        misses_optimal_no_bypass: The fewest of a policy that admits everything.
    """

    name: str
    capacity: int
    events: int
    asked: int
    hits: int
    loads: int
    bypasses: int
    prefetches: int
    bytes_up: int
    bytes_down: int
    misses_compared: int
    misses_optimal: int
    misses_optimal_no_bypass: int

    @property
    def misses(self) -> int:
        """Experts that were not resident when asked for."""
        return self.asked - self.hits

    @property
    def hit_rate(self) -> float:
        """Hits per expert asked for; 0 before the first event."""
        return self.hits / self.asked if self.asked else 0.0

    @property
    def union_per_capacity(self) -> float:
        """Mean experts per event, in capacities of one layer; above 1 no event fits as a whole."""
        return self.asked / self.events / self.capacity if self.events else 0.0

    @property
    def regret(self) -> int:
        """Misses more than the optimum; below 0 only if prefetches, which it lacks, saved more."""
        return self.misses_compared - self.misses_optimal

    @property
    def regret_no_bypass(self) -> int:
        """Misses more than the optimum that admits everything; a bypass may go below it."""
        return self.misses_compared - self.misses_optimal_no_bypass


@dataclass(frozen=True, slots=True)
class OffloadReport:
    """One report a layer.

    Attributes:
        policy: Name of the policy.
        layers: In the order of the model.
    """

    policy: str
    layers: tuple[LayerReport, ...]

    @property
    def total(self) -> LayerReport:
        """The sums; of events and capacities too, so ``union_per_capacity`` means nothing here."""
        names = [name for name in LayerReport.__dataclass_fields__ if name != "name"]
        sums = {name: sum(getattr(layer, name) for layer in self.layers) for name in names}
        return LayerReport(name="all", **sums)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, with rates and regrets."""
        return {
            "policy": self.policy,
            "layers": [
                {**plain(layer), "union_per_capacity": layer.union_per_capacity}
                for layer in self.layers
            ],
            "total": plain(self.total),
        }

    def table(self) -> str:
        """Return the report as lines to print."""
        head = ("layer", "capacity", "asked", "hit rate", "misses", "optimum", "regret", "MB up")
        rows = [
            (
                layer.name,
                f"{layer.capacity}",
                f"{layer.asked}",
                f"{layer.hit_rate:.3f}",
                f"{layer.misses}",
                f"{layer.misses_optimal}",
                f"{layer.regret}",
                f"{layer.bytes_up / 1e6:.2f}",
            )
            for layer in (*self.layers, self.total)
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        return "\n".join(
            "  ".join(
                (word.ljust if number == 0 else word.rjust)(width)
                for number, (word, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in (head, *rows)
        )


def plain(layer: LayerReport) -> dict[str, Any]:
    """Return a layer's report as data."""
    return {
        **asdict(layer),
        "misses": layer.misses,
        "hit_rate": layer.hit_rate,
        "regret": layer.regret,
        "regret_no_bypass": layer.regret_no_bypass,
    }


def report_of(policy: str, accounts: Iterable[tuple[str, Account]]) -> OffloadReport:
    """Return the report of accounts, each with the name of its layer."""
    return OffloadReport(policy, tuple(layer_report(name, account) for name, account in accounts))


def layer_report(name: str, account: Account) -> LayerReport:
    """Return the report of one account; the optimum takes O(events times experts)."""
    fewest = {
        bypass: sum(o.misses for o in belady(account.kept, account.capacity, bypass=bypass))
        for bypass in (True, False)
    }
    return LayerReport(
        name=name,
        capacity=account.capacity,
        events=account.events,
        asked=account.asked,
        hits=account.hits,
        loads=account.loads,
        bypasses=account.bypasses,
        prefetches=account.prefetches,
        bytes_up=account.bytes_up,
        bytes_down=account.bytes_down,
        misses_compared=account.misses_kept,
        misses_optimal=fewest[True],
        misses_optimal_no_bypass=fewest[False],
    )
