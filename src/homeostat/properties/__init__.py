"""Hypothesis strategies, suites and a pytest plugin."""
