from itertools import product
from typing import get_args

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from simulators.optics.materials import SILVER_DATASETS
from simulators.optics.plates import plate_volume
from simulators.silver_prisms import SilverPrisms
from simulators.stages.extinction import PlateModel, disk_diameter, triangle_edge


@pytest.mark.parametrize(("plates", "silver"), list(product(get_args(PlateModel), SILVER_DATASETS)))
def test_every_optics_gives_a_spectrum_over_the_whole_space(plates, silver, rng):
    lab = SilverPrisms(noise="harsh", plates=plates, silver=silver)
    recipes = lab.space.sample(60, rng)
    assert np.isfinite(lab.truth(recipes)).all()
    assert (lab.absorbance(recipes) > 0).all()
    assert np.isfinite(lab.measure(recipes[:15], 5, rng)).all()


def test_plates_of_the_same_volume_whatever_their_shape(rng):
    volume, thickness = rng.uniform(3e3, 1e5, 20), rng.uniform(5, 12, 20)
    triangles = plate_volume("triangle", triangle_edge(volume, thickness), thickness)
    disks = plate_volume("disk", disk_diameter(volume, thickness), thickness)
    assert triangles == pytest.approx(volume, rel=1e-12)
    assert disks == pytest.approx(volume, rel=1e-12)


@pytest.mark.parametrize(
    "wrong", [{"noise": "loud"}, {"plates": "traingle"}, {"plates": "rod"}, {"silver": "Gold"}]
)
def test_unknown_parameters_are_refused(wrong):
    with pytest.raises(PlasmonbenchError):
        SilverPrisms(**wrong)
