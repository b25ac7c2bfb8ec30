"""The runner and the store together: what a killed, repeated or parallel run leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from plasmonbench import PlasmonbenchError
from plasmonbench.campaign_file import METADATA_KEY, read_campaign
from plasmonbench.catalogue import portable_spec
from plasmonbench.manifest import run_settings
from plasmonbench.registry import find_strategy
from plasmonbench.runner import Job, check_jobs, local_executor, run_job, run_jobs
from plasmonbench.store import Store, unfinished

BREAKS_ON_ODD_SEEDS = """
def propose(self, history, n):
    from plasmonbench.randomness import planner_seed
    if self.seed == planner_seed(1) and len(history):
        raise ValueError("odd")
    return self.space.sample(n, self.rng(history))
"""


class Backwards(Executor):
    """Runs jobs at once, the last one first, as a hostile scheduler might."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, *arguments):
        future = Future()
        self.waiting.append((future, function, arguments))
        return future

    def drain(self):
        for future, function, arguments in reversed(self.waiting):
            future.set_result(function(*arguments))


def jobs_for(toy, strategies=("random", "lhs"), seeds=2):
    return [Job(str(toy), name, seed) for seed in range(seeds) for name in strategies]


def rows(store):
    """Everything a store holds, less the times."""
    kept = {}
    for path in sorted(store.folder.glob("campaigns/*.parquet")):
        table = pq.read_table(path)
        metadata = json.loads(table.schema.metadata[METADATA_KEY])
        for entry in metadata["rounds"]:
            del entry["planner_wall_seconds"], entry["planner_cpu_seconds"]
        kept[path.name] = (table.to_pydict(), metadata)
    return kept


def run_into(folder, jobs, executor):
    store = Store(folder)
    plans = check_jobs([jobs[0].problem], sorted({job.strategy for job in jobs}))
    store.open(run_settings([jobs[0].problem], plans, 2, None))
    run_jobs(jobs, executor, lambda job, campaign: store.write(campaign))
    return store


def test_results_do_not_depend_on_workers_executor_or_order(toy, tmp_path):
    jobs = jobs_for(toy)
    with local_executor(2) as two:
        parallel = rows(run_into(tmp_path / "two", jobs, two))
    with ThreadPoolExecutor(1) as one:
        serial = rows(run_into(tmp_path / "one", jobs, one))
    backwards = Backwards()
    store = Store(tmp_path / "backwards")
    store.open(run_settings([str(toy)], check_jobs([str(toy)], ["random", "lhs"]), 2, None))
    finished = []
    for job in jobs:
        backwards.submit(run_job, job)
    backwards.drain()
    for future, _, _ in backwards.waiting:
        finished.append(future.result())
        store.write(finished[-1])
    assert len(parallel) == 4
    assert parallel == serial == rows(store)


def test_a_campaign_is_read_back_as_it_was(toy, tmp_path):
    campaign = run_job(Job(str(toy), "random", 3, keep_spectra=True))
    store = Store(tmp_path / "run")
    store.open(run_settings([str(toy)], check_jobs([str(toy)], ["random"]), 4, None))
    store.write(campaign)
    path = store.path(campaign.problem, "random", 3)
    kept = read_campaign(path)
    assert kept.true_loss == tuple(record.true_loss for record in campaign.rounds)
    assert kept.recipes_by_round == (4, 8, 12)
    assert kept.recipe_true_losses == tuple(campaign.true_losses)
    table = pq.read_table(path)
    assert np.array_equal(np.array(table["losses"].to_pylist()), campaign.history.losses)
    assert np.array_equal(table["b"].to_numpy(), campaign.history.recipes[:, 1])
    spectra = np.array(table["spectra"].to_pylist()).reshape(12, 3, 421)
    assert np.allclose(spectra, campaign.history.spectra, atol=1e-6)


def test_the_files_of_a_run_are_read_as_one_table(toy, tmp_path):
    jobs = jobs_for(toy)
    with ThreadPoolExecutor(1) as executor:
        store = run_into(tmp_path / "run", jobs, executor)
    table = pd.read_parquet(store.folder / "campaigns")
    counts = table.groupby(["strategy", "seed"]).size().to_dict()
    assert counts == {("lhs", 0): 12, ("lhs", 1): 12, ("random", 0): 12, ("random", 1): 12}
    assert set(table["problem"]) == {str(toy)}


def test_spectra_are_left_out_unless_asked_for(toy):
    assert run_job(Job(str(toy), "random", 0)).history.spectra is None


def test_failures_are_kept_as_failures_and_retried_only_on_request(toy, tmp_path, write_strategy):
    path = write_strategy("odd", BREAKS_ON_ODD_SEEDS)
    plan = find_strategy(str(path))
    jobs = jobs_for(toy, (plan.spec,))
    with ThreadPoolExecutor(1) as executor:
        store = run_into(tmp_path / "run", jobs, executor)
    failures = {c.seed: c.failure for c in store.campaigns()}
    assert failures == {0: None, 1: "round 2: ValueError: odd (odd.py, line 10)"}
    labels = {plan.spec: plan.label}
    assert unfinished(store, jobs, labels, retry_failed=False) == []
    assert [job.seed for job in unfinished(store, jobs, labels, retry_failed=True)] == [1]


