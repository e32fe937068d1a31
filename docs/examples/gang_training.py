"""GPUs for distributed training: a gang starts as a whole, or waits as a whole.

First two jobs of 12 workers each come to a cluster of 16 nodes, and each worker wants the GPUs of a
node. Placed worker by worker, both end up with 8 and wait for the rest for ever: a deadlock, since
neither gives back what it holds. Placed as gangs, one starts, and the other when it has ended.

Then ten days of training jobs, with nodes that fail now and then: a job that loses a worker starts
anew, and one that finds no room within five minutes is turned away. The same jobs and faults for
the governor, and for what Kubernetes does by default.

    python docs/examples/gang_training.py
"""

from dataclasses import replace
from random import Random

from homeostat.runtime.governor.cluster import Cluster, Node
from homeostat.runtime.governor.faults import faults_named
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.metrics import Outcome, outcome_of
from homeostat.runtime.governor.policies import policy_named
from homeostat.runtime.governor.policy import Policy
from homeostat.runtime.governor.simulator import STALE_NS, simulate
from homeostat.runtime.governor.workloads import Workload

NODES = (Node(cpu_milli=96_000, memory_mib=786_432, gpus=8, model=0),) * 16
WORKER = Job(cpu_milli=64_000, memory_mib=524_288, gpus=8, gpu_milli=1000)
HOUR_NS = 3_600_000_000_000
JOBS = 160
DAYS = 10
SEED = 5


def started(cluster: Cluster, policy: Policy, job: Job) -> bool:
    """Place a job and take its room, if it has any."""
    nodes = policy.place(cluster, job)
    if nodes is None:
        return False
    for node in nodes:
        policy.taken(cluster.take(node, job, policy.gpus(cluster, node, job)))
    return True


def worker_by_worker() -> list[int]:
    """Return how many workers two jobs of twelve get when their workers come in turns."""
    cluster = Cluster(NODES)
    policy = policy_named("governor")(cluster, SEED, [WORKER])
    held = [0, 0]
    for _ in range(12):
        for who in (0, 1):
            held[who] += started(cluster, policy, WORKER)
    return held


def as_gangs() -> list[bool]:
    """Return whether two jobs of twelve workers start, each as a whole."""
    cluster = Cluster(NODES)
    policy = policy_named("governor")(cluster, SEED, [WORKER])
    gang = replace(WORKER, gang=12)
    return [started(cluster, policy, gang) for _ in range(2)]


def a_day(seed: int) -> Workload:
    """Return training jobs of one to eight workers, which want a part of a node or all of it."""
    random = Random(seed)
    sizes = (
        replace(WORKER, gang=8),
        replace(WORKER, gang=4),
        replace(WORKER, cpu_milli=32_000, memory_mib=262_144, gpus=4, gang=4),
        replace(WORKER, cpu_milli=16_000, memory_mib=131_072, gpus=2, gang=2),
        replace(WORKER, cpu_milli=8_000, memory_mib=65_536, gpus=1),
    )
    jobs = [
        replace(
            random.choices(sizes, weights=(1, 2, 4, 6, 8))[0],
            arrival_ns=random.randrange(20 * HOUR_NS),
            duration_ns=1 + int(random.expovariate(1 / 1.5) * HOUR_NS),
        )
        for _ in range(JOBS)
    ]
    return Workload(
        name="training",
        nodes=NODES,
        jobs=tuple(sorted(jobs, key=lambda job: job.arrival_ns)),
        typical=sizes,
        horizon_ns=24 * HOUR_NS,
    )


def one_day(policy: str, seed: int) -> Outcome:
    """Return what a policy does on one day."""
    work = a_day(seed)
    faults = faults_named("nodes", nodes=16, horizon_ns=work.horizon_ns, seed=seed, scale=4)
    run = simulate(work, policy_named(policy), seed=seed, faults=faults, stale_ns=STALE_NS)
    return outcome_of(run)


def main() -> None:
    """Show the deadlock, and compare two policies over ten days."""
    print(f"worker by worker: {worker_by_worker()} of 12 each, and neither starts")
    first, second = as_gangs()
    print(f"as gangs: the first starts: {first}; the second beside it: {second}")
    for name in ("governor", "filter_and_score"):
        found = [one_day(name, seed) for seed in range(DAYS)]
        arrived, finished, displaced = (
            sum(getattr(day, field) for day in found)
            for field in ("arrived", "finished", "displaced")
        )
        away = sum(day.rejected * day.arrived for day in found)
        used = sum(day.gpu_allocation for day in found) / DAYS
        print(
            f"{name}: {finished} of {arrived} jobs finished, {away:.0f} turned away, {displaced} "
            f"started anew after a failure, {used:.1%} of GPUs in use"
        )


if __name__ == "__main__":
    main()
