"""The runtime that the claims are about: request scheduler, expert cache, governor."""
