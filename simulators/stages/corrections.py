"""Smooth corrections of a mechanism, where the data know better than its few numbers.

A sum of Gaussian bumps over the logarithms of the flows with independent normal weights is a
draw from a Gaussian process, and stays near zero far from the data: the model inadequacy of
Kennedy & O'Hagan, J. R. Stat. Soc. B 63, 425 (2001), laid on a quantity of the chemistry rather
than on the spectrum, so that a corrected droplet is still one that particles can make.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.stats import qmc

from plasmonbench import FloatArray

BUMPS = 16
BUMP_WIDTH = 0.7
"""Standard deviation of a bump, in widths of the box below."""
LOWER = np.array([4.0, 10.0, 0.5, 0.5, 200.0])
UPPER = np.array([45.0, 40.0, 30.0, 20.0, 1000.0])
"""The box that the campaign's data cover: silver, PVA, citrate, seeds (%), total (uL/min)."""


def bump_features(recipes: FloatArray) -> FloatArray:
    """Return features (n, `BUMPS`) of recipes (n, 5).

    They are whitened: with independent standard normal weights their weighted sum has standard
    deviation near 1 all over the box.
    """
    centres, inverse_root = _basis()
    return _bumps(_scaled(recipes), centres) @ inverse_root.T


@lru_cache
def _basis() -> tuple[FloatArray, FloatArray]:
    centres = qmc.Halton(d=len(LOWER), scramble=False).random(BUMPS + 1)[1:]
    covariance = _bumps(centres, centres) + 1e-8 * np.eye(BUMPS)
    return centres, np.linalg.inv(np.linalg.cholesky(covariance))


def _scaled(recipes: FloatArray) -> FloatArray:
    return np.asarray(np.log(recipes / LOWER) / np.log(UPPER / LOWER))


def _bumps(points: FloatArray, centres: FloatArray) -> FloatArray:
    square = ((points[:, None] - centres[None]) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-square / (2 * BUMP_WIDTH**2)))
