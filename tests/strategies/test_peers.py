"""Adapters to planners of other libraries; those that are not installed are skipped, by name."""

import logging
import random
import tomllib
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plasmonbench import FloatArray, History, PlasmonbenchError, RecipeSpace
from plasmonbench.cli import main
from plasmonbench.registry import find_strategy, strategy_defaults, strategy_names
from strategies.models.ask_and_tell import (
    SPACING,
    Peer,
    global_randomness_of_its_own,
    makeable,
    only_errors_logged,
    unless_missing,
)
from strategies.models.spread import nearest_gap
from strategies.peer_skopt import PeerSkopt

ROOT = Path(__file__).parents[2]
QUICK = [
    "peer-skopt[model=ET]",
    "peer-optuna",
    "peer-optuna[sampler=cmaes]",
    "peer-nevergrad",
    "peer-nevergrad[optimizer=OnePlusOne]",
    "peer-smac[model=rf]",
]
SLOW = ["peer-skopt", "peer-smac", "peer-optuna[sampler=gp]", "peer-baybe", "peer-ax"]
PEERS = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
HONOUR_CONSTRAINT = ["peer-nevergrad", "peer-baybe", "peer-ax"]


def build(name: str, lab, **changes) -> Peer:
    plan = find_strategy(name)
    for module in plan.cls.modules:
        pytest.importorskip(module, reason=f"the peer {module} is an optional install")
    return plan.build(
        changes.get("space", lab.space), changes.get("loss", lab.loss), changes.get("seed", 3)
    )


def check(strategy: Peer, recipes: FloatArray, n: int, spacing: float = 0.999 * SPACING) -> None:
    assert recipes.shape == (n, strategy.space.dimension)
    assert strategy.space.contains(recipes).all()
    unit = strategy.space.to_unit(recipes)
    gaps = np.linalg.norm(unit[:, None] - unit, axis=2)[np.triu_indices(n, 1)]
    assert gaps.min(initial=np.inf) >= spacing


# -- the shared part, always tested ---------------------------------------------------------------


class Stubborn(Peer):
    """Asks for what it was made to ask for, whatever it is told."""

    asked: tuple[tuple[float, ...], ...] = ((0.5, 0.5),)

    def ask(self, points, losses, n, rng):
        np.random.random()  # noqa: NPY002 - as peers do
        return np.array(self.asked[:n])


@pytest.fixture
def triangle() -> RecipeSpace:
    """Return the half of a square of 0 to 10 % below its falling diagonal."""
    return RecipeSpace.of([("a", "%", 0, 10), ("b", "%", 0, 10)], sum_limit=(["a", "b"], 10))


def told(space: RecipeSpace, n: int = 2) -> History:
    recipes = space.sample(n, np.random.default_rng(0))
    return History.empty(space.dimension, 1, None).append(recipes, np.full((n, 1), 0.5))


def test_what_cannot_be_made_is_projected_and_counted(triangle):
    peer = Stubborn(space=triangle, asked=((0.9, 0.9), (0.2, 0.3), (0.8, 0.1)))
    history = told(triangle, 3)
    # (.9, .9) lies .4 sqrt(2) above the diagonal, and (.5, .5) is nearest to it.
    np.testing.assert_allclose(peer.propose(history, 3), [[5, 5], [2, 3], [8, 1]], atol=1e-9)
    found = peer.explain(history)
    assert found["projected"] == 1
    assert found["projected_distance"] == pytest.approx(0.4 * np.sqrt(2), abs=1e-9)
    assert found["respaced"] == 0


def test_near_duplicates_are_moved_apart_and_counted(triangle):
    peer = Stubborn(space=triangle, asked=((0.2, 0.2), (0.2, 0.2), (0.2, 0.201), (0.4, 0.4)))
    history = told(triangle, 4)
    batch = peer.propose(history, 4)
    check(peer, batch, 4)
    assert peer.explain(history) == {"projected": 0, "projected_distance": 0, "respaced": 2}
    np.testing.assert_allclose(batch[[0, 3]], [[2, 2], [4, 4]], atol=1e-9)
    # They stay near where they were asked for: some spacings, in a square of 10 %.
    assert np.linalg.norm(batch[1:3] - 2, axis=1).max() < 10 * 4 * SPACING


def test_a_finite_set_serves_each_proposal_with_its_nearest_free_candidate(triangle):
    pool = np.array([[1.0, 1.0], [2.0, 2.0], [5.0, 4.0]])
    peer = Stubborn(space=replace(triangle, candidates=pool), asked=((0.1, 0.1), (0.1, 0.11)))
    history = told(triangle)
    np.testing.assert_array_equal(peer.propose(history, 2), pool[:2])
    assert peer.explain(history)["projected"] == 1
    with pytest.raises(PlasmonbenchError, match="has 3 left"):
        peer.propose(history, 4)


