"""Forms in which the silver lab's growth model is handed to planners, and what they believe first.

The priors are orders of magnitude that a chemist could state before the first droplet: rate laws
of integer order, seeds and flows at the middle of the pumps' range, a plate as large as the
target's (Mekki-Berrada et al., npj Comput. Mater. 7:55 (2021): 50 nm edge, 10 nm high), a clean
spectrometer. None is read from a fitted file; but whoever wrote them knew the lab, so that they are
broad rather than blind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plasmonbench import CAMPAIGN_WAVELENGTHS
from simulators.fitting.linearised import TRIANGLES, Model
from simulators.stages.parameters import SilverParameters
from simulators.stages.priors import Prior

PRIORS: Mapping[str, Prior] = {
    # A rate that finishes most of the growth while a droplet is in the tube; first order in the
    # time and in the seeds' surface, silver and acid left open.
    "growth.rate": Prior(2.0, 1.0, log=True),
    "growth.rate_time_exponent": Prior(1.0, 0.5),
    "growth.rate_seed_exponent": Prior(1.0, 0.5),
    "growth.rate_silver_exponent": Prior(0.0, 0.5),
    "growth.citrate_half": Prior(10.0, 1.0, log=True),
    "growth.rate_ascorbate_exponent": Prior(1.0, 1.0),
    "growth.rate_correction": Prior(0.0, 0.3),
    # Half of the silver might nucleate anew, in spheres of ten nanometres.
    "growth.secondary_logit": Prior(0.0, 1.5),
    "growth.secondary_ratio_slope": Prior(0.0, 0.5),
    "growth.secondary_silver_slope": Prior(0.0, 1.0),
    "growth.secondary_radius": Prior(10.0, 0.4, log=True),
    "growth.secondary_spread": Prior(0.3, 0.25, log=True),
    # A plate of the target: sqrt(3)/4 * 50^2 * 10 = 10,825 nm^3.
    "growth.grown_volume": Prior(10_000.0, 1.0, log=True),
    "growth.seed_silver": Prior(0.01, 1.5, log=True),
    "growth.volume_correction": Prior(0.0, 0.1),
    "growth.plate_logit": Prior(0.0, 1.5),
    "growth.plate_citrate_slope": Prior(0.0, 0.5),
    "growth.plate_volume_slope": Prior(0.0, 0.7),
    "growth.plate_thickness": Prior(10.0, 0.4, log=True),
    "growth.plate_thickness_exponent": Prior(0.0, 0.2),
    "growth.plate_spread": Prior(0.3, 0.5, log=True),
    "growth.plate_spread_volume_exponent": Prior(0.0, 0.3),
    "growth.plate_spread_pva_exponent": Prior(0.0, 0.3),
    # As much silver as a plate on the same seed has.
    "growth.compact_volume_exponent": Prior(1.0, 0.5),
    "growth.compact_aspect": Prior(1.2, 0.2, log=True),
    "growth.compact_spread": Prior(0.25, 0.3, log=True),
    # Some mmol/L of silver seen through about a millimetre, see `ExtinctionParameters`.
    "extinction.silver_path": Prior(5.0, 1.0, log=True),
    "extinction.triangle_logit": Prior(0.0, 1.5),
    "droplets.startup_logit": Prior(0.0, 2.0),
    "droplets.startup_seed_slope": Prior(0.0, 2.0),
    "droplets.startup_citrate_slope": Prior(0.0, 1.0),
    "droplets.startup_flow_slope": Prior(0.0, 1.0),
    "droplets.startup_droplets": Prior(5.0, 0.7, log=True),
    "spectrometer.stray_at_380": Prior(0.1, 1.5, log=True),
    "spectrometer.stray_width": Prior(30.0, 0.5, log=True),
    "spectrometer.log_gain": Prior(0.0, 0.1),
    "spectrometer.offset": Prior(0.0, 0.05),
}
CORRECTIONS = ("growth.rate_correction", "growth.volume_correction")


@dataclass(frozen=True)
class Form:
    """A form of the model: what is fixed in it, and what of that is wrong."""

    wrong: str
    """In words; empty if nothing is."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Values of fields (``stage.name``) that are not fitted."""

    def model(self, stride: int = 1) -> Model:
        """Return the model at every ``stride``-th wavelength, with the priors of `PRIORS`."""
        base = SilverParameters()
        for name, value in self.fixed.items():
            stage, entry = name.split(".")
            changed = dataclasses.replace(getattr(base, stage), **{entry: value})
            base = dataclasses.replace(base, **{stage: changed})
        model = Model(base, frozenset(self.fixed), CAMPAIGN_WAVELENGTHS[::stride])
        model.numbers = [
            dataclasses.replace(number, prior=PRIORS[number.field]) for number in model.numbers
        ]
        return model


def _zeros(name: str) -> tuple[float, ...]:
    stage, entry = name.split(".")
    return (0.0,) * len(getattr(getattr(SilverParameters(), stage), entry))


_LAB: dict[str, Any] = {
    TRIANGLES: 0.0,
    "growth.rate_correction": _zeros("growth.rate_correction"),
    "growth.volume_correction": _zeros("growth.volume_correction"),
}
_NO_INSTRUMENT: dict[str, Any] = {"spectrometer.log_gain": _zeros("spectrometer.log_gain")}
_NO_STARTUP: dict[str, Any] = {
    "droplets.startup_logit": -30.0,
    "droplets.startup_seed_slope": 0.0,
    "droplets.startup_citrate_slope": 0.0,
    "droplets.startup_flow_slope": 0.0,
    "droplets.startup_droplets": 1.0,
}
_TEXTBOOK: dict[str, Any] = {
    **_LAB,
    **_NO_INSTRUMENT,
    **_NO_STARTUP,
    "extinction.plates": "spheroid",
    "extinction.damping": 1.0,
    "growth.plate_spread_volume_exponent": 0.0,
    "growth.plate_spread_pva_exponent": 0.0,
    "growth.rate_ascorbate_exponent": 0.0,
}

FORMS: Mapping[str, Form] = {
    "textbook": Form(
        "plates are spheroids of one relative width with half of the size damping, droplets have "
        "no start-up, ascorbic acid does not matter, the spectrometer has no gain curve",
        _TEXTBOOK,
    ),
    "no-nucleation": Form(
        "as textbook, and no silver nucleates anew",
        {
            **_TEXTBOOK,
            "growth.secondary_logit": -30.0,
            "growth.secondary_ratio_slope": 0.0,
            "growth.secondary_silver_slope": 0.0,
            "growth.secondary_radius": 10.0,
            "growth.secondary_spread": 0.3,
        },
    ),
    "all-reduced": Form(
        "as textbook, and all silver is reduced at once whatever citrate, seeds and flow",
        {
            **_TEXTBOOK,
            "growth.rate": 1e6,
            "growth.rate_time_exponent": 0.0,
            "growth.rate_seed_exponent": 0.0,
            "growth.rate_silver_exponent": 0.0,
            "growth.citrate_half": 1e9,
        },
    ),
    "exact": Form("", _LAB),
}
