import math

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.entropy import entropy, histogram, relative_bins
from homeostat.runtime.scheduler.monitor import EntropyMonitor


def seen(*times_ns: int, **options: int) -> EntropyMonitor:
    monitor = EntropyMonitor(**options)
    for time_ns in times_ns:
        monitor.record(time_ns)
        monitor._check()
    return monitor


def test_fewer_than_two_arrivals_have_no_entropy() -> None:
    assert seen().entropy_bits() == 0
    assert seen(5).entropy_bits() == 0


def test_periodic_arrivals_have_none_and_two_equal_bins_have_one_bit() -> None:
    assert seen(*range(0, 100, 7), bin_width_ns=1).entropy_bits() == 0
    assert seen(0, 1, 11, 12, 22, bin_width_ns=10).entropy_bits() == 1


def test_the_default_bin_is_a_millisecond() -> None:
    assert seen(0, 999_999, 999_999).entropy_bits() == 0
    assert seen(0, 1_000_000, 1_000_000).entropy_bits() == 1


def test_only_the_last_gaps_count() -> None:
    monitor = seen(*range(0, 40, 4), *range(1000, 1060), gaps_max=50, bin_width_ns=1)
    assert (len(monitor.gaps_ns), monitor.entropy_bits()) == (50, 0)


def test_relative_bins_do_not_see_the_scale() -> None:
    times = [0, 3, 4, 9, 16, 17, 40]
    one, other = (seen(*(t * k for t in times), bins_per_mean=3) for k in (1, 1000))
    gaps = one.gaps_ns
    assert one.entropy_bits() == other.entropy_bits()
    assert one.entropy_bits() == entropy(histogram(relative_bins(gaps, 3))) > 1


def test_the_most_is_reached_by_gaps_in_bins_of_their_own() -> None:
    times = [sum(range(i)) for i in range(52)]
    assert math.isclose(seen(*times, bin_width_ns=1).entropy_bits(), math.log2(50))


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"gaps_max": 0}, "gaps_max=0 must be an integer >= 1"),
        ({"bin_width_ns": 0}, "bin_width_ns=0 must be an integer >= 1"),
        ({"bins_per_mean": 0}, "bins_per_mean=0 must be an integer >= 1"),
    ],
)
def test_bad_options_show_value_and_rule(options: dict[str, int], shown: str) -> None:
    with pytest.raises(InvalidInputError, match=shown):
        EntropyMonitor(**options)


def test_an_arrival_before_the_last_is_refused_and_forgotten() -> None:
    monitor = seen(3, 5)
    with pytest.raises(InvalidInputError, match="arrival_ns=4 must be >= 5, the last arrival"):
        monitor.record(4)
    monitor.record(5)
    monitor._check()
    assert monitor.gaps_ns == (2, 0)


def test_its_own_check_sees_a_lost_gap() -> None:
    monitor = seen(0, 1, 11, 12, 22, bin_width_ns=10)
    monitor._gaps.popleft()
    with pytest.raises(AssertionError):
        monitor._check()
