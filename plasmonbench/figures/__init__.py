"""Figures of runs, labs and models: each function returns a Plotly figure, one idea a file.

Beside each ``something(...) -> Figure`` stands ``something_text(...) -> str``: what the figure
shows, in words and numbers, for those who cannot see it.
"""
