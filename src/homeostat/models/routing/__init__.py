"""Routing of tokens to experts as a Markov chain, one a layer (notes 002 and 004).

The state is the first choice of a token; a transition leads to the first choice of the next one.
"""
