"""The governor of a cluster: agents that place jobs, what holds them in bounds, and the baselines."""
