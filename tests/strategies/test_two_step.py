"""The two-step framework: who proposes when, and when it stops."""

from dataclasses import replace

import numpy as np
import pytest

from plasmonbench import PlasmonbenchError
from strategies.dnn_grid import DnnGrid
from strategies.local_penalization import LocalPenalization
from strategies.models.network import forget_networks, train
from strategies.two_step import TwoStep


@pytest.fixture(scope="module")
def history(lab):
    return lab.history((8, 8, 8))


def build(lab, **knobs):
    return TwoStep(space=lab.space, loss=lab.loss, seed=1, **knobs)


def test_local_penalization_proposes_before_the_switch(lab, history):
    alone = LocalPenalization(space=lab.space, loss=lab.loss, seed=1)
    batch = build(lab, switch_round=4).propose(history, 3)
    np.testing.assert_array_equal(batch, alone.propose(history, 3))


def test_network_and_penalization_alternate_after_the_switch(lab, history):
    batch = build(lab, switch_round=3).propose(history, 5)
    network = DnnGrid(space=lab.space, loss=lab.loss, seed=1)
    penalization = LocalPenalization(space=lab.space, loss=lab.loss, seed=1)
    np.testing.assert_array_equal(batch[0::2], network.propose(history, 3))
    np.testing.assert_array_equal(batch[1::2], penalization.propose_beside(history, 2, batch[0::2]))
    unit = lab.space.to_unit(batch)
    gaps = np.linalg.norm(unit[0::2][:, None] - unit[1::2], axis=2)
    assert gaps.min() > penalization.min_distance


def test_a_round_of_one_is_the_networks(lab, history):
    network = DnnGrid(space=lab.space, loss=lab.loss, seed=1)
    batch = build(lab, switch_round=3).propose(history, 1)
    np.testing.assert_array_equal(batch, network.propose(history, 1))


def test_explain_by_its_definitions(lab, history):
    found = build(lab, switch_round=3).explain(history)
    dnn = DnnGrid(space=lab.space, loss=lab.loss, seed=1)
    network, previous = dnn.train(history), dnn.train(history.until(2))
    newest = history.median_spectra[16:]
    predicted = previous(lab.space.to_unit(history.recipes[16:]))
    cosines = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(predicted, newest, strict=True)]
    assert found["loss"] == history.median_loss.min()
    assert found["accuracy"] == pytest.approx(np.mean(cosines), abs=1e-9)
    assert found["error"] == pytest.approx(np.mean((predicted - newest) ** 2), rel=1e-9)
    # The sample of `explain` is its own; on another one the similarity is about the same.
    x = lab.space.to_unit(lab.space.sample(2000, np.random.default_rng(0)))
    a, b = network(x), previous(x)
    stability = np.mean((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))
    assert found["stability"] == pytest.approx(stability, abs=0.02)
    assert 0.5 < found["stability"] < 1


def test_explain_tells_what_is_defined_before_the_switch_too(lab, history):
    everything = build(lab, switch_round=4).explain(history)
    assert everything == build(lab, switch_round=3).explain(history)
    assert everything.keys() == {"loss", "stability", "accuracy", "error"}
    first = history.until(1)
    assert build(lab).explain(first) == {"loss": first.median_loss.min()}
    nothing = replace(
        first,
        losses=np.full_like(first.losses, np.nan),
        spectra=np.full_like(first.spectra, np.nan),
    )
    assert build(lab).explain(nothing) == {}


def test_explain_leaves_out_what_an_unread_round_cannot_tell(lab, history):
    unread = history.append(
        history.recipes[:2],
        np.full((2, 4), np.nan),
        np.full((2, 4, 421), np.nan),
    )
    assert build(lab, switch_round=1).explain(unread) == {"loss": history.median_loss.min()}


def test_resumed_process_finds_the_same(lab, history):
    strategy = build(lab, switch_round=3)
    first = strategy.explain(history), strategy.propose(history, 3).tolist()
    forget_networks()
    proposed = strategy.propose(history, 3).tolist()
    assert (strategy.explain(history), proposed) == first


def test_network_of_the_round_before_is_not_trained_again(lab, history, monkeypatch):
    forget_networks()
    lessons = []

    def counted(points, *others):
        lessons.append(len(points))
        return train(points, *others)

    monkeypatch.setattr("strategies.models.network.train", counted)
    strategy = build(lab, switch_round=2)
    for rounds in (2, 3):
        strategy.explain(history.until(rounds))
        build(lab, switch_round=2).propose(history.until(rounds), 2)
    assert lessons == [8, 16, 24]


GOOD = {"loss": 0.1, "stability": 0.995, "accuracy": 0.99, "error": 0.001}


@pytest.mark.parametrize(
    ("change", "any_stops", "all_stop"),
    [
        ({}, True, True),
        ({"loss": 0.2}, True, False),
        ({"stability": 0.9}, True, False),
        ({"error": 0.1}, True, False),
        ({"loss": 0.2, "stability": 0.9, "accuracy": 0.9}, False, False),
        ({"loss": 0.2, "stability": 0.9, "error": 0.1}, False, False),
    ],
)
def test_rules(lab, history, monkeypatch, change, any_stops, all_stop):
    monkeypatch.setattr(TwoStep, "explain", lambda *_: GOOD | change)
    assert build(lab, switch_round=3).stop_reason(history) is None
    for stop, stops in (("any", any_stops), ("all", all_stop)):
        reason = build(lab, switch_round=3, stop=stop).stop_reason(history)
        assert (reason is not None) == stops
        assert build(lab, switch_round=4, stop=stop).stop_reason(history) is None


def test_reason_names_what_was_met(lab, history, monkeypatch):
    monkeypatch.setattr(TwoStep, "explain", lambda *_: GOOD | {"stability": 0.5})
    reason = build(lab, stop="any", switch_round=3).stop_reason(history)
    assert "loss 0.1" in reason
    assert "accuracy 0.99" in reason
    assert "stability" not in reason


def test_no_reason_before_there_is_something_to_judge(lab, history):
    assert build(lab, stop="any", stop_loss=1.0).stop_reason(history) is None
    early = build(lab, stop="any", stop_loss=1.0, switch_round=1)
    assert early.stop_reason(history.until(1)) is None


def test_accurate_network_proposes_before_the_switch(lab, history):
    easy = {"stop_accuracy": 0.0, "stop_error": 1e9}
    early = build(lab, switch_round=9, switch="accurate", **easy)
    np.testing.assert_array_equal(
        early.propose(history, 3), build(lab, switch_round=3, **easy).propose(history, 3)
    )
    strict = build(lab, switch_round=9, switch="accurate", stop_accuracy=1.0, stop_error=0.0)
    alone = LocalPenalization(space=lab.space, loss=lab.loss, seed=1)
    np.testing.assert_array_equal(strict.propose(history, 3), alone.propose(history, 3))


def test_explain_refuses_a_lab_without_spectra(lab, history):
    with pytest.raises(PlasmonbenchError, match="losses alone"):
        build(lab).explain(replace(history, spectra=None))
