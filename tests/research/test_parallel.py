import numpy as np
import pytest

from blportfolio.errors import ConfigError, DataError
from blportfolio.research.parallel import map_jobs


def product(seed):
    a = np.random.default_rng(seed).normal(size=(300, 300))
    return (a @ a.T).tobytes()


def refuse_seven(job):
    if job == 7:
        raise DataError(f"no {job}")


def test_the_number_of_processes_changes_no_bit_and_no_order():
    seen = []
    alone = map_jobs(product, range(4), n_jobs=1)
    assert map_jobs(product, range(4), n_jobs=2, progress=lambda *p: seen.append(p)) == alone
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(set(alone)) == 4


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_of_a_job_arrives_as_it_is(n_jobs):
    with pytest.raises(DataError, match="no 7"):
        map_jobs(refuse_seven, [6, 7], n_jobs=n_jobs)


def test_no_processes_are_refused():
    with pytest.raises(ConfigError, match="n_jobs"):
        map_jobs(product, [1], n_jobs=0)
