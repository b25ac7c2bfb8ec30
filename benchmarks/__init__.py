"""Benchmarks of the suite itself: kernels, rounds and campaigns.

``pytest benchmarks/`` compares with plain references in the same run; `asv` keeps the history.
"""
