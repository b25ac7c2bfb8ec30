"""A mixture of two surrogates against averages worked by hand."""

import numpy as np
import pytest
from scipy.stats import norm

from strategies.models.mixture import Mixture


class Flat:
    """Expects the same everywhere; a sample is a normal draw around it."""

    def __init__(self, level, deviation=0.0):
        self.level, self.deviation = level, deviation

    def mean(self, points):
        return np.full((len(points), 3), self.level)

    def draw(self, count, rng):
        return Drawn(self.level + self.deviation * rng.standard_normal(count))

    def expected_loss(self, points, loss, normals):
        return np.full(len(points), np.mean(self.level + self.deviation * normals[:, 0]))


class Drawn:
    def __init__(self, values):
        self.values = values

    def losses(self, points, loss):
        return np.repeat(self.values[:, None], len(points), axis=1)


POINTS = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("weights", "counts"), [((0.5, 0.5), (5, 5)), ((0.7, 0.3), (7, 3)), ((1.0, 0.0), (10, 0))]
)
def test_samples_are_shared_out_by_weight(weights, counts):
    draws = Mixture([Flat(1.0), Flat(2.0)], weights).draw(10, np.random.default_rng(0))
    losses = draws.losses(POINTS, None)
    assert losses.shape == (10, 4)
    assert ((losses == 1.0).sum(axis=0) == counts[0]).all()
    assert ((losses == 2.0).sum(axis=0) == counts[1]).all()


def test_means_are_weighted():
    mixture = Mixture([Flat(1.0), Flat(3.0)], (0.25, 0.75))
    np.testing.assert_allclose(mixture.mean(POINTS), 2.5)
    np.testing.assert_allclose(mixture.expected_loss(POINTS, None, np.zeros((1, 1))), 2.5)


def test_what_a_sample_may_gain_is_the_weighted_gain_of_both():
    """Expected improvement of a mixture of normals is the mixture of theirs."""
    mixture = Mixture([Flat(1.0, 0.5), Flat(2.0, 1.0)], (0.5, 0.5))
    losses = mixture.draw(200_000, np.random.default_rng(1)).losses(POINTS[:1], None)[:, 0]

    def gain(mean, deviation, reached):
        u = (reached - mean) / deviation
        return deviation * (norm.pdf(u) + u * norm.cdf(u))

    expected = (gain(1.0, 0.5, 1.2) + gain(2.0, 1.0, 1.2)) / 2
    np.testing.assert_allclose(np.maximum(1.2 - losses, 0).mean(), expected, atol=0.003)
