"""Solvers that make cases of known truth; each needs the extra `data`."""
