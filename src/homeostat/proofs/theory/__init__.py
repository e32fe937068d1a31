"""The claims: what is settled, one package a domain."""
