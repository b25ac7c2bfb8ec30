"""A laboratory of one's own: a dye whose band moves with time. The problem is own_lab.toml.

Run it as it stands, or name the problem on the command line:

    python examples/own_lab.py
    plasmonbench landscape examples/own_lab.toml --write
    plasmonbench run -p examples/own_lab.toml -s random -s local-penalization --seeds 5
"""

# ruff: noqa: T201 - an example prints

import argparse
from pathlib import Path

import numpy as np

from plasmonbench import CAMPAIGN_WAVELENGTHS, RecipeSpace
from plasmonbench.campaign import run_campaign
from plasmonbench.catalogue import find_problem
from plasmonbench.registry import find_strategy


class OnePeak:
    """One band, its height from the dye and its place from the time."""

    def __init__(self, noise: float = 0.02):  # set it with own_lab.toml[noise=0.1]
        self.noise = noise

    @property
    def space(self):
        """The recipes that it can make."""
        return RecipeSpace.of([("dye", "%", 0, 10), ("time", "s", 1, 60)])

    @property
    def wavelengths(self):
        """Of its spectra, nm."""
        return CAMPAIGN_WAVELENGTHS

    def truth(self, recipes):
        """Return noise-free spectra (n, wavelengths) of recipes (n, d)."""
        dye, time = recipes.T[:, :, None]
        return 0.1 * dye * np.exp(-(((self.wavelengths - 550 - 2 * time) / 60) ** 2))

    def measure(self, recipes, replicates, rng):
        """Return spectra (n, replicates, wavelengths) of droplets; each slot has its own luck."""
        gain = np.stack(
            [slot.normal(1, self.noise, replicates) for slot in rng.spawn(len(recipes))]
        )
        return gain[:, :, None] * self.truth(recipes)[:, None]


def main():
    """Let two strategies look for the target and print how near they came, round by round."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three rounds only")
    rounds = 3 if parser.parse_args().quick else 6
    problem = find_problem(f"{Path(__file__).with_suffix('.toml')}[rounds={rounds}]")
    for name in ("random", "local-penalization"):
        plan = find_strategy(name)
        campaign = run_campaign(
            problem,
            plan.label,
            lambda space, problem, seed, plan=plan: plan.build(space, problem.loss, seed),
            0,
        )
        losses = " ".join(f"{entry.true_loss:.4f}" for entry in campaign.rounds)
        dye, time = campaign.rounds[-1].recommendation
        print(f"{name:20} {losses}   recommends {dye:.1f} % dye for {time:.0f} s")


if __name__ == "__main__":
    main()
