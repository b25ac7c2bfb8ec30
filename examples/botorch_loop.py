"""Bayesian optimisation with BoTorch, written out by hand: no Strategy, no harness.

The problem gives spaces, droplets and losses; everything else is BoTorch's.

    python examples/botorch_loop.py
"""

# ruff: noqa: T201 - an example prints

import argparse
import warnings

import numpy as np
import torch

from plasmonbench.catalogue import find_problem

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit, as linear_operator loads
    from botorch.acquisition import qLogNoisyExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from botorch.sampling import SobolQMCNormalSampler
    from gpytorch.mlls import ExactMarginalLogLikelihood

SEED = 0


def propose(space, recipes, losses, n):
    """Return n recipes (n, d) that promise most after recipes (m, d) and losses (m,)."""
    x = torch.tensor(space.to_unit(recipes))
    y = -torch.tensor(losses)[:, None]  # BoTorch maximises
    model = SingleTaskGP(x, y)  # standardises by itself
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    sampler = SobolQMCNormalSampler(torch.Size([64]), seed=SEED)
    # "matrix @ x <= limits" in the unit cube; BoTorch writes each row as "sum of c x >= b".
    matrix, limits = space.unit_inequalities
    rows = [
        (torch.arange(space.dimension), -torch.tensor(row), -float(limit))
        for row, limit in zip(matrix, limits, strict=True)
    ]
    points, _ = optimize_acqf(
        qLogNoisyExpectedImprovement(model, x, sampler=sampler, prune_baseline=True),
        bounds=torch.tensor([[0.0] * space.dimension, [1.0] * space.dimension]).double(),
        q=n,
        num_restarts=2,
        raw_samples=64,
        inequality_constraints=rows or None,
        sequential=True,
        options={"maxiter": 20},
    )
    # Rounding may leave a point a hair outside; the lab would refuse it.
    return space.project(space.from_unit(points.numpy()))


def main():
    """Play one campaign and print the regret after every round."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three rounds of five recipes")
    rounds, batch = (3, 5) if parser.parse_args().quick else (6, 15)
    torch.manual_seed(SEED)
    problem = find_problem(f"silver-prisms[rounds={rounds},batch_size={batch}]")
    recipes = problem.space.latin_hypercube(batch, np.random.default_rng(SEED))
    history = problem.empty_history()
    for number in range(rounds):
        # Twenty droplets of each recipe; the luck is that of campaign SEED, as in any run.
        measured = problem.measure(recipes, SEED, number)
        history = history.append(recipes, measured.losses, measured.spectra)
        best = history.recipes[np.nanargmin(history.median_loss)]
        true_loss = float(problem.true_loss(best[None])[0])
        regret = true_loss - problem.optimum.loss
        print(
            f"round {number + 1}: {len(history)} recipes, true loss {true_loss:.4f}, "
            f"regret {regret:.4f}"
        )
        if number + 1 < rounds:
            recipes = propose(problem.space, history.recipes, history.median_loss, batch)


if __name__ == "__main__":
    main()
