"""Structures of the lab that were tried: what is in the model, and what is left out.

`CHOSEN` is what the shipped lab is fitted with. The others are there so that the choice can be
judged again, by cross-validation and on any data (docs/validation.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.stages.parameters import SilverParameters

UNSUPPORTED = ("growth.rate_ascorbate_exponent",)
"""Mechanisms that cross-validation does not ask for; they stay out unless a structure says so."""


@dataclass(frozen=True)
class Structure:
    """Which numbers are fitted, and what the others are."""

    name: str
    frozen: Mapping[str, Any] = field(default_factory=dict)
    """Values of fields (``stage.name``) that are not fitted."""
    freed: tuple[str, ...] = ()
    """Of those in `UNSUPPORTED`."""
    spectra: bool = True
    """Whether spectra are fitted beside losses."""

    def base(self) -> SilverParameters:
        """Return the default numbers with those of the structure."""
        parameters = SilverParameters()
        for name, value in self.frozen.items():
            stage, entry = name.split(".")
            changed = dataclasses.replace(getattr(parameters, stage), **{entry: value})
            parameters = dataclasses.replace(parameters, **{stage: changed})
        return parameters

    def not_fitted(self) -> frozenset[str]:
        """Return the fields that the fit leaves alone."""
        return frozenset(self.frozen) | (frozenset(UNSUPPORTED) - frozenset(self.freed))

    def with_silver(self, silver: str) -> Structure:
        """Return the same with another data set of silver's permittivity."""
        return dataclasses.replace(self, frozen={**self.frozen, "extinction.silver": silver})


NO_CORRECTION = (0.0,) * 16
NO_GAIN = (0.0,) * 15

CHOSEN = Structure("chosen")
STRUCTURES = (
    CHOSEN,
    Structure(
        "no smooth corrections",
        {
            "growth.rate_correction": NO_CORRECTION,
            "growth.volume_correction": NO_CORRECTION,
        },
    ),
    Structure("correction of the rate alone", {"growth.volume_correction": NO_CORRECTION}),
    Structure("correction of the volume alone", {"growth.rate_correction": NO_CORRECTION}),
    Structure("plates as spheroids", {"extinction.plates": "spheroid"}),
    Structure("plates as triangles", {"extinction.plates": "triangle"}),
    Structure("silver of McPeak", {"extinction.silver": "McPeak"}),
    Structure("silver of Yang", {"extinction.silver": "Yang"}),
    Structure("size damping 1", {"extinction.damping": 1.0}),
    Structure("size damping 3", {"extinction.damping": 3.0}),
    Structure("ascorbic acid is the remainder", freed=("growth.rate_ascorbate_exponent",)),
    Structure("all silver reduced", {"growth.rate": 1e6, "growth.rate_correction": NO_CORRECTION}),
    Structure("citrate does not slow", {"growth.citrate_half": 1e9}),
    Structure("residence time does not matter", {"growth.rate_time_exponent": 0.0}),
    Structure("no secondary spheres", {"growth.secondary_logit": -30.0}),
    Structure(
        "one width for all plates",
        {"growth.plate_spread_volume_exponent": 0.0, "growth.plate_spread_pva_exponent": 0.0},
    ),
    Structure("one thickness for all plates", {"growth.plate_thickness_exponent": 0.0}),
    Structure("plate share of one volume", {"growth.plate_volume_slope": 0.0}),
    Structure("no gain of the spectrometer", {"spectrometer.log_gain": NO_GAIN}),
    Structure("losses alone", spectra=False),
)
