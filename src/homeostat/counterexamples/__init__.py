"""Witnesses, conjectures, searches and the corpus."""