def test_an_explanation_does_not_depend_on_having_proposed(triangle):
    peers = [Stubborn(space=triangle, asked=((0.9, 0.9), (0.2, 0.3))) for _ in range(2)]
    history = told(triangle)
    peers[0].propose(history, 2)
    assert peers[0].explain(history) == peers[1].explain(history)
    assert peers[0].explain(History.empty(2, 1, None)) == {}


@pytest.mark.parametrize("asked", [((0.5, np.nan), (0.1, 0.1)), ((0.5, 0.5),)])
def test_a_peer_that_answers_nonsense_is_told_off(triangle, asked):
    with pytest.raises(PlasmonbenchError, match="Stubborn was asked for 2 recipes"):
        Stubborn(space=triangle, asked=asked).propose(told(triangle), 2)


@given(
    points=st.lists(st.tuples(*[st.floats(-0.5, 1.5)] * 2), min_size=1, max_size=12),
    seed=st.integers(0, 2**32),
)
def test_any_proposals_become_different_recipes(points, seed):
    space = RecipeSpace.of([("a", "", 0, 10), ("b", "", -3, 5)], sum_limit=(["a", "b"], 8))
    batch = makeable(space, np.array(points), np.random.default_rng(seed))
    assert space.contains(batch.recipes).all()
    unit = space.to_unit(batch.recipes)
    for row in range(1, len(unit)):
        assert nearest_gap(unit[[row]], unit[:row])[0] >= 0.999 * SPACING
    assert 0 <= batch.respaced < len(points)
    outside = ~space.contains(space.from_unit(points))
    assert batch.projected <= outside.sum()


def test_global_randomness_is_seeded_and_put_back():
    random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002
    first = random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002, S311
    random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002
    inside = []
    for _ in range(2):
        with global_randomness_of_its_own(7):
            inside.append((random.random(), np.random.random(), torch.rand(1).item()))  # noqa: NPY002, S311
            torch.set_default_dtype(torch.float64)
    assert inside[0] == inside[1]
    assert torch.get_default_dtype() == torch.float32
    after = random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002, S311
    assert after == first


def test_loggers_are_quiet_for_a_block_and_speak_again_after_its_failure(caplog):
    logger = logging.getLogger("some.peer")

    def fail():
        with only_errors_logged():
            logger.warning("one more trial")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    logger.warning("heard")
    assert [record.message for record in caplog.records] == ["heard"]


def test_a_missing_module_may_pass_but_not_a_broken_one(tmp_path, monkeypatch):
    with unless_missing("module_of_nobody"):
        import module_of_nobody  # noqa: F401
    (tmp_path / "broken_peer.py").write_text("import module_of_nobody")
    monkeypatch.syspath_prepend(tmp_path)
    with (
        pytest.raises(ModuleNotFoundError, match="module_of_nobody"),
        unless_missing("broken_peer"),
    ):
        import broken_peer  # noqa: F401


# -- peers that are not installed, always tested --------------------------------------------------

ABSENT = """
"A planner of nobody's."
from typing import ClassVar
from strategies.models.ask_and_tell import Peer, unless_missing

with unless_missing("module_of_nobody"):
    import module_of_nobody


class Absent(Peer):
    greed: float = 0.5

    modules: ClassVar[tuple[str, ...]] = ("module_of_nobody",)
    extra: ClassVar[str] = "nobody"

    def ask(self, points, losses, n, rng):
        return module_of_nobody.ask(n)
"""


def test_a_peer_that_is_not_installed_ends_a_run_before_it_starts(tmp_path, monkeypatch, capsys):
    path = tmp_path / "absent.py"
    path.write_text(ABSENT)
    run = [
        "plasmonbench",
        "run",
        "-p",
        "silver-prisms",
        "-s",
        str(path),
        "--out",
        str(tmp_path / "x"),
    ]
    monkeypatch.setattr("sys.argv", run)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said == (
        "error: strategy absent: module_of_nobody is not installed; "
        "install with: pip install 'plasmonbench[nobody]'"
    )
    assert not (tmp_path / "x").exists()
    assert strategy_defaults(str(path)) == {"greed": "0.5  (number)"}


def test_the_list_marks_peers_that_are_not_installed(monkeypatch):
    absent = {"ax", "optuna"}
    monkeypatch.setattr(
        "plasmonbench.optional_installs.importlib.util.find_spec",
        lambda name: None if name in absent else "found",
    )
    marked = {
        name for name, line in strategy_names().items() if "Not installed: pip install" in line
    }
    assert marked == {"peer-ax", "peer-optuna"}
    assert strategy_names()["peer-ax"].endswith(" Not installed: pip install 'plasmonbench[ax]'")


