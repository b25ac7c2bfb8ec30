"""Runs a grid of campaigns over any executor; the coordinator alone writes."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from plasmonbench.campaign import Campaign, run_campaign, without_spectra
from plasmonbench.catalogue import find_problem
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.problem import Problem
from plasmonbench.registry import StrategyPlan, find_strategy
from plasmonbench.space import RecipeSpace
from plasmonbench.strategy import Strategy


@dataclass(frozen=True, order=True)
class Job:
    """One campaign to run, in words that another process or machine understands."""

    problem: str
    strategy: str
    seed: int
    keep_spectra: bool = False


def run_job(job: Job) -> Campaign:
    """Run one job; what a worker calls."""
    problem = find_problem(job.problem)
    plan = find_strategy(job.strategy)

    def build(space: RecipeSpace, problem: Problem, seed: int) -> Strategy:
        return plan.build(space, problem.loss, seed)

    # A strategy that prints must not write into the scores that --json puts on standard output.
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        # A warning in a worker reaches nobody; numerical trouble shows in the results.
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        campaign = run_campaign(problem, plan.label, build, job.seed)
    return campaign if job.keep_spectra else without_spectra(campaign)


def check_jobs(problems: Sequence[str], strategies: Sequence[str]) -> list[StrategyPlan]:
    """Find every problem and strategy before anything runs, and see that they fit.

    Raises
    ------
    PlasmonbenchError
        If one is unknown or wrong, two strategies have the same label, or a strategy that learns
        from spectra meets a lab that records losses alone.
    """
    plans = [find_strategy(text) for text in strategies]
    labels = [plan.label for plan in plans]
    for label in labels:
        if labels.count(label) > 1:
            raise PlasmonbenchError(
                f"two strategies are called '{label}'; rename a file, or name each only once"
            )
    for text in problems:
        problem = find_problem(text)
        for plan in plans:
            _try_out(plan, problem)
            if plan.cls.needs_spectra and not problem.has_spectra:
                raise PlasmonbenchError(
                    f"{plan.label} learns from spectra, and {problem.name} records losses alone"
                )
    return plans


def _try_out(plan: StrategyPlan, problem: Problem) -> None:
    """Build a strategy once, so that a knob out of its range is told before anything runs."""
    try:
        plan.build(problem.space, problem.loss, 0)
    except (Exception, SystemExit) as error:
        reason = str(error).partition("\n")[0]
        raise PlasmonbenchError(f"strategy {plan.label}: {reason}") from error


def run_jobs(
    jobs: Iterable[Job],
    executor: Executor,
    on_finished: Callable[[Job, Campaign], None],
) -> None:
    """Run jobs on an executor and hand each campaign over as it ends, in any order.

    Results do not depend on the executor, the number of workers or the order.

    Raises
    ------
    PlasmonbenchError
        If a worker process died; what was handed over stays.
    """
    futures: dict[Future[Campaign], Job] = {executor.submit(run_job, job): job for job in jobs}
    try:
        for future in as_completed(futures):
            on_finished(futures[future], future.result())
    except KeyboardInterrupt:
        # Nothing is cancelled here: the workers are ended, which fails what is left at once.
        raise
    except BrokenProcessPool as error:
        raise PlasmonbenchError(
            "a worker process died (killed, or out of memory?); finished campaigns are kept: "
            "run the same command again to go on, with fewer workers if memory is short"
        ) from error
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def local_executor(workers: int) -> ProcessPoolExecutor:
    """Return an executor of local processes, each started afresh."""
    # Forking a process that has run torch or numba can hang the child.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts)


def _leave_interrupts() -> None:
    """Let the coordinator alone answer Ctrl-C; it ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def end_workers() -> None:
    """End the local workers at once; what they were running is lost, and is run again."""
    for worker in multiprocessing.active_children():
        worker.terminate()
