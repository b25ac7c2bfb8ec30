"""Thompson sampling, trust region, forest and BoTorch's acquisitions against their definitions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skopt.learning import ExtraTreesRegressor

from plasmonbench import History, RecipeSpace
from strategies.models.botorch_batch import Climb, greedy_batch, own_torch_luck
from strategies.models.gp import GaussianProcess
from strategies.models.paths import PosteriorPaths
from strategies.models.penalized_ei import PenalizedEI
from strategies.models.trust_region import FIRST, SHORTEST, TrustRegion
from strategies.qlogei import QLogEI
from strategies.qlognei import QLogNEI
from strategies.rf_lcb import RandomForestLCB
from strategies.turbo import Turbo


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    points = rng.random((25, 5))
    losses = ((points[:, :2] - 0.6) ** 2).sum(axis=1) + 0.05 * rng.standard_normal(25)
    return GaussianProcess.fit(points, losses)


def test_paths_have_mean_and_covariance_of_the_posterior(model):
    rng = np.random.default_rng(1)
    # Two neighbours, a measured point and a distant corner.
    x = torch.tensor(np.array([[0.5] * 5, [0.55] * 5, model.points[0].tolist(), [0.98] * 5]))
    drawn = np.concatenate(
        [
            PosteriorPaths.draw(model, 500, rng, features=2048).everywhere(x).numpy().T
            for _ in range(8)
        ],
        axis=1,
    )
    mean, deviation = (t.numpy() for t in model.mean_and_deviation(x))
    assert np.abs(drawn.mean(axis=1) - mean).max() < 0.06 * deviation.max()
    np.testing.assert_allclose(drawn.std(axis=1), deviation, rtol=0.06)
    assert np.corrcoef(drawn)[0, 1] > 0.5 > np.abs(np.corrcoef(drawn)[0, 3])


def test_one_path_is_a_row_of_all(model):
    paths = PosteriorPaths.draw(model, 4, np.random.default_rng(2), features=64)
    x = torch.rand(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    which = torch.tensor([0, 1, 2, 3, 0, 2])
    everywhere = paths.everywhere(x)
    np.testing.assert_allclose(paths.each(x, which), everywhere[which, torch.arange(6)], rtol=1e-9)


def test_minima_are_lower_than_any_of_a_large_sample(lab, model):
    rng = np.random.default_rng(3)
    paths = PosteriorPaths.draw(model, 5, rng, features=128)
    pool = lab.space.to_unit(lab.space.sample(1000, rng))
    found = paths.minima(lab.space, pool, min_distance=0.0, starts=4, steps=60)
    assert lab.space.contains(lab.space.from_unit(found)).all()
    others = lab.space.to_unit(lab.space.sample(20_000, rng))
    lowest = paths.everywhere(torch.tensor(others)).min(dim=1).values
    assert (paths.each(torch.tensor(found), torch.arange(5)) < lowest + 1e-6).all()


def rounds_of(*lows, size=5):
    """Return a history of rounds with these lowest losses, ``size`` recipes each."""
    history = History.empty(5, 1, None)
    rng = np.random.default_rng(0)
    for low in lows:
        losses = np.full((size, 1), low + 0.1 if low is not None else np.nan)
        losses[0] = low if low is not None else np.nan
        history = history.append(rng.random((size, 5)), losses)
    return history


@pytest.mark.parametrize(
    ("lows", "length"),
    [
        ([1.0], FIRST),
        ([1.0, 0.9, 0.8], FIRST),
        ([1.0, 0.9, 0.8, 0.7], 2 * FIRST),
        ([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 2 * FIRST),  # 1.6 at most
        ([1.0, 1.0], FIRST / 2),  # five axes, five recipes: one failure is enough
        ([1.0, 0.9995], FIRST / 2),  # better by less than a thousandth
        ([1.0, 0.9, 0.9, 0.8, 0.7], FIRST / 2),  # three successes, but not in a row
        ([1.0, None, 0.9, None, 0.8, 0.7], 2 * FIRST),  # unread rounds are passed over
        ([None, 1.0, 0.9], FIRST),
    ],
)
def test_region_follows_the_rules_of_turbo(lows, length):
    region = TrustRegion.after(rounds_of(*lows))
    assert region.length == pytest.approx(length)
    readable = [low is not None for low in lows]
    assert region.member.reshape(-1, 5).all(axis=1).tolist() == readable


def test_small_rounds_are_patient():
    assert TrustRegion.after(rounds_of(*[1.0] * 5, size=1)).length == FIRST
    assert TrustRegion.after(rounds_of(*[1.0] * 6, size=1)).length == FIRST / 2


def test_spent_region_gives_way_to_a_fresh_one(lab):
    shrunk = [1.0] + [1.0] * 6  # 0.8 / 2^6 is still allowed, 0.8 / 2^7 is not
    assert TrustRegion.after(rounds_of(*shrunk)).length == pytest.approx(FIRST / 64)
    assert FIRST / 128 < SHORTEST
    spent = rounds_of(*shrunk, 1.0)
    region = TrustRegion.after(spent)
    assert region.fresh
    assert region.length == FIRST
    assert not Turbo(space=lab.space).explain(spent)["region_recipes"]
    again = TrustRegion.after(rounds_of(*shrunk, 1.0, 2.0, 1.9))
    assert again.length == FIRST
    assert again.member.reshape(-1, 5).all(axis=1).tolist() == [False] * 8 + [True] * 2


def test_pool_lies_in_the_stretched_region(lab):
    region = TrustRegion(0.2, np.ones(3, dtype=bool))
    scales = np.array([1.0, 4.0, 1.0, 1.0, 1.0])
    centre = np.full(5, 0.3)
    pool = region.pool(lab.space, centre, scales, 4000, np.random.default_rng(0), least=1)
    sides = np.ptp(pool, axis=0)
    assert lab.space.contains(lab.space.from_unit(pool)).all()
    assert np.abs(pool - centre).max() <= 0.1 * 4**0.8 + 1e-9
    # A volume of 0.2^5, four times as long along the second axis; the constraint is far.
    np.testing.assert_allclose(sides, 0.2 * scales / 4**0.2, rtol=0.02)


def test_pool_of_a_finite_set(lab):
    rng = np.random.default_rng(0)
    space = replace(lab.space, candidates=lab.space.sample(200, rng))
    points = space.to_unit(space.candidates)
    region = TrustRegion(0.9, np.ones(3, dtype=bool))
    inside = np.abs(points - points[3]).max(axis=1) <= 0.45
    pool = region.pool(space, points[3], np.ones(5), 9, rng, least=1)
    assert {tuple(p) for p in pool} == {tuple(p) for p in points[inside]}
    tiny = replace(region, length=1e-3)
    nearest = tiny.pool(space, points[3], np.ones(5), 9, rng, least=4)
    distance = np.abs(points - points[3]).max(axis=1)
    assert {tuple(p) for p in nearest} == {tuple(p) for p in points[np.argsort(distance)[:4]]}


@pytest.mark.parametrize("cls", [QLogEI, QLogNEI])
def test_first_recipe_has_about_the_highest_expected_improvement(lab, cls):
    """Against the closed form, climbed by another search on another implementation."""
    history = lab.history((20,))
    strategy = cls(space=lab.space, seed=1, steps=30, restarts=4)
    first = torch.tensor(lab.space.to_unit(strategy.propose(history, 1)))
    points = lab.space.to_unit(history.recipes)
    model = GaussianProcess.fit(points, history.median_loss)
    best = float(model.mean(torch.tensor(points)).min())
    exact = PenalizedEI(model, best, lipschitz=1.0)
    top = exact.batch(
        lab.space, 1, np.random.default_rng(0), pending=np.empty((0, 5)), min_distance=0.0
    )
    at_random = torch.tensor(lab.space.to_unit(lab.space.sample(2000, np.random.default_rng(1))))
    highest = float(exact.log_ei(torch.tensor(top)))
    assert float(exact.log_ei(first)) > highest - 0.3
    assert float(exact.log_ei(first)) > float(exact.log_ei(at_random).max()) - 0.3


def test_optimiser_keeps_the_constraint_by_itself():
    """The best of a triangle x + y <= 1 lies on its edge; climbs end there, not beyond."""
    space = RecipeSpace.of([("x", "%", 0, 1), ("y", "%", 0, 1)], sum_limit=(["x", "y"], 1))
    rng = np.random.default_rng(0)
    points = rng.random((30, 2))
    losses = ((points - 0.9) ** 2).sum(axis=1)
    history = History.empty(2, 1, None).append(points, losses[:, None])
    strategy = QLogEI(space=space, seed=0, steps=40)
    history = replace(history, recipes=space.project(history.recipes))
    losses = ((history.recipes - 0.9) ** 2).sum(axis=1)
    history = replace(history, losses=losses[:, None])
    first = strategy.propose(history, 1)[0]
    assert first.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(first, 0.5, atol=0.05)


def test_pending_recipes_are_handed_on(lab):
    seen = []

    def make(pending):
        seen.append(None if pending is None else pending.numpy().copy())
        return lambda x: -(x[:, 0] - 0.4).square().sum(dim=1)

    pool = lab.space.sample(40, np.random.default_rng(0))
    finite = replace(lab.space, candidates=pool)
    batch = greedy_batch(make, finite, 3, np.random.default_rng(0), Climb(1, 1, 1, 0.0))
    assert seen[0] is None
    np.testing.assert_array_equal(seen[2], batch[:2])
    order = np.argsort(((finite.to_unit(pool) - 0.4) ** 2).sum(axis=1))
    np.testing.assert_allclose(batch, finite.to_unit(pool)[order[:3]])


def test_own_luck_is_seeded_and_put_back():
    before = torch.get_rng_state()
    draws = []
    for seed in (1, 1, 2):
        with own_torch_luck(seed):
            draws.append(torch.rand(3))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_forest_takes_the_lowest_bound_of_a_finite_set(lab):
    history = lab.history((30,))
    pool = lab.space.sample(60, np.random.default_rng(5))
    space = replace(lab.space, candidates=pool)
    for kappa in (0.0, 3.0):
        strategy = RandomForestLCB(space=space, seed=1, kappa=kappa, min_distance=0.0)
        chosen = strategy.propose(history, 1)
        rng = strategy.rng(history)
        forest = ExtraTreesRegressor(100, random_state=int(rng.integers(2**31)))
        forest.fit(space.to_unit(history.recipes), history.median_loss)
        mean, deviation = forest.predict(space.to_unit(pool), return_std=True)
        np.testing.assert_array_equal(chosen[0], pool[(mean - kappa * deviation).argmin()])
