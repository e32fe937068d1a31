import json
import math
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.comparison import (
    Cell,
    Comparison,
    Measure,
    Record,
    read_comparison,
)
from homeostat.runtime.governor.paired import Outcome, interval, paired
from homeostat.runtime.governor.standing import standing_of

MEASURES = (
    Measure("allocation", "GPU allocation", "%", higher_is_better=True),
    Measure("latency", "decision latency", "us", higher_is_better=False),
)
CELL = Cell("mixed", 100, faults=False)
OTHER = Cell("mixed", 100, faults=True)


def record(policy: str, allocation: list[float], latency: list[float], cell: Cell = CELL) -> Record:
    values = {"allocation": tuple(allocation), "latency": tuple(latency)}
    return Record(cell, policy, tuple(range(len(allocation))), values)


COMPARISON = Comparison(
    MEASURES,
    (
        record("governor", [0.90, 0.92, 0.91], [5.0, 5.1, 5.2]),
        record("fgd", [0.80, 0.82, 0.82], [1.0, 1.2, 1.1]),
        record("random", [0.90, 0.93, 0.90], [9.0, 9.5, 9.1]),
    ),
    {"seeds": 3},
)


def test_an_interval_is_students() -> None:
    found = interval([1.0, 2.0, 3.0])
    half = 4.3026527299 / math.sqrt(3)  # of Student's table, two degrees
    assert found.mean == 2.0
    assert found.low == pytest.approx(2 - half, rel=1e-9)
    assert found.high == pytest.approx(2 + half, rel=1e-9)


def test_one_value_says_nothing_of_the_spread() -> None:
    found = interval([1.0])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert paired([1.0], [0.0], higher_is_better=True)[1] is Outcome.TIES


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf]])
def test_an_interval_of_nothing_is_refused(values: list[float]) -> None:
    with pytest.raises(InvalidInputError, match="must be finite"):
        interval(values)


def test_what_seeds_share_cancels_in_a_pair() -> None:
    # Seeds differ by far more than the policies, which a comparison of means would not see.
    seeds = [0.1, 0.9, 0.4, 0.7]
    ours = [x + 0.01 + 0.001 * i for i, x in enumerate(seeds)]
    assert paired(ours, seeds, higher_is_better=True)[1] is Outcome.WINS
    assert paired(ours, seeds, higher_is_better=False)[1] is Outcome.LOSES
    assert paired(seeds, ours, higher_is_better=True)[1] is Outcome.LOSES
    assert paired(seeds, seeds, higher_is_better=True)[1] is Outcome.TIES
    with pytest.raises(InvalidInputError, match="4 and 3 seeds"):
        paired(seeds, seeds[:3], higher_is_better=True)


def test_the_words_say_where_it_wins_and_to_whom_it_loses() -> None:
    words = standing_of(COMPARISON).words
    assert words == (
        "The governor against 2 policies in 1 cell, on 3 seeds each; a difference counts where its "
        "95% interval is clear of zero, and numbers in brackets are cells. It wins on GPU "
        "allocation (ahead of fgd; level with random). It wins against some and loses to others on "
        "decision latency (ahead of random; behind fgd in 1)."
    )


def test_whoever_wins_or_loses_alone_is_told_so() -> None:
    two = Comparison(MEASURES, (COMPARISON.records[0], COMPARISON.records[2]), {})
    words = standing_of(two, "random").words
    assert "It loses on decision latency (behind governor in 1)." in words
    assert words.endswith("It is neither ahead of nor behind anyone on GPU allocation.")
    best = standing_of(COMPARISON, "fgd")
    assert "decision latency (ahead of all 2)" in best.words
    assert best.tally(MEASURES[1])["governor"] == {Outcome.WINS: 1}
    assert (best.swept(MEASURES[0]), best.swept(MEASURES[1])) == (0, 1)


