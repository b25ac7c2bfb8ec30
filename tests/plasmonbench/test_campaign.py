import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from plasmonbench import Strategy
from plasmonbench.campaign import run_campaign
from plasmonbench.catalogue import find_problem


class Base(Strategy):
    def propose(self, history, n):
        return self.space.sample(n, self.rng(history))


def run(toy, cls, seed=0, **knobs):
    problem = find_problem(str(toy))
    return run_campaign(
        problem, "it", lambda space, p, s: cls(space=space, loss=p.loss, seed=s, **knobs), seed
    )


def test_a_campaign_spends_its_budget_and_judges_by_the_truth(toy):
    done = run(toy, Base)
    problem = find_problem(str(toy))
    assert done.failure is None
    assert done.history.round.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert np.array_equal(done.true_losses, problem.true_loss(done.history.recipes))
    best = done.history.median_loss[:4].argmin()
    assert np.array_equal(done.rounds[0].recommendation, done.history.recipes[best])
    assert done.rounds[0].true_loss == done.true_losses[best]
    assert done.history.spectra.shape == (12, 3, 421)


def test_same_seed_same_campaign_other_seed_another(toy):
    one, two, other = run(toy, Base), run(toy, Base), run(toy, Base, seed=1)
    assert np.array_equal(one.history.losses, two.history.losses)
    assert not np.array_equal(one.history.losses, other.history.losses)


def test_luck_is_keyed_by_round_and_slot_not_by_strategy(toy):
    class Corner(Base):
        def propose(self, history, n):
            return np.array([[5.0, 5.0], [6.0, 5.0], [7.0, 5.0], [8.0, 5.0]][:n])

    class CornerTurned(Base):
        def propose(self, history, n):
            return np.array([[1.0, 5.0], [6.0, 5.0], [2.0, 5.0], [3.0, 5.0]][:n])

    problem = find_problem(str(toy))
    first, second = run(toy, Corner).history, run(toy, CornerTurned).history
    truth = problem.lab.truth(first.recipes[1:2])
    # The same recipe in the same slot has the same luck, whatever stands beside it.
    assert np.array_equal(first.spectra[1], second.spectra[1])
    assert not np.array_equal(first.spectra[1], first.spectra[5])
    assert not np.allclose(first.spectra[1], truth, rtol=1e-6)


def test_a_round_may_be_smaller_but_the_budget_of_recipes_is_the_same(toy):
    class OneByOne(Base):
        def round_size(self, history, n):
            return 1 if len(history) else n

    done = run(toy, OneByOne)
    assert np.bincount(done.history.round).tolist() == [4] + [1] * 8


def test_a_strategy_may_stop(toy):
    class Content(Base):
        def stop_reason(self, history):
            return "good enough" if history.n_rounds == 2 else None

    done = run(toy, Content)
    assert (done.stop_reason, len(done.rounds), done.failure) == ("good enough", 2, None)


@pytest.mark.parametrize(
    ("proposal", "message"),
    [
        (lambda s, h, n: s.space.sample(n + 1, s.rng(h)), "(4, 2) were asked for, got (5, 2)"),
        (lambda s, h, n: s.space.sample(n, s.rng(h)) + 20, "must lie in 0 to 10 %"),
        (lambda s, h, n: np.full((n, 2), np.nan), "is not a number"),
        (lambda s, h, n: np.ones((n, 2)), "the same recipe stands in the round twice"),
        (lambda s, h, n: 1 / 0, "ZeroDivisionError"),
        (lambda s, h, n: None, "were asked for"),
        (lambda s, h, n: s.space.sample(n, s.rng(h)) + 1j, "must be real"),
    ],
)  # fmt: skip
def test_bad_proposals_end_the_campaign_as_failed_and_nothing_is_filled_in(toy, proposal, message):
    class Breaks(Base):
        def propose(self, history, n):
            return super().propose(history, n) if len(history) < 4 else proposal(self, history, n)

    done = run(toy, Breaks)
    assert message in done.failure.reason
    assert "round 2" in done.failure.reason
    assert "Traceback" in done.failure.details
    assert len(done.history) == 4
    assert len(done.rounds) == 1


def test_a_recommendation_must_be_feasible(toy):
    class Dreams(Base):
        def recommend(self, history):
            return np.array([99.0, 0.0])

    assert "not a feasible recipe" in run(toy, Dreams).failure.reason


