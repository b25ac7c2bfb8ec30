import textwrap

import pytest

TOY_LAB = '''
"""A lab whose spectrum is the target, moved away from it by two flows."""

import numpy as np

from plasmonbench import CAMPAIGN_WAVELENGTHS, RecipeSpace, silver_prism_loss


class Toy:
    def __init__(self, noise: float = 0.01):
        self.noise = noise
        self.target = silver_prism_loss().target

    @property
    def space(self):
        return RecipeSpace.of([("a", "%", 0, 10), ("b", "%", 0, 10)])

    @property
    def wavelengths(self):
        return CAMPAIGN_WAVELENGTHS

    def truth(self, recipes):
        shift = 10 * (recipes[:, :1] - 6)
        moved = [
            np.interp(CAMPAIGN_WAVELENGTHS - s, CAMPAIGN_WAVELENGTHS, self.target)
            for s in shift[:, 0]
        ]
        return np.array(moved) * np.exp(-((recipes[:, 1:] - 5) ** 2) / 50) * 0.9

    def measure(self, recipes, replicates, rng):
        gain = np.stack([r.standard_normal(replicates) for r in rng.spawn(len(recipes))])
        return self.truth(recipes)[:, None] * (1 + self.noise * gain)[:, :, None]
'''

TOY_PROBLEM = """
description = "a toy"
lab = "toy_lab.py"
batch_size = 4
replicates = 3
rounds = 3
axes = [
    { name = "a", unit = "%", bounds = [0, 10] },
    { name = "b", unit = "%", bounds = [0, 10] },
]
"""


@pytest.fixture
def toy(tmp_path):
    """Return the path of a small problem of somebody's own."""
    (tmp_path / "toy_lab.py").write_text(TOY_LAB)
    path = tmp_path / "toy.toml"
    path.write_text(TOY_PROBLEM)
    return path


@pytest.fixture
def write_strategy(tmp_path):
    """Write a strategy file of somebody's own and return its path."""

    def write(name, body):
        path = tmp_path / f"{name}.py"
        text = textwrap.indent(textwrap.dedent(body), "    ")
        path.write_text(
            "import numpy as np\nfrom plasmonbench import Strategy\n\n\n"
            f"class Mine(Strategy):\n{text}\n"
        )
        return path

    return write


@pytest.fixture
def write_lab(tmp_path):
    """Write a lab that is the easy one but for what a test changes; return its path."""

    def write_lab(body):
        path = tmp_path / "mine.py"
        path.write_text(
            "import numpy as np\nfrom plasmonbench.conformance import EasyLab\n\n\n"
            f"class Mine(EasyLab):\n{textwrap.indent(body, '    ')}\n"
        )
        return str(path)

    return write_lab
