"""Kernels over the history of commits (`asv run`); `test_kernels` asserts on the same ones.

asv runs each benchmark in a process of its own: whatever is loaded or compiled on the way must
happen in ``setup``, which it does not time.
"""

from __future__ import annotations

import numpy as np
import torch

from simulators.optics.damping import damped_permittivity
from simulators.optics.materials import silver_permittivity, water_index
from simulators.optics.mie import mie_cross_sections, sphere_effective_length

from . import setups


class LossKernel:
    """Loss of the spectra of one round, and of a thousand recipes."""

    params = (300, 20_000)
    param_names = ("spectra",)

    def setup(self, spectra):
        setups.use_one_thread()
        self.loss = setups.problem().loss
        round_of_spectra = setups.random_history(15).spectra.reshape(-1, 421)
        self.spectra = np.resize(round_of_spectra, (spectra, 421))
        self.loss(self.spectra)

    def time_loss(self, _spectra):
        self.loss(self.spectra)


class OpticsKernels:
    """Extinction of disks, of compact particles and of exact spheres."""

    def setup(self):
        setups.use_one_thread()
        lab = setups.problem().lab
        self.optics = lab.extinction.optics
        plates = setups.plates(300)
        self.plates = plates.diameter, plates.thickness, plates.spread
        w, radius = lab.wavelengths, np.linspace(2, 60, 25)
        length = sphere_effective_length(radius)
        silver = damped_permittivity(silver_permittivity(w), w, length, self.optics.damping)
        self.spheres = radius, w, silver, water_index(w)
        self.extinction = lab.extinction
        self.volumes = lab.particles(setups.recipes(300)).compact_volume
        self.time_disk_populations()
        self.time_compact_particles()
        self.time_mie_spheres()

    def time_disk_populations(self):
        self.optics.plate_population("disk", *self.plates)

    def time_compact_particles(self):
        self.extinction.compact_particles(self.volumes)

    def time_mie_spheres(self):
        mie_cross_sections(*self.spheres)


class LabKernels:
    """The simulated laboratory: truth of many recipes, measurement of one round."""

    def setup(self):
        setups.use_one_thread()
        self.lab = setups.problem().lab
        self.many, self.round = setups.recipes(1000), setups.recipes(15)
        # Tabulates the compact particles too.
        self.time_measured_round()

    def time_truth(self):
        self.lab.truth(self.many)

    def time_measured_round(self):
        self.lab.measure(self.round, 20, np.random.default_rng(setups.SEED))

    def peakmem_truth(self):
        self.lab.truth(self.many)

    def peakmem_measured_round(self):
        self.lab.measure(self.round, 20, np.random.default_rng(setups.SEED))


class GoldLab:
    """The other laboratory: truth of many recipes."""

    def setup(self):
        setups.use_one_thread()
        self.lab = setups.problem(setups.GOLD).lab
        self.many = setups.recipes(1000, name=setups.GOLD)
        self.time_truth()

    def time_truth(self):
        self.lab.truth(self.many)

    def peakmem_truth(self):
        self.lab.truth(self.many)


class AcquisitionKernel:
    """Penalised expected improvement: scored at many points, climbed with its gradient at few."""

    def setup(self):
        setups.use_one_thread()
        case = setups.acquisition_case()
        self.acquisition = case.acquisition
        self.chosen, self.points = torch.tensor(case.chosen), torch.tensor(case.points)
        self.time_score()
        self.time_gradient()

    def time_score(self):
        with torch.no_grad():
            self._value(self.points)

    def time_gradient(self):
        points = self.points[:8].clone().requires_grad_(True)
        torch.autograd.grad(self._value(points).sum(), points)

    def _value(self, points):
        return self.acquisition.log_ei(points) + self.acquisition.log_penalty(points, self.chosen)
