"""The governor of a cluster: agents that place jobs, what bounds them, and the baselines."""