def busy(seconds=0.05):
    """Spend CPU time, and so at least as much wall time, however loaded the machine is."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.parametrize("method", ["propose", "recommend", "round_size", "stop_reason"])
def test_all_that_a_strategy_decides_is_timed(toy, method):
    def slow(self, *arguments):
        busy()
        return getattr(Base, method)(self, *arguments)

    done = run(toy, type("Slow", (Base,), {method: slow}))
    rounds = done.rounds[1:] if method == "stop_reason" else done.rounds
    assert all(record.planner_wall_seconds > 0.045 for record in rounds)
    assert all(record.planner_cpu_seconds > 0.04 for record in rounds)


def test_building_a_strategy_is_timed(toy):
    class Slow(Base):
        def __post_init__(self):
            busy()

    assert all(record.planner_wall_seconds > 0.045 for record in run(toy, Slow).rounds)


def test_the_last_decision_to_stop_is_booked(toy):
    class Thinks(Base):
        def stop_reason(self, history):
            busy()
            return "enough"

    (record,) = run(toy, Thinks).rounds
    assert record.planner_wall_seconds > 0.045


def test_laboratory_and_explanations_cost_the_planner_nothing(toy):
    class Explains(Base):
        def explain(self, history):
            busy()
            return {"x": np.float32(1)}

    slow = "        import time\n        end = time.process_time() + 0.05\n"
    slow += "        while time.process_time() < end:\n            pass\n"
    lab = toy.parent / "toy_lab.py"
    head = "    def measure(self, recipes, replicates, rng):\n"
    assert head in lab.read_text()
    lab.write_text(lab.read_text().replace(head, head + slow))

    done = run(toy, Explains)
    assert done.rounds[1].explanation == {"x": 1.0}
    assert all(record.planner_cpu_seconds < 0.03 for record in done.rounds)


def test_one_thread_for_linear_algebra(toy):
    class Counts(Base):
        def explain(self, history):
            return {str(k): pool["num_threads"] for k, pool in enumerate(threadpool_info())}

    threads = run(toy, Counts).rounds[1].explanation
    assert threads
    assert set(threads.values()) == {1.0}


def test_a_strategy_cannot_rewrite_the_record(toy):
    class Cheats(Base):
        def propose(self, history, n):
            if len(history):
                history.losses.setflags(write=True)
                history.losses[:] = 0
            return super().propose(history, n)

    assert np.array_equal(run(toy, Cheats).history.losses, run(toy, Base).history.losses)


def test_a_strategy_cannot_move_its_own_bounds(toy):
    class Escapes(Base):
        def __post_init__(self):
            object.__setattr__(self, "space", self.space.with_bounds([0, 0], [20, 10]))

        def propose(self, history, n):
            return np.array([[11.0 + k, 5] for k in range(n)])

    assert "must lie in 0 to 10" in run(toy, Escapes).failure.reason


def test_a_strategy_does_not_hold_the_key_of_the_noise(toy):
    problem = find_problem(str(toy))

    class Foresees(Base):
        def explain(self, history):
            known = problem.measure(history.recipes[:4], self.seed, 0).losses
            return {"foreseen": float(np.array_equal(known, history.losses[:4]))}

    assert run(toy, Foresees).rounds[1].explanation == {"foreseen": 0.0}


def test_noise_and_first_design_go_with_the_seed(toy):
    class Designs(Base):
        def propose(self, history, n):
            return super().propose(history, n) if len(history) else self.initial_design(n)

    def of(seed):
        return run(toy, Designs, seed=seed).history

    assert not np.array_equal(of(0).recipes[:4], of(1).recipes[:4])
    problem = find_problem(str(toy))
    recipes = of(0).recipes[:4]
    noise = [problem.measure(recipes, seed, 0).losses for seed in (0, 1)]
    assert not np.array_equal(*noise)


@pytest.mark.parametrize(
    ("method", "value"), [("stop_reason", False), ("explain", {"x": "no number"})]
)
def test_answers_of_the_wrong_kind_are_failures(toy, method, value):
    cls = type("Odd", (Base,), {method: lambda self, history: value})
    assert run(toy, cls).failure is not None


def test_leaving_the_process_is_a_failure_too(toy):
    class Leaves(Base):
        def propose(self, history, n):
            raise SystemExit(0)

    assert "SystemExit" in run(toy, Leaves).failure.reason


def test_classes_that_would_not_work_are_refused_at_once():
    with pytest.raises(TypeError, match="must not define __init__"):
        type("Own", (Base,), {"__init__": lambda self: None})
    with pytest.raises(TypeError, match="cannot use loss as a knob"):
        type("Taken", (Base,), {"__annotations__": {"loss": str}, "loss": "mse"})


def test_bounds_grow_as_the_problem_says(toy):
    text = toy.read_text().replace(
        "bounds = [0, 10] },\n]", "bounds = [0, 10], initial = [0, 2] },\n]"
    )
    toy.write_text(text + "growth = { share = 0.5, margin = 0.05, step = 0.5 }\n")

    class AtTheTop(Base):
        def propose(self, history, n):
            recipes = super().propose(history, n)
            recipes[:, 1] = self.space.upper[1]
            return recipes

    done = run(toy, AtTheTop)
    assert [record.upper[1] for record in done.rounds] == [2, 3, 4.5]