def test_wins_in_some_cells_are_set_against_losses_in_others() -> None:
    cells = [Cell("mixed", nodes, faults=False) for nodes in (1, 2, 3)]
    found = Comparison(MEASURES, (), {})
    for cell, better in zip(cells, (True, False, False), strict=True):
        for policy, share in (("governor", 0.5), ("fgd", 0.4 if better else 0.6)):
            found = found.with_record(record(policy, [share] * 3, [1.0] * 3, cell))
    standing = standing_of(found)
    assert standing.behind(MEASURES[0]) == ["fgd"]
    assert "GPU allocation (behind fgd in 2 and ahead in 1)" in standing.words
    words = standing_of(found, "fgd").words
    assert "GPU allocation (ahead of governor, though behind governor in 1)" in words


def test_what_is_zero_for_everyone_is_no_tie() -> None:
    nobody = [record(policy, [0.0] * 3, [1.0, 2.0, 3.0], OTHER) for policy in ("governor", "fgd")]
    found = COMPARISON.with_record(nobody[0]).with_record(nobody[1])
    standing = standing_of(found)
    assert standing.tally(MEASURES[0])["fgd"].total() == 1
    assert standing.tally(MEASURES[1])["fgd"].total() == 2
    row = standing.document()["cells"][1]["rows"][0]
    assert row["figures"]["allocation"]["ours"] is None


def test_seeds_come_one_by_one_and_in_order() -> None:
    alone = [Record(CELL, "fgd", (seed,), {"allocation": (0.1 * seed,), "latency": (1.0,)})
             for seed in (2, 0, 1)]  # fmt: skip
    found = Comparison(MEASURES, (), {})
    for one in alone:
        found = found.with_seeds(one)
    (joined,) = found.records
    assert joined.seeds == (0, 1, 2)
    assert joined.values["allocation"] == (0.0, 0.1, 0.2)
    with pytest.raises(InvalidInputError, match="must differ"):
        found.with_seeds(alone[0])


def test_a_comparison_comes_back_from_its_file() -> None:
    again = read_comparison(json.loads(json.dumps(COMPARISON.document())))
    assert again.document() == COMPARISON.document()
    assert standing_of(again).document() == standing_of(COMPARISON).document()


def test_a_record_takes_the_place_of_the_old_one() -> None:
    later = record("fgd", [0.99, 0.99, 0.98], [1.0, 1.2, 1.1])
    found = COMPARISON.with_record(later)
    assert len(found.records) == 3
    assert found.of(CELL)["fgd"] is later
    elsewhere = found.with_record(record("governor", [0.5], [1.0], OTHER))
    assert elsewhere.cells == [CELL, OTHER]


def test_policies_on_other_seeds_are_not_compared() -> None:
    fewer = COMPARISON.with_record(record("fgd", [0.8], [1.0]))
    with pytest.raises(InvalidInputError, match="share their cell and seeds"):
        standing_of(fewer)


def test_a_cell_without_the_policy_is_refused() -> None:
    alone = COMPARISON.with_record(record("fgd", [0.8], [1.0], OTHER))
    with pytest.raises(InvalidInputError, match="must have the policy 'governor'"):
        standing_of(alone)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "other"),
        (("measures",), []),
        (("records",), None),
        (("settings",), 3),
        (("records", 0, "nodes"), True),
        (("records", 0, "nodes"), 0),
        (("records", 0, "workload"), "x" * 121),
        (("records", 0, "faults"), 1),
        (("records", 0, "seeds"), [0, 1, "2"]),
        (("records", 0, "seeds"), [0, 1]),
        (("records", 0, "values", "allocation"), [1, 2, None]),
        (("records", 0, "values", "allocation"), [1, 2, 10**400]),
        (("records", 0, "values"), {"allocation": [1, 2, 3]}),
        (("records", 0, "policy"), "random"),
        (("measures", 0, "higher_is_better"), "yes"),
    ],
)
def test_a_file_that_is_no_comparison_is_refused(path: tuple[Any, ...], value: object) -> None:
    document = json.loads(json.dumps(COMPARISON.document()))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidInputError):
        read_comparison(document)


def test_what_is_no_object_is_no_comparison() -> None:
    with pytest.raises(InvalidInputError, match="must have the schema"):
        read_comparison([1])
