from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs.theory.batching.note_readings import READINGS, STATED
from homeostat.proofs.theory.batching.note_tables import QUOTES, Figure, recomputed_figures

ONE, TWO = "data_set_1", "data_set_2"

States = list[list[Fraction]]


@pytest.fixture(scope="module")
def figures() -> dict[tuple[str, str], Figure]:
    return {(figure.key, figure.data_set): figure for figure in recomputed_figures()}


def second_implementation(
    l0: int, l_a: int, l_b: int, capacity: int, steps: int
) -> tuple[States, States, States]:
    """Both systems for q = 1/2 from section 3 alone; nothing of the package is used."""
    weight = [Fraction(l0 + s + 1) / (1 if s < l_a else 2) for s in range(l_b)]
    theory = [[capacity / weight[0]] + [Fraction(0)] * (l_b - 1)]
    simulation, evicted = [theory[0][:]], [[Fraction(0)] * l_b]
    for _ in range(steps):
        moved = theory[-1][:-1]
        used = sum(w * m for w, m in zip(weight[1:], moved, strict=True))
        theory.append([(capacity - used) / weight[0], *moved])
        kept = [Fraction(0), *simulation[-1][:-1]]
        lost = [Fraction(0)] * l_b
        excess = sum(w * m for w, m in zip(weight, kept, strict=True)) - capacity
        for s in range(1, l_b):
            if excess > 0:
                lost[s] = min(kept[s], excess / weight[s])
                kept[s] -= lost[s]
                excess -= weight[s] * lost[s]
        kept[0] = max(-excess, Fraction(0)) / weight[0]
        simulation.append(kept)
        evicted.append(lost)
    return theory, simulation, evicted


RUNS = {
    ONE: second_implementation(10, 2, 5, 60, 50),
    TWO: second_implementation(50, 4, 7, 1000, 200),
}


def counted(name: str, holds: Callable[[list[Fraction], list[Fraction]], bool]) -> list[int]:
    theory, simulation, _ = RUNS[name]
    return [t for t in range(1, len(theory)) if holds(theory[t], simulation[t])]


def delta(theory: list[Fraction], simulation: list[Fraction], extreme: Fraction) -> Fraction:
    stage = simulation.index(extreme)
    return theory[stage] - simulation[stage]


PREDICATES: dict[str, Callable[[list[Fraction], list[Fraction]], bool]] = {
    "g_dominance": lambda t, s: max(t) - min(t) >= max(s) - min(s),
    "max_dominance": lambda t, s: max(t) >= max(s),
    "min_dominance": lambda t, s: min(t) <= min(s),
    "delta_at_peak": lambda t, s: delta(t, s, max(s)) >= 0,
    "delta_gap": lambda t, s: delta(t, s, max(s)) >= delta(t, s, min(s)),
    "admission": lambda t, s: s[0] > t[0],
    "case_a": lambda t, s: delta(t, s, max(s)) >= 0 >= delta(t, s, min(s)),
    "case_b": lambda t, s: delta(t, s, max(s)) >= 0 < delta(t, s, min(s)),
    "case_c": lambda t, s: delta(t, s, max(s)) < 0 and delta(t, s, min(s)) <= 0,
    "case_d": lambda t, s: delta(t, s, max(s)) < 0 < delta(t, s, min(s)),
}


@pytest.mark.slow
class TestOurFigures:
    @pytest.mark.parametrize("key", PREDICATES)
    @pytest.mark.parametrize("name", [ONE, TWO])
    def test_a_second_implementation_counts_the_same_steps(
        self, figures: dict[tuple[str, str], Figure], key: str, name: str
    ) -> None:
        steps = len(RUNS[name][0]) - 1
        expected = Fraction(len(counted(name, PREDICATES[key])), steps)
        assert figures[key, name].value == expected

    @pytest.mark.parametrize("name", [ONE, TWO])
    def test_a_second_implementation_agrees_on_components_and_on_evictions(
        self, figures: dict[tuple[str, str], Figure], name: str
    ) -> None:
        theory, simulation, evicted = RUNS[name]
        later = range(1, len(theory))
        below = [x < y for t in later for x, y in zip(theory[t], simulation[t], strict=True)]
        assert figures["componentwise", name].value == Fraction(sum(below), len(below))
        at_peak = [evicted[t][simulation[t].index(max(simulation[t]))] for t in later]
        assert figures["evicted_at_peak", name].value == sum(at_peak)

    def test_every_difference_is_named_with_its_steps(
        self, figures: dict[tuple[str, str], Figure]
    ) -> None:
        found = {key: f.steps_differing for key, f in figures.items() if not f.agrees}
        assert found == {
            ("max_dominance", ONE): (5, 6),
            ("delta_at_peak", ONE): (5, 6, 7, 8, 9, 24, 25, 43, 44),
            ("evicted_at_peak", ONE): (1, 13),
            ("evicted_at_peak", TWO): (1, 2, 3),
            ("admission_count", TWO): (200,),
            ("case_a", TWO): (),
            ("case_b", TWO): (),
            ("case_c", TWO): (),
        }

    def test_the_steps_of_a_failed_property_are_those_where_it_fails(
        self, figures: dict[tuple[str, str], Figure]
    ) -> None:
        holding = counted(ONE, PREDICATES["max_dominance"])
        assert set(figures["max_dominance", ONE].steps_differing) == set(range(1, 51)) - {*holding}


