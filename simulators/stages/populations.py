"""The particles of a recipe in words a microscope understands: sizes and shares of silver."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulators.stages.extinction import disk_diameter, triangle_edge
from simulators.stages.growth import GrowthParameters, Particles


def population_table(particles: Particles, growth: GrowthParameters) -> pd.DataFrame:
    """Return one row per recipe: medians in nm, spreads of logarithms, shares of the silver.

    ``plate_edge_nm`` is the edge of the triangular prism of the same volume and thickness as the
    median plate, which is what electron micrographs show; ``plate_diameter_nm`` is that of the
    disk of the same volume, which is what the optics see. Shares are of all silver in the droplet,
    the seeds' own included, and sum to 1; ``conversion`` is the share of the ions that was reduced.
    """
    spread = particles.plate_spread
    median = particles.plate_volume * np.exp(-2 * spread**2)
    compact = particles.compact_volume * np.exp(-4.5 * growth.compact_spread**2)
    width = np.cbrt(6 * compact / (np.pi * growth.compact_aspect))
    metal = particles.plate_silver + particles.compact_silver + particles.sphere_silver
    ions = particles.unreduced_silver
    diameter = disk_diameter(median, particles.plate_thickness)
    return pd.DataFrame(
        {
            "plate_edge_nm": triangle_edge(median, particles.plate_thickness),
            "plate_diameter_nm": diameter,
            "plate_thickness_nm": particles.plate_thickness,
            "plate_aspect_ratio": diameter / particles.plate_thickness,
            "plate_log_spread": spread,
            "compact_length_nm": width * growth.compact_aspect,
            "compact_width_nm": width,
            "compact_log_spread": growth.compact_spread,
            "sphere_diameter_nm": 2 * growth.secondary_radius,
            "sphere_log_spread": growth.secondary_spread,
            "silver_in_plates": particles.plate_silver / (metal + ions),
            "silver_in_compact": particles.compact_silver / (metal + ions),
            "silver_in_spheres": particles.sphere_silver / (metal + ions),
            "silver_unreduced": ions / (metal + ions),
            "conversion": particles.conversion,
        }
    )
