"""A process beside the test: it enters an airlock as it is told, and says what it did.

    airlock_child.py FOLDER CAPACITY ROOM hold AMOUNT KEPT    enter, reserve, commit, stay inside
    airlock_child.py FOLDER CAPACITY ROOM work SEED           enter and leave as fast as it goes
    airlock_child.py FOLDER CAPACITY ROOM turn AMOUNT         one turn, and end

With ``hold`` and ``work`` it goes on until it is killed.
"""

import random
import signal
import sys
from fractions import Fraction
from pathlib import Path

from homeostat.runtime.governor.airlock import Airlock
from homeostat.runtime.governor.ledger import SharedLedger


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def hold(airlock: Airlock, amount: int, kept: int) -> None:
    with airlock.enter() as inside:
        assert inside.reserve(amount)
        if kept:
            assert inside.commit(kept)
        say("inside")
        signal.pause()


def work(airlock: Airlock, seed: int) -> None:
    rng = random.Random(seed)
    ledger = SharedLedger(airlock.folder / "tokens", [1000, 1000, 1000], records_max=50)
    say("begins")
    while True:
        with airlock.enter() as inside:
            mine = inside.books.used.get(airlock.job, 0)
            if inside.reserve(rng.randint(1, 9)) and rng.random() < 0.7:
                inside.commit(inside.books.reserved)
            if mine and rng.random() < 0.5:
                inside.release(rng.randint(1, mine))
            with ledger.open() as tokens:
                payer, payee = rng.sample([0, 1, 2, None], 2)
                held = tokens.supply.treasury if payer is None else tokens.balance(payer)
                tokens.pay(payer, payee, rng.randint(0, held))
                tokens.auction({0: 5, 1: rng.randint(0, 9), 2: 3}, 2, Fraction(1, 10))
                tokens.tick(Fraction(1, 50), [rng.randint(0, 9)] * 3)


def turn(airlock: Airlock, amount: int) -> None:
    say("joins")
    with airlock.enter() as inside:
        assert inside.reserve(amount)
    say("left")


if __name__ == "__main__":
    folder, capacity, room, what, *numbers = sys.argv[1:]
    joined = Airlock(Path(folder), capacity=int(capacity), room=int(room), records_max=10**6)
    if what == "hold":
        hold(joined, int(numbers[0]), int(numbers[1]))
    elif what == "work":
        work(joined, int(numbers[0]))
    else:
        turn(joined, int(numbers[0]))
    joined.close()
