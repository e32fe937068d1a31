"""A conjecture as data: comparisons that all hold where it fails.

homeostat search docs/examples/debt.py:debt_is_small --start free
homeostat prove horizon docs/examples/debt.py:debt_is_small --data-set 1 --steps 6
"""

from homeostat.counterexamples import Conjecture

debt_is_small = Conjecture(
    name="debt_is_small",
    statement="Theory, which may admit a negative amount, never owes more than 5/2 at a stage.",
    violated_when=(("min_theory", "<", "-5/2"),),
)