@pytest.mark.parametrize("name", [name for name in strategy_names() if name.startswith("peer-")])
def test_the_extra_that_a_peer_names_brings_what_it_imports(name):
    cls = find_strategy(name).cls
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    brought = " ".join(extras.get(cls.extra, [])).lower()
    distributions = {"ax": "ax-platform", "ConfigSpace": "smac"}
    for module in cls.modules:
        assert distributions.get(module, module) in brought
    if cls.modules:
        assert cls.extra in extras["peers"][0].partition("[")[2].rstrip("]").split(",")


# -- each peer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEERS)
def test_batches_of_fifteen(lab, name):
    strategy = build(name, lab)
    history = lab.history((12,))
    batch = strategy.propose(history, 15)
    check(strategy, batch, 15)
    found = strategy.explain(history)
    assert set(found) == {"projected", "projected_distance", "respaced"}
    if name in HONOUR_CONSTRAINT:
        assert found["projected"] == 0
    first = lab.history(())
    np.testing.assert_array_equal(strategy.propose(first, 15), strategy.initial_design(15))
    assert strategy.explain(first) == {}


@pytest.mark.parametrize("name", PEERS)
def test_a_pure_function_that_leaves_global_state_alone(lab, name):
    history = lab.history((12,))
    peer = build(name, lab)

    def states():
        _, keys, position, *_ = np.random.get_state()  # noqa: NPY002 - it is what we guard
        python = hash(random.getstate())
        threads = torch.get_num_threads(), torch.get_default_dtype()
        return python, keys.tobytes(), position, torch.get_rng_state().tolist(), threads

    before = states(), logging.root.manager.disable, list(warnings.filters)
    first = peer.propose(history, 3)
    assert (states(), logging.root.manager.disable, list(warnings.filters)) == before
    random.seed(5), np.random.seed(5), torch.manual_seed(5)  # noqa: NPY002
    np.testing.assert_array_equal(build(name, lab).propose(history, 3), first)
    assert not np.array_equal(build(name, lab, seed=4).propose(history, 3), first)


@pytest.mark.parametrize("name", PEERS)
def test_finite_set_is_used_up_to_its_last_recipe(lab, name):
    pool = lab.space.sample(16, np.random.default_rng(8))
    _, losses = lab.measure(pool[:11], np.random.default_rng(9))
    history = History.empty(5, 4, None).append(pool[:11], losses)
    space = replace(lab.space, candidates=pool).without(history.recipes)
    strategy = build(name, lab, space=space)
    for n in (2, 5):
        batch = strategy.propose(history, n)
        check(strategy, batch, n)
    assert {tuple(row) for row in batch} == {tuple(row) for row in pool[11:]}
    if name == "peer-baybe":
        assert strategy.explain(history)["projected"] == 0
    with pytest.raises(PlasmonbenchError):
        strategy.propose(history, 6)


def with_losses(history: History, rows, value: float) -> History:
    losses = history.losses.copy()
    losses[rows] = value
    return replace(history, losses=losses)


def repeated(history: History, times: int) -> History:
    rows = (history.recipes, history.losses, history.spectra)
    return history.append(*(np.repeat(row, times, axis=0) for row in rows))


HARD = {
    "one recipe": lambda lab: lab.history((1,)),
    "one recipe ten times": lambda lab: repeated(lab.history((1,)), 9),
    "no loss readable": lambda lab: with_losses(lab.history((4,)), [0, 1, 2, 3], np.nan),
    "some unreadable": lambda lab: with_losses(lab.history((12,)), [1, 4], np.nan),
    "constant": lambda lab: with_losses(lab.history((12,)), slice(None), 0.3),
}


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("name", PEERS)
def test_hard_histories(lab, name, case):
    strategy = build(name, lab)
    check(strategy, strategy.propose(HARD[case](lab), 3), 3)


@pytest.mark.parametrize(
    "name",
    # scikit-optimize grows its forest anew for each of the 96.
    [pytest.param(n, marks=pytest.mark.slow if "skopt" in n else ()) for n in QUICK],
)
def test_a_batch_of_96_and_of_one(lab, name):
    strategy = build(name, lab)
    for n in (1, 96):
        check(strategy, strategy.propose(lab.history((12,)), n), n)


@pytest.mark.parametrize("name", PEERS)
def test_a_batch_is_better_than_what_it_learned_from(lab, name):
    """A quarter of the random recipes lie below the batch's median; a peer must do better."""
    history = lab.history((60,))
    truth = lab.loss(lab.truth(build(name, lab).propose(history, 6)))
    assert np.median(truth) < np.quantile(history.median_loss, 0.25)


def test_skopt_honours_the_constraint_with_a_forest(lab):
    """Forests are searched by a feasible sample alone; nothing of theirs is projected."""
    forest = PeerSkopt(space=lab.space, seed=1, model="ET")
    history = lab.history((20,))
    forest.propose(history, 4)
    assert forest.explain(history)["projected"] == 0
