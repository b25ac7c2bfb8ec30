"""Kernels against plain references: the same numbers, and so many times faster in the same run.

The asserted ratios are about a third of those measured: what they guard against is a kernel that
falls back to Python, to complex temporaries or to one call per point, which costs far more.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulators.optics.damping import damped_permittivity
from simulators.optics.materials import silver_permittivity, water_index
from simulators.optics.mie import mie_cross_sections, sphere_effective_length

from . import references, setups


@pytest.mark.benchmark(group="loss")
def test_loss_of_a_round(faster_than):
    spectra = setups.random_history().spectra[:15].reshape(-1, 421)
    loss = setups.problem().loss
    np.testing.assert_allclose(loss(spectra), references.losses(spectra, loss), rtol=0, atol=1e-12)
    faster_than(lambda: loss(spectra), lambda: references.losses(spectra, loss), 15)


@pytest.mark.benchmark(group="optics")
def test_oblate_populations(faster_than):
    optics = setups.problem().lab.extinction.optics
    plates = setups.plate_populations(60)
    size = plates.diameter, plates.thickness, plates.spread
    expected, volume = references.oblate_population(optics, *size)
    np.testing.assert_allclose(optics.oblate_population(*size), expected, rtol=1e-9)
    np.testing.assert_allclose(optics.oblate_mean_volume(*size), volume, rtol=1e-12)
    faster_than(
        lambda: optics.oblate_population(*size),
        lambda: references.oblate_population(optics, *size),
        25,
    )


@pytest.mark.benchmark(group="optics")
def test_mie_spheres(faster_than):
    lab = setups.problem().lab
    optics, w = lab.extinction.optics, lab.wavelengths
    radius = np.linspace(2, 60, 25)
    silver = damped_permittivity(
        silver_permittivity(w), w, sphere_effective_length(radius), optics.damping
    )
    index = water_index(w)
    plain = references.mie_extinction(radius, w, silver, index)
    np.testing.assert_allclose(mie_cross_sections(radius, w, silver, index)[0], plain, rtol=1e-9)
    faster_than(
        lambda: mie_cross_sections(radius, w, silver, index),
        lambda: references.mie_extinction(radius, w, silver, index),
        6,
    )


@pytest.mark.benchmark(group="lab")
def test_truth(faster_than):
    lab, recipes = setups.problem().lab, setups.recipes(60)
    expected = references.truth(lab, recipes)
    np.testing.assert_allclose(lab.truth(recipes), expected, rtol=0, atol=1e-10)
    faster_than(lambda: lab.truth(recipes), lambda: references.truth(lab, recipes), 40)


@pytest.mark.benchmark(group="lab")
def test_measured_round(faster_than):
    lab, recipes = setups.problem().lab, setups.recipes(15)

    def measured(by):
        return by(recipes, 20, np.random.default_rng(setups.SEED))

    def plainly(*how):
        return references.measure(lab, *how)

    np.testing.assert_allclose(measured(lab.measure), measured(plainly), rtol=0, atol=1e-12)
    faster_than(lambda: measured(lab.measure), lambda: measured(plainly), 5)


@pytest.mark.benchmark(group="acquisition")
def test_penalised_expected_improvement(faster_than):
    case = setups.acquisition_case(500)
    points, chosen = torch.tensor(case.points), torch.tensor(case.chosen)
    plain = references.PlainAcquisition(case)

    def fast():
        with torch.no_grad():
            penalty = case.acquisition.log_penalty(points, chosen)
            return (case.acquisition.log_ei(points) + penalty).numpy()

    def plainly():
        return np.array([plain(point, case.chosen) for point in case.points])

    np.testing.assert_allclose(fast(), plainly(), rtol=1e-6, atol=1e-6)
    faster_than(fast, plainly, 25)


@pytest.mark.benchmark(group="acquisition")
def test_best_point_of_a_batch(faster_than):
    case, space = setups.acquisition_case(), setups.problem().space
    plain = references.PlainAcquisition(case)

    def fast():
        rng = np.random.default_rng(setups.SEED)
        return case.acquisition.batch(space, 1, rng, pending=case.chosen, min_distance=0.0)[0]

    def plainly():
        return plain.best_of(space, case.points, case.chosen)

    found, expected = (plain(point, case.chosen) for point in (fast(), plainly()))
    assert found > expected - 0.02
    faster_than(fast, plainly, 5, turns=3)
