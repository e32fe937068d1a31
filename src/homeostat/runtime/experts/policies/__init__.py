"""Policies that say which experts stay resident and which are let in, one a file."""
