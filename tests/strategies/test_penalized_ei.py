"""Expected improvement, penalty, Lipschitz constant and greedy batch against their definitions."""

import mpmath
import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from plasmonbench import RecipeSpace
from strategies.models.gp import GaussianProcess
from strategies.models.penalized_ei import (
    PenalizedEI,
    lipschitz_constant,
    log_expected_improvement,
)


def scalar(value):
    return torch.tensor([value], dtype=torch.float64)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    points = rng.random((40, 5))
    losses = ((points[:, :2] - 0.6) ** 2).sum(axis=1) + 0.02 * rng.standard_normal(40)
    return GaussianProcess.fit(points, losses)


@pytest.mark.parametrize("mean", [-0.4, 0.0, 0.2, 0.9])
@pytest.mark.parametrize("deviation", [0.05, 0.3])
def test_expected_improvement_by_integration(mean, deviation):
    best = 0.1

    def integrand(f):
        return (best - f) * norm.pdf(f, mean, deviation)

    expected, _ = quad(integrand, min(mean, best) - 12 * deviation, best, epsabs=0, limit=200)
    log_ei = log_expected_improvement(scalar(mean), scalar(deviation), best)
    if expected > 1e-60:
        assert float(log_ei) == pytest.approx(np.log(expected), abs=1e-6)
    else:
        assert float(log_ei) < np.log(1e-60)


@pytest.mark.parametrize("u", [3.0, -0.9999, -1.0, -1.0001, -5.0, -40.0, -9e3, -1.1e4, -1e6])
def test_log_expected_improvement_far_in_the_tail(u):
    with mpmath.workdps(60):
        x = mpmath.mpf(u)
        # u Phi(u) + phi(u) cancels to about u^-2 phi(u): many digits are carried.
        tail = mpmath.erfc(-x / mpmath.sqrt(2)) / 2
        exact = float(mpmath.log(mpmath.npdf(x) + x * tail))
    got = float(log_expected_improvement(scalar(-u * 0.1), scalar(0.1), 0.0)) - np.log(0.1)
    assert got == pytest.approx(exact, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("u", [1.0, -0.5, -2.0, -50.0, -2e4])
def test_slope_of_log_expected_improvement(u):
    mean = torch.tensor([-u], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(log_expected_improvement(mean, scalar(1.0), 0.0).sum(), mean)
    step = 1e-5 * max(1, abs(u))
    ahead = log_expected_improvement(scalar(-u + step), scalar(1.0), 0.0)
    back = log_expected_improvement(scalar(-u - step), scalar(1.0), 0.0)
    assert float(slope) == pytest.approx(float(ahead - back) / (2 * step), rel=1e-5)


def test_penalty_is_the_chance_to_lie_outside_the_ball(model):
    """Monte Carlo over the loss f at the centre: the ball has radius (f - best) / L."""
    acquisition = PenalizedEI(model, best=0.02, lipschitz=0.8)
    centre = torch.full((1, 5), 0.4, dtype=torch.float64)
    x = centre + torch.linspace(0, 0.5, 11, dtype=torch.float64)[:, None]
    mean, deviation = (float(t) for t in model.mean_and_deviation(centre))
    losses = np.random.default_rng(0).normal(mean, deviation, 200_000)
    radius = (losses - 0.02) / 0.8
    distance = np.linalg.norm(x.numpy() - 0.4, axis=1)
    outside = (distance[:, None] > radius).mean(axis=1)
    got = acquisition.log_penalty(x, centre).exp().numpy()
    np.testing.assert_allclose(got, outside, atol=0.005)
    assert got[0] < 0.3
    assert got[-1] > 0.99


def test_penalties_multiply(model):
    acquisition = PenalizedEI(model, best=0.02, lipschitz=0.8)
    x = torch.rand(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    centres = x[:3] + 0.1
    apart = [acquisition.log_penalty(x, centre[None]) for centre in centres]
    np.testing.assert_allclose(acquisition.log_penalty(x, centres), sum(apart), rtol=1e-12)
    assert acquisition.log_penalty(x, centres[:0]).tolist() == [0] * 7


def test_a_small_xi_asks_for_more(model):
    x = torch.full((1, 5), 0.5, dtype=torch.float64)
    plain = PenalizedEI(model, best=0.1, lipschitz=1.0)
    eager = PenalizedEI(model, best=0.1, lipschitz=1.0, xi=0.05)
    assert float(eager.log_ei(x)) == float(PenalizedEI(model, 0.05, 1.0).log_ei(x))
    assert float(eager.log_ei(x)) < float(plain.log_ei(x))


def test_lipschitz_constant_bounds_finite_differences(model, lab):
    rng = np.random.default_rng(1)
    found = lipschitz_constant(model, lab.space, rng)
    x = lab.space.to_unit(lab.space.sample(20_000, rng))
    direction = rng.standard_normal(x.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    step = 1e-4 * direction
    rise = (model.mean(torch.tensor(x + step)) - model.mean(torch.tensor(x - step))).numpy() / 2e-4
    slopes = model.mean_gradient(torch.tensor(x)).norm(dim=1).numpy()
    assert np.abs(rise).max() <= found
    assert slopes.max() <= found <= 1.2 * slopes.max()


def test_first_of_a_batch_has_the_highest_expected_improvement(model, lab):
    rng = np.random.default_rng(2)
    acquisition = PenalizedEI(model, best=0.0, lipschitz=1.0)
    (best,) = acquisition.batch(lab.space, 1, rng, pending=np.empty((0, 5)), min_distance=0.05)
    x = lab.space.to_unit(lab.space.sample(50_000, rng))
    assert float(acquisition.log_ei(torch.tensor(best[None]))) >= float(
        acquisition.log_ei(torch.tensor(x)).max()
    )


def test_batch_spreads_more_than_the_best_points_by_improvement_alone():
    square = RecipeSpace.of([("x", "1", 0, 1), ("y", "1", 0, 1)])
    points = square.sample(12, np.random.default_rng(0))
    bowl = GaussianProcess.fit(points, ((points - 0.6) ** 2).sum(axis=1))

    def smallest_gaps(lipschitz):
        batch = PenalizedEI(bowl, best=0.0, lipschitz=lipschitz).batch(
            square, 8, np.random.default_rng(3), pending=np.empty((0, 2)), min_distance=1e-3
        )
        gaps = np.linalg.norm(batch[:, None] - batch, axis=2) + 9 * np.eye(8)
        return gaps.min(axis=1)

    # As L grows the balls shrink to nothing, and nothing is penalised.
    penalised, huddled = smallest_gaps(0.5), smallest_gaps(1e9)
    assert penalised.min() > 5 * huddled.min()
    assert huddled.min() > 1e-3


def test_batch_keeps_away_from_what_is_pending(model, lab):
    acquisition = PenalizedEI(model, best=0.0, lipschitz=1.0)

    def first(pending):
        return acquisition.batch(
            lab.space, 2, np.random.default_rng(4), pending=pending, min_distance=0.2
        )

    alone = first(np.empty((0, 5)))
    beside = first(alone)
    assert np.linalg.norm(alone[:, None] - beside, axis=2).min() > 0.2
