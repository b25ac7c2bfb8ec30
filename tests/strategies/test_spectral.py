"""The strategy that models whole spectra: what it finds, recommends and says of itself."""

from dataclasses import replace

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from strategies.random import RandomSearch
from strategies.spectral import Spectral

LOWEST = 0.0179  # of 200,000 random recipes of the tiny lab


def truth(lab, recipe):
    return float(lab.loss(lab.truth(recipe[None]))[0])


def reached(lab, cls, seed, rounds, **knobs):
    """Return the true loss of what is recommended after rounds of 15."""
    strategy = cls(space=lab.space, loss=lab.loss, seed=seed, **knobs)
    history = lab.history(())
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        recipes = strategy.propose(history, 15)
        spectra, losses = lab.measure(recipes, rng)
        history = history.append(recipes, losses, spectra)
    return truth(lab, strategy.recommend(history))


def test_reaches_the_optimum_in_three_rounds(lab):
    planned = reached(lab, Spectral, 0, 3, samples=64) - LOWEST
    assert planned < 0.001  # 1 in 100 lies below 0.010, 1 in 10,000 below 0.0002
    assert planned < 0.2 * (reached(lab, RandomSearch, 0, 3) - LOWEST)


@pytest.mark.slow
@pytest.mark.parametrize("inputs", ["auto", "linear", "log", "log-ratio"])
def test_reaches_the_optimum_from_many_seeds(lab, inputs):
    planned = [reached(lab, Spectral, seed, 4, inputs=inputs) for seed in range(3)]
    assert np.median(planned) < LOWEST + 0.001
    assert max(planned) < LOWEST + 0.003


def test_recommends_what_the_model_holds_best_not_the_luckiest_reading(lab):
    """One reading among 30 is made to look perfect by its losses; its spectra say otherwise."""
    history = lab.history((30,))
    losses = history.losses.copy()
    worst = int(history.median_loss.argmax())
    losses[worst] = 0.0
    history = replace(history, losses=losses)
    strategy = Spectral(space=lab.space, loss=lab.loss)
    measured = Spectral(space=lab.space, loss=lab.loss, recommended="measured")
    np.testing.assert_array_equal(measured.recommend(history), history.recipes[worst])
    true_losses = lab.loss(lab.truth(history.recipes))
    assert truth(lab, strategy.recommend(history)) < np.sort(true_losses)[3]


def test_explains_the_model(lab):
    strategy = Spectral(space=lab.space, loss=lab.loss)
    numbers = strategy.explain(lab.history((40,)))
    assert 2 <= numbers["components"] <= 10
    assert 0.99 < numbers["explained_variance"] <= 1
    assert np.isfinite(list(numbers.values())).all()
    true_best = lab.loss(lab.truth(lab.history((40,)).recipes)).min()
    assert numbers["predicted_loss_of_best"] == pytest.approx(true_best, abs=0.03)
    assert strategy.explain(lab.history(())) == {}


def test_members_of_a_batch_keep_their_distance(lab):
    strategy = Spectral(space=lab.space, loss=lab.loss, samples=16, min_distance=0.05)
    unit = lab.space.to_unit(strategy.propose(lab.history((20,)), 15))
    gaps = np.linalg.norm(unit[:, None] - unit, axis=2)[np.triu_indices(15, 1)]
    assert gaps.min() > 0.05 - 1e-9


def test_knobs_are_checked(lab):
    with pytest.raises(PlasmonbenchError, match="samples"):
        Spectral(space=lab.space, loss=lab.loss, samples=0)
    with pytest.raises(PlasmonbenchError, match="min_distance"):
        Spectral(space=lab.space, loss=lab.loss, min_distance=2)
