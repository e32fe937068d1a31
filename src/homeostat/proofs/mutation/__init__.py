"""The mutation score: certificates corrupted at random, and what the kernel says of them.

A checker that accepts everything also accepts what is true. So every kind of certificate is
corrupted in many small ways, its hash made anew, and handed to the kernel. What it accepts is
judged without it: the theorem is the same; or another one, that exact runs of the models or
another method confirm or at least do not contradict; or one that is false, and that is a hole.
"""

from homeostat.proofs.mutation.scoring import SCHEMA, Score, mutation_score
from homeostat.proofs.mutation.sources import Source, read_sources

__all__ = ["SCHEMA", "Score", "Source", "mutation_score", "read_sources"]
