import pytest

from homeostat.runtime.scheduler import Request, Sequence
from homeostat.runtime.simulator.bids import BIDS, ttft_by_bid_ns, with_bids


def request(number: int, bid: int = 0) -> Request:
    return Request(id=str(number), arrival_ns=number, prompt_tokens=3, output_tokens_max=2, bid=bid)


def served(number: int, bid: int, ttft_ns: int) -> Sequence:
    return Sequence(request(number, bid), first_token_ns=number + ttft_ns)


def test_bids_are_uniform_and_the_seed_decides_them() -> None:
    asked = [request(i) for i in range(4_000)]
    given = with_bids(asked, 1)
    assert given == with_bids(iter(asked), 1)
    assert given != with_bids(asked, 2)
    assert [r.id for r in given] == [r.id for r in asked]
    assert all(0 <= r.bid < BIDS for r in given)
    for part in range(4):
        share = sum(r.bid * 4 // BIDS == part for r in given) / len(given)
        # Five standard errors of a quarter of 4000.
        assert abs(share - 0.25) < 5 * (0.25 * 0.75 / 4_000) ** 0.5


def test_waits_are_told_by_quarters_of_the_range_of_bids() -> None:
    finished = [
        served(5, 0, 10),
        served(7, BIDS // 4 - 1, 30),
        served(2, BIDS // 4, 7),
        served(9, BIDS - 1, 1),
    ]
    assert ttft_by_bid_ns(finished) == [20, 7, None, 1]


@pytest.mark.parametrize("number", [0, 1])
def test_no_bids_for_no_requests(number: int) -> None:
    assert len(with_bids([request(0)] * number, 3)) == number
