"""Sizes of the particles in a droplet: what an electron microscope would show of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from plasmonbench.figures.style import (
    DASHES,
    OKABE_ITO,
    plain,
    template,
    translucent,
)
from plasmonbench.particle_sizes import ParticleSizes, Population

POINTS = 300
PANEL_HEIGHT = 190


def particles(droplets: Sequence[tuple[str, ParticleSizes]]) -> go.Figure:
    """Draw the size distribution of each kind of particle, a panel for each droplet.

    Each curve is the distribution by number of its kind, as a microscope counts, times the kind's
    share of the metal: areas can be compared, and the area of a kind is its share. A kind whose
    scatter the lab does not tell stands as a line of the height of its share over 1 nm.

    Parameters
    ----------
    droplets
        What each is, and what grew in it.
    """
    kinds = list(dict.fromkeys(_name(p) for _, sizes in droplets for p in sizes.populations))
    reach = max(p.interval(0.99)[1] for _, sizes in droplets for p in sizes.populations)
    figure = make_subplots(
        rows=len(droplets),
        cols=1,
        shared_xaxes=True,
        subplot_titles=[f"{plain(name)}<br>{_shares(sizes)}" for name, sizes in droplets],
        vertical_spacing=0.34 / max(len(droplets), 2),
    )
    figure.update_annotations(font_size=13)
    seen: set[str] = set()
    for row, (_, sizes) in enumerate(droplets, start=1):
        for population in sizes.populations:
            name = _name(population)
            trace = _curve(population, kinds.index(name), reach)
            trace.update(showlegend=name not in seen)
            seen.add(name)
            figure.add_trace(trace, row=row, col=1)
    metal = droplets[0][1].metal
    figure.update_yaxes(
        title_text=f"particles per nm,<br>area: share of {metal}", rangemode="tozero"
    )
    figure.update_xaxes(title_text="size (nm)", row=len(droplets), col=1)
    figure.update_xaxes(range=[0, reach])
    figure.update_layout(
        template=template,
        title="Particles in the droplet",
        height=len(droplets) * (PANEL_HEIGHT + 80) + 150,
        margin={"t": 110, "b": 100},
        legend={"y": -0.36 / len(droplets)},
    )
    return figure


def particles_text(droplets: Sequence[tuple[str, ParticleSizes]]) -> str:
    """Return in words what `particles` shows."""
    told = []
    for name, sizes in droplets:
        kinds = []
        for one in sizes.populations:
            low, high = one.interval()
            scatter = f" (95 % between {low:.0f} and {high:.0f} nm)" if one.log_spread else ""
            kinds.append(
                f"{_name(one)} {one.median:.0f} nm{scatter}, {one.share:.0%} of the {sizes.metal}"
            )
        left = "" if sizes.unreduced is None else f"; {sizes.unreduced:.0%} is still dissolved"
        told.append(f"{name[:1].upper()}{name[1:]}: {'; '.join(kinds)}{left}.")
    return "Median sizes by number of particles. " + " ".join(told)


def _name(population: Population) -> str:
    return f"{population.kind} {population.dimension}"


def _shares(sizes: ParticleSizes) -> str:
    parts = [f"{one.kind} {one.share:.0%}" for one in sizes.populations]
    told = plain(f"{sizes.metal} in {', '.join(parts)}")
    return f"<span style='font-size:12px'>{told}</span>"


def _curve(population: Population, number: int, reach: float) -> go.Scatter:
    colour = OKABE_ITO[number % len(OKABE_ITO)]
    line = {"color": colour, "width": 2.5, "dash": DASHES[number % len(DASHES)]}
    name = _name(population)
    if not population.log_spread:
        return go.Scatter(
            x=[population.median] * 2,
            y=[0, population.share],
            mode="lines",
            line=line,
            name=name,
            hovertemplate=f"{name} {population.median:.1f} nm<extra></extra>",
        )
    sizes = np.linspace(0, reach, POINTS)
    return go.Scatter(
        x=sizes,
        y=population.share * population.density(sizes),
        mode="lines",
        line=line,
        fill="tozeroy",
        fillcolor=translucent(colour, 0.18),
        name=name,
        hovertemplate=f"{name} %{{x:.0f}} nm<extra></extra>",
    )
