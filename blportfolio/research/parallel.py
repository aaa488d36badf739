"""Runs independent jobs in several processes, with the numbers that one process would give."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from blportfolio.errors import ConfigError

Job = TypeVar("Job")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]


def map_jobs(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Return `function` of every job, in their order.

    Each job has one thread of the linear algebra library to itself, in one process or in many: how
    many there are changes no bit of a result. Warnings of the jobs are left out; what matters of
    them is in the notes of backtests.

    Args:
        function: Defined at the top of a module, as it is sent to other processes.
        jobs: What it is called with, one after the other.
        n_jobs: Processes; by default one for each processor.
        progress: Called with the number of jobs done and of all, in the order of the jobs.

    Raises:
        ConfigError: If `n_jobs` is not 1 or more.
    """
    if n_jobs is not None and not (isinstance(n_jobs, int) and n_jobs >= 1):
        raise ConfigError(f"`n_jobs` must be 1 process or more, got {n_jobs!r}.")
    workers = min(n_jobs or cpu_count(), max(len(jobs), 1))
    parallel = Parallel(n_jobs=workers, return_as="generator")
    results = []
    for result in parallel(delayed(_alone)(function, job) for job in jobs):
        results.append(result)
        if progress is not None:
            progress(len(results), len(jobs))
    return results


def _alone(function: Callable[[Job], Result], job: Job) -> Result:
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(job)
