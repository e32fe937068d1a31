"""Transition systems as data: rows of text over numbers, for proofs and for logs of what ran."""

from homeostat.models.automata.systems import Automaton, Transition, stuck

__all__ = ["Automaton", "Transition", "stuck"]
