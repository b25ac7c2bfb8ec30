"""Benchmark of experiment planners on simulated and recorded nanoparticle laboratories."""

from plasmonbench.arrays import BoolArray, FloatArray, IntArray
from plasmonbench.compiled import compiled
from plasmonbench.droplet_table import (
    DropletTable,
    read_droplets,
    read_losses,
    read_spectra,
    recipe_columns,
)
from plasmonbench.errors import PlasmonbenchError, check_ranges
from plasmonbench.growth_of_bounds import GrowthOfBounds
from plasmonbench.history import History
from plasmonbench.lab import (
    CalibratableLab,
    FittedMechanism,
    Lab,
    LabCalibration,
    Mechanism,
    MechanisticLab,
    ParticleLab,
    RecordedLab,
)
from plasmonbench.loss import SpectralLoss
from plasmonbench.optional_installs import missing_modules, require_modules
from plasmonbench.problem import Optimum, Problem, TargetLevel
from plasmonbench.registry import find_mechanism
from plasmonbench.results import Results, load
from plasmonbench.space import RecipeSpace
from plasmonbench.strategy import PredictedLoss, Strategy
from plasmonbench.targets import CAMPAIGN_WAVELENGTHS, silver_prism_loss, silver_prism_points

__all__ = [
    "CAMPAIGN_WAVELENGTHS",
    "BoolArray",
    "CalibratableLab",
    "DropletTable",
    "FittedMechanism",
    "FloatArray",
    "GrowthOfBounds",
    "History",
    "IntArray",
    "Lab",
    "LabCalibration",
    "Mechanism",
    "MechanisticLab",
    "Optimum",
    "ParticleLab",
    "PlasmonbenchError",
    "PredictedLoss",
    "Problem",
    "RecipeSpace",
    "RecordedLab",
    "Results",
    "SpectralLoss",
    "Strategy",
    "TargetLevel",
    "check_ranges",
    "compiled",
    "find_mechanism",
    "load",
    "missing_modules",
    "read_droplets",
    "read_losses",
    "read_spectra",
    "recipe_columns",
    "require_modules",
    "silver_prism_loss",
    "silver_prism_points",
]
