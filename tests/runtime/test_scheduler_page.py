import doctest
import re
import runpy
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from homeostat.runtime.metrics import SchedulerMetrics
from homeostat.runtime.scheduler import (
    ALL_POLICIES,
    PRESETS,
    EventLog,
    Limits,
    Scheduler,
    policy_named,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "scheduler.md").read_text()


def test_the_examples_of_the_page_run_as_shown() -> None:
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "scheduler.md", None, 0)
    assert len(test.examples) > 20
    said: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert results.failed == 0, "".join(said)


def test_the_page_names_every_word_of_a_policy() -> None:
    words = {word for p in ALL_POLICIES for word in (p.order, p.eviction, p.window)}
    assert words == set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, flags=re.MULTILINE))
    for name, policy in PRESETS.items():
        assert re.search(rf"`{name}`\s+\(`{re.escape(policy)}`\)", PAGE), name


def test_the_page_lists_every_metric() -> None:
    metrics = SchedulerMetrics(clock=lambda: 0, jain_requests=1)
    metrics.watch(
        Scheduler(Limits(kv_blocks=1000), policy_named("fcfs+last-in+adaptive"), log=EventLog())
    )
    table = PAGE.partition("| metric `homeostat_...` |")[2]
    listed = set(re.findall(r"`([a-z_]+)(?:\{[a-z]+\})?`", table))
    live = {
        f.name.removeprefix("homeostat_") + ("_total" if f.type == "counter" else "")
        for f in text_string_to_metric_families(metrics.text())
        if not f.name.endswith("_created")
    }
    assert listed == live | {
        "jain_index",  # which is there once a request has finished
        "blocked",  # with a front
    }


def test_the_example_server_serves(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(DOCS / "examples/serve.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert "ann: [1, 2, 3]\nbob: [1, 2, 3, 4, 5]\neve: [1]\n" in shown
    assert 'homeostat_events_total{kind="finished"} 3.0' in shown
