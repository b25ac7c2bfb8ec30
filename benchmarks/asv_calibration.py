"""Calibration of the lab over the history of commits: one residual vector, one Jacobian.

Apart from `asv_kernels`, as `fitting_case` is from `setups`.
"""

from __future__ import annotations

from . import fitting_case, setups


class Calibration:
    """What each step of a fit costs, on a small campaign."""

    def setup(self):
        setups.use_one_thread()
        case = fitting_case.fitting_case()
        self.objective, self.place = case.objective, case.place
        self.time_residuals()
        self.time_jacobian()

    def time_residuals(self):
        self.objective.residuals(self.place)

    def time_jacobian(self):
        self.objective.jacobian(self.place)

    def peakmem_jacobian(self):
        self.objective.jacobian(self.place)