def test_a_half_written_campaign_is_not_taken_for_a_finished_one(toy, tmp_path):
    jobs = jobs_for(toy)
    with ThreadPoolExecutor(1) as executor:
        store = run_into(tmp_path / "run", jobs, executor)
    finished = store.path(str(toy), "random", 0)
    finished.rename(finished.with_suffix(".partial"))
    left = unfinished(store, jobs, {"random": "random", "lhs": "lhs"}, retry_failed=False)
    assert left == [Job(str(toy), "random", 0)]


def test_a_run_of_other_code_is_not_mixed_in(toy, tmp_path, monkeypatch):
    settings = run_settings([str(toy)], check_jobs([str(toy)], ["random"]), 1, None)
    Store(tmp_path / "run").open(settings)
    Store(tmp_path / "run").open(settings)  # the same code goes on
    with pytest.raises(PlasmonbenchError, match="other code"):
        Store(tmp_path / "run").open({**settings, "code": "another"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    with pytest.raises(PlasmonbenchError, match="holds no run"):
        Store(tmp_path / "mine").open(settings)


def test_a_changed_strategy_file_is_noticed(toy, tmp_path, write_strategy):
    path = write_strategy("mine", BREAKS_ON_ODD_SEEDS)
    store = Store(tmp_path / "run")
    store.open(run_settings([str(toy)], [find_strategy(str(path))], 1, None))
    path.write_text(path.read_text() + "\n# changed\n")
    with pytest.raises(PlasmonbenchError, match="has changed"):
        store.open(run_settings([str(toy)], [find_strategy(str(path))], 1, None))


def test_a_broken_file_says_so(toy, tmp_path):
    folder = tmp_path / "run" / "campaigns"
    folder.mkdir(parents=True)
    (folder / "x.parquet").write_bytes(b"not parquet")
    with pytest.raises(PlasmonbenchError, match=r"x\.parquet cannot be read"):
        list(Store(tmp_path / "run").campaigns())


def test_jobs_that_cannot_fit_are_refused_before_anything_runs(toy, tmp_path, write_strategy):
    path = write_strategy("random", BREAKS_ON_ODD_SEEDS)
    with pytest.raises(PlasmonbenchError, match="two strategies are called 'random'"):
        check_jobs([str(toy)], ["random", str(path)])
    losses = tmp_path / "losses.csv"
    losses.write_text(
        "recipe,droplet,q_agno3_pct,q_pva_pct,q_tsc_pct,q_seed_pct,q_total_ul_min,loss\n"
        "0,1,10,20,5,5,500,0.4\n1,1,12,20,5,5,500,0.5\n"
    )
    with pytest.raises(PlasmonbenchError, match="learns from spectra"):
        check_jobs([f"recorded:{losses}"], ["dnn-grid"])


SLEEPY = """
def propose(self, history, n):
    import time
    time.sleep(0.1)
    return self.space.sample(n, self.rng(history))
"""


@pytest.mark.parametrize(
    ("how", "send"),
    [
        (signal.SIGINT, os.killpg),  # Ctrl-C reaches the workers too
        (signal.SIGTERM, os.kill),  # a scheduler's: to the coordinator alone
        (signal.SIGKILL, os.killpg),
    ],
)
def test_a_killed_run_goes_on_where_it_stopped(toy, tmp_path, write_strategy, how, send):
    sleepy = write_strategy("sleepy", SLEEPY)
    folder = tmp_path / "run"
    command = [
        sys.executable, "-m", "plasmonbench.cli", "run", "-p", str(toy), "-s", str(sleepy),
        "--seeds", "12", "--out", str(folder), "--json",
    ]  # fmt: skip
    # Tests that were started in the background ignore Ctrl-C, and so would all that they start.
    before_us = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, before_us)
    deadline = time.monotonic() + 60
    while len(list(folder.glob("campaigns/*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    send(process.pid, how)
    # Ends only when no worker holds the other end any more.
    message = process.communicate(timeout=60)[1].decode()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("campaigns/*.parquet")}
    if how != signal.SIGKILL:
        assert process.returncode == 130, f"{len(before)} finished; it said: {message}"
    assert 2 <= len(before) < 12
    if how != signal.SIGKILL:
        assert "run the same command again" in message
        assert "Traceback" not in message
    again = subprocess.run(command, capture_output=True, check=True, timeout=120)
    assert json.loads(again.stdout)["rows"][0]["campaigns"] == 12
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    with ThreadPoolExecutor(1) as executor:
        jobs = [Job(portable_spec(str(toy)), str(sleepy), seed) for seed in range(12)]
        whole = rows(run_into(tmp_path / "whole", jobs, executor))
    assert rows(Store(folder)) == whole
