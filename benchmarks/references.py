"""The kernels written plainly, straight from their formulas: what the fast ones must agree with.

They share no code with the kernels beyond optical constants and fitted numbers, so that they are
a yardstick for speed and a second opinion on the result. Here are loss, slopes, acquisition and
campaign; the optics are in `reference_optics`, the lab in `reference_lab`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import LinearConstraint, approx_fprime, minimize
from scipy.special import erfcx, log_ndtr

from plasmonbench import FloatArray, History, Problem, RecipeSpace, SpectralLoss, Strategy

from .setups import AcquisitionCase

# -- loss ---------------------------------------------------------------------------------------


def losses(spectra: FloatArray, loss: SpectralLoss) -> FloatArray:
    """Return the loss of spectra (n, W), one spectrum after the other."""
    return np.array([_loss(spectrum, loss) for spectrum in spectra])


def _loss(spectrum: FloatArray, loss: SpectralLoss) -> float:
    amplitude = spectrum.max()
    if amplitude <= 0 or amplitude > loss.amplitude_high:
        return 1.0
    shape, target = _min_max(spectrum), _min_max(loss.target)
    cosine = shape @ target / (np.linalg.norm(shape) * np.linalg.norm(target))
    return float(1 - min(amplitude / loss.amplitude_low, 1) * cosine)


def _min_max(values: FloatArray) -> FloatArray:
    return (values - values.min()) / (values.max() - values.min())


# -- slopes -------------------------------------------------------------------------------------


def slopes(
    function: Callable[[FloatArray], FloatArray], place: FloatArray, step: float
) -> FloatArray:
    """Return the derivatives (r, k) of a function (k,) -> (r,), by central differences.

    As the mean of SciPy's two-point differences to either side.
    """
    ends = [approx_fprime(place, function, epsilon) for epsilon in (step, -step)]
    return (ends[0] + ends[1]) / 2


# -- acquisition --------------------------------------------------------------------------------


class PlainAcquisition:
    """Log expected improvement with local penalization, point by point in NumPy and SciPy."""

    def __init__(self, case: AcquisitionCase) -> None:
        model, self.acquisition = case.acquisition.model, case.acquisition
        self.points, self.scales = model.points.numpy(), model.lengthscales.numpy()
        self.constant, self.centre, self.scale = float(model.constant), model.centre, model.scale
        # The model keeps the inverse of K's factor; the noise is what exceeds 1 on K's diagonal.
        factor = np.linalg.inv(model.whitener.numpy())
        noise = (factor**2).sum(axis=1) - 1
        gram = np.array([self._correlation(point) for point in self.points]) + np.diag(noise)
        self._gram = cho_factor(gram)
        residual = (case.losses - self.centre) / self.scale - self.constant
        self._weights = cho_solve(self._gram, residual)

    def __call__(self, point: FloatArray, chosen: FloatArray) -> float:
        """Return the penalised log expected improvement at a point (d,)."""
        best = self.acquisition.best
        mean, deviation = self._posterior(point)
        value = _log_ei(best - self.acquisition.xi - mean, deviation)
        for other in chosen:
            mean, deviation = self._posterior(other)
            reach = self.acquisition.lipschitz * np.linalg.norm(point - other)
            value += float(log_ndtr((reach - (mean - best)) / deviation))
        return value

    def best_of(
        self, space: RecipeSpace, points: FloatArray, chosen: FloatArray, starts: int = 8
    ) -> FloatArray:
        """Return the point (d,) where SciPy's SLSQP ends, from the best of points (n, d)."""
        values = [self(point, chosen) for point in points]
        matrix, limits = space.unit_inequalities
        climbs = [
            minimize(
                lambda x: -self(x, chosen),
                points[row],
                method="SLSQP",
                bounds=[(0, 1)] * space.dimension,
                constraints=LinearConstraint(matrix, ub=limits),
            )
            for row in np.argsort(values)[-starts:]
        ]
        best = min(climbs, key=lambda climb: climb.fun)
        return np.asarray(best.x)

    def _posterior(self, point: FloatArray) -> tuple[float, float]:
        cross = self._correlation(point)
        mean = self.constant + cross @ self._weights
        variance = 1 - cross @ cho_solve(self._gram, cross)
        return self.centre + self.scale * mean, self.scale * math.sqrt(max(variance, 1e-12))

    def _correlation(self, point: FloatArray) -> FloatArray:
        r = math.sqrt(5) * np.sqrt((((point - self.points) / self.scales) ** 2).sum(axis=1))
        return (1 + r + r**2 / 3) * np.exp(-r)


def _log_ei(gap: float, deviation: float) -> float:
    u = gap / deviation
    log_density = -(u**2) / 2 - math.log(2 * math.pi) / 2
    if u > -1:
        distribution = math.erfc(-u / math.sqrt(2)) / 2
        return math.log(math.exp(log_density) + u * distribution) + math.log(deviation)
    mills = math.sqrt(math.pi / 2) * float(erfcx(-u / math.sqrt(2)))
    return log_density + math.log1p(u * mills) + math.log(deviation)


# -- campaign -----------------------------------------------------------------------------------


def campaign(problem: Problem, strategy: Strategy, seed: int) -> History:
    """Return the history of a campaign without the harness: plan, measure, remember."""
    history = problem.empty_history()
    for round_number in range(problem.rounds):
        recipes = strategy.propose(history, problem.batch_size)
        measured = problem.measure(recipes, seed, round_number)
        history = history.append(recipes, measured.losses, measured.spectra)
    return history
