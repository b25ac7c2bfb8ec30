"""A strategy of one's own, held against random search and a Gaussian process.

Run it as it stands, or name it on the command line beside others:

    python examples/own_strategy.py
    plasmonbench run -p silver-prisms -s examples/own_strategy.py -s random --seeds 5 -j 2
"""

# ruff: noqa: T201 - an example prints

import argparse
import statistics

import numpy as np

from plasmonbench import Strategy
from plasmonbench.campaign import run_campaign
from plasmonbench.catalogue import find_problem
from plasmonbench.registry import find_strategy


class Closer(Strategy):
    """Step around the best recipe so far, in smaller and smaller steps."""

    width: float = 0.15  # set it with own_strategy.py[width=0.3]

    def propose(self, history, n):
        """Return n recipes, shape (n, d)."""
        if not len(history):
            return self.initial_design(n)
        best = self.space.to_unit(self.recommend(history))
        width = self.width / history.n_rounds
        step = width * self.rng(history).standard_normal((n, len(best)))
        return self.space.project(self.space.from_unit(np.clip(best + step, 0, 1)))


def main():
    """Play a few campaigns and print what each strategy came to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one seed and three rounds")
    seeds, rounds = (1, 3) if parser.parse_args().quick else (5, 6)
    problem = find_problem(f"silver-prisms[rounds={rounds}]")
    print(f"{problem.name}: best loss known {problem.optimum.loss:.3f}")
    for spec in (__file__, "random", "local-penalization"):
        plan = find_strategy(spec)
        losses = []
        for seed in range(seeds):
            campaign = run_campaign(
                problem,
                plan.label,
                lambda space, problem, seed, plan=plan: plan.build(space, problem.loss, seed),
                seed,
            )
            # What it recommends at the end, judged without the lab's noise.
            losses.append(campaign.rounds[-1].true_loss)
        print(f"{plan.label:20} {statistics.median(losses):.3f}")


if __name__ == "__main__":
    main()
