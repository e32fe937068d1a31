from pathlib import Path

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces import openb
from homeostat.runtime.traces.fetching import MissingDataError
from homeostat.runtime.traces.openb import (
    Openb,
    openb_data,
    read_openb,
    read_pods,
    read_published,
)

NODES = """\
sn,cpu_milli,memory_mib,gpu,model
a,64000,262144,2,P100
b,96000,393216,8,G2
c,32000,1024,0,
"""
HEAD = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n"
)
PODS = (
    HEAD
    + "p,12000,16384,1,460,,LS,Running,10,25,15\n"
    + "q,4000,8192,2,1000,G2|T4,BE,Pending,20,20,\n"
    + "r,1000,1024,0,0,,LS,Failed,30,90,31\n"
)


def lists(tmp_path: Path, nodes: str = NODES, pods: str = PODS) -> Openb:
    (tmp_path / "nodes.csv").write_text(nodes)
    (tmp_path / "pods.csv").write_text(pods)
    return read_openb(tmp_path / "nodes.csv", tmp_path / "pods.csv")


def test_nodes_and_pods_are_read_as_they_stand(tmp_path: Path) -> None:
    found = lists(tmp_path)
    assert found.models == ("P100", "G2", "T4"), "nodes first, then what only pods name"
    assert found.classes == ("LS", "BE")
    assert [(n.cpu_milli, n.gpus, n.model) for n in found.nodes] == [
        (64000, 2, 0), (96000, 8, 1), (32000, 0, -1),
    ]  # fmt: skip
    share, pair, plain = found.jobs
    assert (share.gpus, share.gpu_milli, share.models, share.tenant) == (1, 460, (), 0)
    assert (pair.gpus, pair.models, pair.tenant) == (2, (1, 2), 1)
    assert (plain.gpus, plain.gpu_milli) == (0, 0)
    assert [job.arrival_ns // 10**9 for job in found.jobs] == [10, 20, 30]
    # From when it was scheduled, or created if it never was; a second at least.
    assert [(job.duration_ns or 0) // 10**9 for job in found.jobs] == [10, 1, 59]


def test_pods_alone_keep_the_ids_of_a_clusters_models(tmp_path: Path) -> None:
    (tmp_path / "pods.csv").write_text(PODS)
    jobs = read_pods(tmp_path / "pods.csv", ("T4", "G2"))
    assert jobs[1].models == (1, 0)


@pytest.mark.parametrize(
    ("nodes", "pods", "said"),
    [
        (NODES.replace("96000,393216,8", "96000,393216,9"), PODS, r"nodes.csv:3: gpu=9 .*<= 8"),
        (NODES.replace("2,P100", "2,"), PODS, "model='' must be empty on a node without GPUs"),
        (NODES.replace("0,\n", "0,T4\n"), PODS, "model='T4' must be empty"),
        (NODES.replace("64000", "-1"), PODS, r"cpu_milli='-1' must be a whole number >= 0"),
        (NODES.splitlines()[0], PODS, "nodes.csv must have one row or more"),
        (NODES, HEAD, "pods.csv must have one row or more"),
        (NODES, PODS.replace("1,460", "1,0"), r"pods.csv:2: gpu_milli=0 .*>= 1"),
        (NODES, PODS.replace("2,1000", "2,500"), r"gpu_milli=500 .*>= 1000"),
        (NODES, PODS.replace("0,0,,LS", "0,7,,LS"), r"gpu_milli=7 .*<= 0"),
        (NODES, PODS.replace("10,25,15", "10,25,9"), r"scheduled_time=9 .*>= 10"),
        (NODES, PODS.replace("10,25,15", "10,14,15"), "deletion_time=14 must be >= the time"),
        (NODES, PODS.replace("G2|T4", "G2||T4"), "gpu_spec='' must be a name"),
        (NODES, PODS.replace("num_gpu", "gpus"), "must be such that 'num_gpu' is one"),
        (NODES, PODS.replace("Running,10", "Running,1e9"), "creation_time='1e9' must be a whole"),
        (NODES, PODS.replace("4000,8192", f"{2**41},8192"), "cpu_milli=.* must be a whole number"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_place(
    tmp_path: Path, nodes: str, pods: str, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        lists(tmp_path, nodes, pods)


def test_no_file_can_name_more_models_or_rows_than_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "|".join(f"M{i}" for i in range(70))
    with pytest.raises(InvalidInputError, match="must be one of 62 names at most"):
        lists(tmp_path, NODES, PODS.replace("G2|T4", many))
    monkeypatch.setattr(openb, "PODS_MAX", 2)
    with pytest.raises(InvalidInputError, match="row=3 must be one of 2 at most"):
        lists(tmp_path)
    monkeypatch.setattr(openb, "NODES_MAX", 1)
    with pytest.raises(InvalidInputError, match="row=2 must be one of 1 at most"):
        lists(tmp_path)


def test_published_allocations_are_read_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    head = "policy,load_pct,gpu_allocation_pct_mean,gpu_allocation_pct_stdev,seeds\n"
    path.write_text(head + "06-FGD,130,95.391,0.077,10\n")
    (row,) = read_published(path)
    assert (row.policy, row.load_percent, row.seeds) == ("06-FGD", 130, 10)
    assert (row.mean_percent, row.deviation_percent) == (95.391, 0.077)
    path.write_text(head + "06-FGD,130,100.1,0.077,10\n")
    with pytest.raises(InvalidInputError, match=r"gpu_allocation_pct_mean='100\.1' must be <= 100"):
        read_published(path)


def test_the_real_cluster_has_what_is_published_of_it() -> None:
    try:
        found, published = openb_data()
    except MissingDataError as error:
        pytest.skip(str(error))
    assert len(found.nodes) == 1213
    assert sum(node.gpus for node in found.nodes) == 6212
    assert len(found.jobs) == 8152
    assert {row.policy for row in published} >= {"01-Random", "05-BestFit", "06-FGD"}
    assert {row.load_percent for row in published} == {60, 80, 90, 100, 110, 120, 130}
