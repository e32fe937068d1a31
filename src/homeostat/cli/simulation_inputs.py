"""What ``homeostat simulate`` reads before it runs: trace, limits, step time, policies."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from homeostat.errors import InvalidInputError

if TYPE_CHECKING:
    from homeostat.runtime.scheduler import Limits, Policy
    from homeostat.runtime.simulator import Setting
    from homeostat.runtime.simulator.workloads import Workload

__all__ = ["ENGINE", "chosen_policies", "setting_of"]

ENGINE: Final = "vllm"
"""The policy of the engines whose runs we read, so the one that is fitted."""


def chosen_policies(text: str, window_ms: int) -> "list[Policy]":
    """Return the policies that a comma-separated list names; "all" for the whole family.

    Raises:
        InvalidInputError: A name is unknown, or occurs twice.
    """
    from homeostat.runtime.scheduler import ALL_POLICIES, policy_named

    names = [name.strip() for name in text.split(",")]
    policies = list(ALL_POLICIES) if names == ["all"] else [policy_named(name) for name in names]
    if len({policy.name for policy in policies}) != len(policies):
        raise InvalidInputError(f"--policy={text!r:.200} must name each policy once")
    return [replace(policy, window_ns=window_ms * 1_000_000) for policy in policies]


def setting_of(
    trace: str,
    given: Mapping[str, int | None],
    *,
    fit_count: int,
    earlier: Mapping[str, Any] | None,
    overlap: bool | None,
    reuse: bool | None,
    bids_seed: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> "Setting":
    """Read and fit all that the policies share.

    Args:
        trace: A path or a name.
        given: Limits from the command line, by their names; None where the trace or the file of
            the step time decides.
        fit_count: Requests whose times are fitted, where no step time is given.
        earlier: An earlier simulation as JSON data, or a step time; None to fit one.
        overlap: As in ``simulate``; None for that of the measured engine, or of the earlier
            simulation.
        reuse: The same.
        bids_seed: Gives the requests bids, ``with_bids``; None for none.
        progress: Told the number of each guess of the fit.

    Raises:
        InvalidInputError: A file breaks its rules, or something is not known from anywhere.
    """
    from homeostat.runtime.scheduler import policy_named
    from homeostat.runtime.simulator import (
        Setting,
        StepTime,
        fit_step_time,
        requests_of,
        with_bids,
    )
    from homeostat.runtime.simulator.workloads import workload_named

    workload = workload_named(trace)
    if earlier is None and workload.trace.requests[0].measured is None:
        raise InvalidInputError(
            f"trace {trace!r} has no measured times to fit: give --step-time=FILE"
        )
    limits = _limits(workload, earlier or {}, given)
    overlap = _switch(workload, earlier or {}, "overlap", given=overlap)
    reuse = _switch(workload, earlier or {}, "reuse", given=reuse)
    fit = None
    if earlier is None:
        fit = fit_step_time(
            workload.trace,
            limits,
            policy_named(ENGINE),
            count=fit_count,
            overlap=overlap,
            reuse=reuse,
            progress=progress,
        )
    requests = requests_of(workload.trace)
    return Setting(
        trace=workload.trace,
        requests=requests if bids_seed is None else with_bids(requests, bids_seed),
        limits=limits,
        step_time=fit.step_time if fit else StepTime.from_json(_coefficients(earlier or {})),
        overlap=overlap,
        reuse=reuse,
        bids_seed=bids_seed,
        fit=fit,
        samples=workload.samples,
    )


def _coefficients(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = document.get("step_time", document)
    if not isinstance(found, dict):
        raise InvalidInputError(f"step_time={found!r:.60} must be an object")
    return found


def _switch(
    workload: "Workload", earlier: Mapping[str, Any], name: str, *, given: bool | None
) -> bool:
    """Return whether the engine does something; most do, so unless somebody says no, it does."""
    measured = None if workload.engine is None else getattr(workload.engine, name)
    for value in (given, measured, earlier.get(name)):
        if isinstance(value, bool):
            return value
    return True


def _limits(
    workload: "Workload", earlier: Mapping[str, Any], given: Mapping[str, int | None]
) -> "Limits":
    from homeostat.runtime.scheduler import Limits

    known: dict[str, Any] = {}
    found = earlier.get("limits")
    if isinstance(found, dict):
        known |= {name: found[name] for name in given if name in found}
    if workload.engine is not None:
        known |= {name: asdict(workload.engine.limits)[name] for name in given}
    known |= {name: value for name, value in given.items() if value is not None}
    if "kv_blocks" not in known:
        raise InvalidInputError(
            "the size of the KV memory is not known: give --kv-blocks=N, or beside a vLLM run's "
            "PREFIXrequests.jsonl its PREFIXmeta.json"
        )
    return Limits(**known)
