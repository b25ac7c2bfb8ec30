import numpy as np
import pytest

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


def test_only_planning_is_timed(toy):
    class Slow(Base):
        def propose(self, history, n):
            total = 0.0
            for k in range(200_000):
                total += k
            return super().propose(history, n)

    quick, slow = run(toy, Base), run(toy, Slow)
    seconds = [sum(r.planner_cpu_seconds for r in c.rounds) for c in (quick, slow)]
    assert seconds[1] > 2 * seconds[0]


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