@pytest.mark.slow
class TestReadings:
    def test_the_window_from_the_start_explains_the_count_of_103(
        self, figures: dict[tuple[str, str], Figure]
    ) -> None:
        figure = figures["admission_count", TWO]
        assert figure.ours == "104/200 = 52 %"
        assert figure.explained_by == ("from_start",)
        theory, simulation, _ = RUNS[TWO]
        assert sum(simulation[t][0] > theory[t][0] for t in range(200)) == 103

    def test_floats_explain_nothing(self, figures: dict[tuple[str, str], Figure]) -> None:
        assert not any("float64" in figure.explained_by for figure in figures.values())

    def test_a_stage_that_keeps_type_a_first_explains_section_5_but_not_section_6(
        self, figures: dict[tuple[str, str], Figure]
    ) -> None:
        assert "type_a_first" in figures["max_dominance", ONE].explained_by
        assert "type_a_first" in figures["delta_at_peak", ONE].explained_by
        under = {r.name: r.agrees for r in figures["case_c", ONE].readings}
        assert figures["case_c", ONE].agrees
        assert not under["type_a_first"]

    def test_a_tie_matters_for_two_cases_only_and_decides_neither(
        self, figures: dict[tuple[str, str], Figure]
    ) -> None:
        tied = {key for key, figure in figures.items() if figure.tie_matters}
        assert tied == {("case_a", TWO), ("case_b", TWO)}
        for key in tied:
            assert all(not r.agrees for r in figures[key].readings if r.name == "last_tie")

    def test_every_reading_is_tried_on_every_figure_of_a_run(
        self, figures: dict[tuple[str, str], Figure]
    ) -> None:
        dynamic = {(quote.key, quote.data_set) for quote in QUOTES if quote.dynamic}
        for key, figure in figures.items():
            names = tuple(r.name for r in figure.readings)
            assert names == (tuple(READINGS)[1:] if key in dynamic else ())
        assert next(iter(READINGS)) == STATED


@pytest.mark.slow
class TestComparison:
    def test_a_wrong_figure_of_the_note_is_named_as_different(self) -> None:
        wrong = [
            replace(quote, note="49/50", target=Fraction(49, 50))
            for quote in QUOTES
            if (quote.key, quote.data_set) == ("g_dominance", ONE)
        ]
        (figure,) = recomputed_figures(wrong)
        assert not figure.agrees
        assert (figure.note, figure.ours) == ("49/50", "50/50")

    def test_an_unknown_data_set_is_refused(self) -> None:
        with pytest.raises(InvalidInputError, match="data_set_3"):
            recomputed_figures([replace(QUOTES[0], data_set="data_set_3")])


class TestRounding:
    @pytest.mark.parametrize(
        ("value", "agrees"), [("775/1000", True), ("785/1000", False), ("774/1000", False)]
    )
    def test_a_share_agrees_when_it_rounds_to_the_announced_percent(
        self, value: str, *, agrees: bool
    ) -> None:
        quote = next(q for q in QUOTES if q.key == "case_a")
        assert quote.agrees_with(Fraction(value)) is agrees

    def test_a_figure_without_about_must_be_equal(self) -> None:
        quote = next(q for q in QUOTES if q.key == "admission_count")
        assert quote.agrees_with(Fraction(103, 200))
        assert not quote.agrees_with(Fraction(104, 200))

    def test_keys_are_unique_for_each_data_set(self) -> None:
        keys = [(quote.key, quote.data_set) for quote in QUOTES]
        assert len(keys) == len(set(keys))
