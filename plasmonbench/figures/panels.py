"""Small multiples: one panel a strategy, so that twenty can be read as well as two."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from plasmonbench.figures.style import plain, template

WIDE_COLUMNS = 4
NARROW_COLUMNS = 2
"""On a phone."""
PANEL_HEIGHT = 150
"""Of the plotting area of one panel, px."""
BETWEEN_ROWS = 68
"""Room for tick labels and the title of the panel below, px."""
TOP = 84
BOTTOM = 64
TITLE_LENGTH = 24
"""Characters of a panel's title in a line: what 160 px hold."""
NARROW_TITLE_LENGTH = 19
"""The same on a phone, where a panel has 130 px."""


def panels(
    titles: Sequence[str],
    *,
    title: str,
    x_title: str,
    y_title: str,
    columns: int = WIDE_COLUMNS,
    panel_height: int = PANEL_HEIGHT,
    shared_y: bool = True,
    title_length: int = TITLE_LENGTH,
) -> go.Figure:
    """Return an empty figure with a panel for each title, row by row, on common axes.

    Parameters
    ----------
    titles
        Of the panels; shown as they are written.
    title, x_title, y_title
        Of the figure and its axes; the axes' stand once, below and at the left.
    columns
        Panels beside each other, at most.
    panel_height
        Height of a panel's plotting area, px.
    shared_y
        Whether all panels have one vertical scale.
    title_length
        Characters of a panel's title in a line; longer ones take two.
    """
    # On a phone the last tick label of one panel must not run into the first of the next.
    narrow = columns <= NARROW_COLUMNS
    between = 0.08 if narrow else 0.03
    title_length = min(title_length, NARROW_TITLE_LENGTH) if narrow else title_length
    columns = _balanced(columns, len(titles))
    rows = -(-len(titles) // columns)
    plot_height = rows * panel_height + (rows - 1) * BETWEEN_ROWS
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=[
            [{} if row * columns + column < len(titles) else None for column in range(columns)]
            for row in range(rows)
        ],
        subplot_titles=[_wrapped(name, title_length) for name in titles],
        vertical_spacing=BETWEEN_ROWS / plot_height if rows > 1 else 0,
        horizontal_spacing=(between if shared_y else 0.1) if columns > 1 else 0,
    )
    figure.update_annotations(font_size=12)
    figure.update_layout(
        template=template,
        title=title,
        height=plot_height + TOP + BOTTOM,
        margin={"l": 76, "t": TOP, "b": BOTTOM},
        showlegend=False,
    )
    _share(figure, "xaxis", "x")
    if shared_y:
        _share(figure, "yaxis", "y")
        figure.update_yaxes(showticklabels=False)
        figure.update_yaxes(showticklabels=True, col=1)
    _title_axes(figure, x_title, y_title)
    return figure


def _share(figure: go.Figure, kind: str, first: str) -> None:
    """Give all axes of a kind one scale: that of the first panel."""
    for key in figure.layout.to_plotly_json():
        if key.startswith(kind) and key != kind:
            figure.layout[key].matches = first


def place(number: int, columns: int, count: int) -> dict[str, int]:
    """Return the row and column, counted from 1, of a panel counted from 0."""
    row, column = divmod(number, _balanced(columns, count))
    return {"row": row + 1, "col": column + 1}


def _balanced(columns: int, count: int) -> int:
    """Return as few columns as the rows allow: five panels stand as 3 + 2, not as 4 + 1."""
    rows = -(-count // max(1, columns))
    return max(1, -(-count // max(1, rows)))


def _wrapped(name: str, length: int) -> str:
    """Break a long title before its knobs, or where it must be broken."""
    head, bracket, tail = name.partition("[")
    if len(name) <= length:
        return plain(name)
    parts = [head, bracket + tail] if bracket and len(head) <= length else [name]
    lines = [line for part in parts for line in textwrap.wrap(part, length)]
    if len(lines) > 2:
        lines = [lines[0], lines[1][: length - 1] + "…"]
    return "<br>".join(plain(line) for line in lines)


def _title_axes(figure: go.Figure, x_title: str, y_title: str) -> None:
    """Write each axis title once for the whole figure."""
    common = {"showarrow": False, "xref": "paper", "yref": "paper", "font": {"size": 14}}
    figure.add_annotation(
        text=x_title, x=0.5, y=0, xanchor="center", yanchor="top", yshift=-30, **common
    )
    figure.add_annotation(
        text=y_title,
        x=0,
        y=0.5,
        xanchor="right",
        yanchor="middle",
        xshift=-50,
        textangle=-90,
        **common,
    )
