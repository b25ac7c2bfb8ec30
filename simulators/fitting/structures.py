"""Structures of the lab that were tried: what is in the model, and what is left out.

`CHOSEN` is what the shipped lab is fitted with. The others are there so that the choice can be
judged again, by cross-validation and on any data (docs/validation.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.fitting.linearised import TRIANGLES, Model
from simulators.stages.parameters import FittedNumber, SilverParameters
from simulators.stages.priors import Prior

CORRECTIONS = ("growth.rate_correction", "growth.volume_correction")
"""What no law says, a factor that varies slowly with the recipe."""
UNSUPPORTED = (*CORRECTIONS, TRIANGLES)
"""What cross-validation does not ask for; it stays out unless a structure says so."""


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
    prior_width: float = 1.0
    """Factor of the spreads of all priors but those of the corrections and the gain."""
    correction_width: float = 1.0
    """Factor of the spreads of the priors of the smooth corrections."""
    starts: int = 1
    """Descents from which the best is taken, where it is cross-validated."""

    def model(self) -> Model:
        """Return the lab as a function of what is fitted."""
        model = Model(self.base(), self.not_fitted())
        model.numbers = [
            dataclasses.replace(number, prior=self._widened(number)) for number in model.numbers
        ]
        return model

    def _widened(self, number: FittedNumber) -> Prior:
        series = number.position is not None
        factor = self.prior_width
        if series:
            factor = self.correction_width if number.name.endswith("_correction") else 1.0
        return dataclasses.replace(number.prior, spread=number.prior.spread * factor)

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

    def changed(self, **values: Any) -> Structure:
        """Return the same with other values of the extinction that are not fitted."""
        optics = {f"extinction.{name}": value for name, value in values.items()}
        return dataclasses.replace(self, frozen={**self.frozen, **optics})


NO_GAIN = (0.0,) * 15

CHOSEN = Structure("chosen", starts=6)
STRUCTURES = (
    CHOSEN,
    Structure("chosen, from the priors' means alone"),
    Structure("priors twice as wide", prior_width=2.0, starts=3),
    Structure("smooth correction of the rate", freed=CORRECTIONS[:1]),
    Structure("smooth corrections of the rate and of the plates' volume", freed=CORRECTIONS),
    Structure("plates as spheroids", {"extinction.plates": "spheroid"}),
    Structure("plates as triangles", {"extinction.plates": "triangle"}),
    Structure(
        "triangles beside disks, share fitted", {"extinction.plates": "mixed"}, freed=(TRIANGLES,)
    ),
    Structure(
        "triangles with cut corners, cut fitted",
        {"extinction.plates": "truncated"},
        freed=(TRIANGLES,),
    ),
    Structure("silver of McPeak", {"extinction.silver": "McPeak"}),
    Structure("size damping 1", {"extinction.damping": 1.0}),
    Structure("ascorbic acid does not matter", {"growth.rate_ascorbate_exponent": 0.0}),
    Structure("all silver reduced", {"growth.rate": 1e6}),
    Structure("citrate does not slow", {"growth.citrate_half": 1e9}),
    Structure("residence time does not matter", {"growth.rate_time_exponent": 0.0}),
    Structure("no secondary spheres", {"growth.secondary_logit": -30.0}),
    Structure(
        "one width for all plates",
        {"growth.plate_spread_volume_exponent": 0.0, "growth.plate_spread_pva_exponent": 0.0},
    ),
    Structure("no gain of the spectrometer", {"spectrometer.log_gain": NO_GAIN}),
    Structure("losses alone", spectra=False),
)
