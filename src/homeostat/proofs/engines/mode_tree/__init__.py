"""Grows the tree of modes of Simulation over all starts at once, and proves what it finds."""
