"""The network of the campaign: shape, learning, early stopping, memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from plasmonbench import PlasmonbenchError
from strategies.models import network
from strategies.models.network import (
    CAMPAIGN_TRAINING,
    Training,
    find_device,
    forget_networks,
    train,
    train_once,
)


def test_architecture_is_that_of_the_campaign():
    layers = network._layers(5, 421, torch.Generator().manual_seed(0))
    linear = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
    shapes = [(layer.in_features, layer.out_features) for layer in linear]
    assert shapes == [(5, 50), (50, 100), (100, 200), (200, 500), (500, 421)]
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds == ["Linear", "ReLU"] * 4 + ["Linear"]


def test_starting_weights_are_spread_as_torchs_own():
    ours = network._layers(5, 421, torch.Generator().manual_seed(0))
    with torch.random.fork_rng(devices=[]):
        theirs = torch.nn.Linear(200, 500)
    for name, reference in theirs.state_dict().items():
        mine = ours[6].state_dict()[name]
        assert mine.shape == reference.shape
        assert float(mine.abs().max()) <= 200**-0.5
        assert float(mine.std()) == pytest.approx(float(reference.std()), rel=0.1)


@pytest.fixture(scope="module")
def lesson(lab):
    rng = np.random.default_rng(5)
    recipes, unseen = lab.space.sample(80, rng), lab.space.sample(500, rng)
    return lab.space.to_unit(recipes), lab.truth(recipes), unseen


def error(model, lab, unseen):
    predicted = model(lab.space.to_unit(unseen))
    return np.sqrt(np.mean((predicted - lab.truth(unseen)) ** 2))


def test_learns_spectra_of_unseen_recipes(lab, lesson):
    points, spectra, unseen = lesson
    everywhere = np.sqrt(np.mean((spectra - lab.truth(unseen).mean(axis=0)) ** 2))
    model = train(points, spectra, 0, Training())
    assert model(points).dtype == np.float64
    assert error(model, lab, unseen) < min(0.045, 0.25 * everywhere)
    true, predicted = lab.loss(lab.truth(unseen)), lab.loss(model(lab.space.to_unit(unseen)))
    assert np.abs(predicted - true).mean() < 0.04


def test_one_cycle_costs_little_accuracy(lab, lesson):
    """Against the campaign's 1000 epochs on all recipes."""
    points, spectra, unseen = lesson
    full = error(train(points, spectra, 0, CAMPAIGN_TRAINING), lab, unseen)
    assert error(train(points, spectra, 0, Training()), lab, unseen) < 1.1 * full


def test_one_cycle_rises_and_falls():
    how = Training(learning_rate=0.01)
    rates = [how.rate(progress) for progress in (0.0, 0.1, 0.2, 0.6, 1.0)]
    np.testing.assert_allclose(rates, [1e-5, 0.005, 0.01, 0.005, 0.0], atol=1e-12)


def test_device_is_a_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [find_device(name).type for name in ("auto", "cpu", "cuda")] == ["cuda", "cpu", "cuda"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [find_device(name).type for name in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(PlasmonbenchError, match="no GPU"):
        find_device("cuda")


def test_network_is_trained_and_asked_on_its_device(lesson, monkeypatch):
    """The meta device stands in for a GPU: it computes nothing, but refuses what lies elsewhere."""
    points, spectra, _ = lesson
    asked = []
    adam = torch.optim.Adam  # its fused form does not know the meta device

    def pretend(name):
        asked.append(name)
        return torch.device("meta")

    monkeypatch.setattr(network, "find_device", pretend)
    monkeypatch.setattr(torch.optim, "Adam", lambda weights, lr, fused: adam(weights, lr=lr))
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: torch.zeros(tensor.shape))
    model = train(points, spectra, 0, Training(epochs=2, device="cuda"))
    assert asked == ["cuda"]
    assert {weight.device.type for weight in model._layers.state_dict().values()} == {"meta"}
    assert model(points[:3]).shape == (3, spectra.shape[1])


def test_best_weights_are_kept(lab, lesson):
    """With a wild learning rate the last epoch is not the best on what was held out."""
    points, spectra, unseen = lesson
    wild = replace(CAMPAIGN_TRAINING, learning_rate=0.05, epochs=40, patience=40)
    kept = error(train(points, spectra, 0, replace(wild, held_out=0.15)), lab, unseen)
    assert kept < error(train(points, spectra, 0, wild), lab, unseen)


def test_seed_alone_gives_the_luck(lesson):
    points, spectra, _ = lesson
    short = Training(epochs=3)
    first = train(points, spectra, 0, short)(points)
    np.testing.assert_array_equal(train(points, spectra, 0, short)(points), first)
    assert not np.array_equal(train(points, spectra, 1, short)(points), first)


def test_train_once_trains_once_for_each_lesson_and_owner(lesson):
    points, spectra, _ = lesson
    short = Training(epochs=3)
    forget_networks()
    first = train_once(points, spectra, 0, short, "a")
    assert train_once(points.copy(), spectra.copy(), 0, short, "a") is first
    moved = points.copy()
    moved[3, 2] += 1e-9
    for other in (
        (moved, spectra, 0, short, "a"),
        (points, spectra * 1.001, 0, short, "a"),
        (points, spectra, 1, short, "a"),
        (points, spectra, 0, Training(epochs=2), "a"),
        (points, spectra, 0, short, "b"),
    ):
        assert train_once(*other) is not first
    fresh = train(points, spectra, 0, short)
    np.testing.assert_array_equal(first(points), fresh(points))
