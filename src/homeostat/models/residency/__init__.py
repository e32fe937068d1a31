"""What a cache of experts holds, one event after the other: reference definitions.

An event is one pass through one layer: all experts that its tokens need, at once.
"""
