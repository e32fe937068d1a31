"""State machines that run an implementation against a naive twin, one module a system."""

from homeostat.properties.machines.recording import RecordingMachine, ViolatedError

__all__ = ["RecordingMachine", "ViolatedError"]
