import os
import threading
import time

import pytest

from blportfolio.app.jobs import job as jobs_module
from blportfolio.app.jobs.job import Jobs
from blportfolio.errors import ConfigError

PATIENCE_S = 60
WORKS = ("add", "refuse", "break_", "die", "stammer", "sleep")


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Jobs of one visitor whose work lives in this test's own module, and ends with the test."""
    (tmp_path / "own_work.py").write_text(
        "import json, os, subprocess, sys, time, warnings\n"
        "from blportfolio.errors import DataError\n"
        "def add(settings, folder, progress):\n"
        "    print('a library that prints')\n"
        "    progress('Adding', 1, 2)\n"
        "    progress('Adding', 2, 2)\n"
        "    warnings.warn('mind the gap')\n"
        "    (folder / 'sum.txt').write_text(str(sum(settings['numbers'])))\n"
        "    return {'sum': sum(settings['numbers'])}\n"
        "def refuse(settings, folder, progress):\n"
        "    raise DataError('`numbers` must hold numbers. Give some.')\n"
        "def break_(settings, folder, progress):\n"
        "    return {'ratio': 1 / 0}\n"
        "def die(settings, folder, progress):\n"
        "    os._exit(9)\n"
        "def stammer(settings, folder, progress):\n"
        "    for place in range(3, 20):\n"
        "        try:\n"
        "            if os.readlink(f'/proc/self/fd/{place}').startswith('pipe:'):\n"
        '                os.write(place, b\'{"progress": ["Ad\')\n'
        "        except OSError:\n"
        "            pass\n"
        "    os._exit(9)\n"
        "def sleep(settings, folder, progress):\n"
        "    code = 'import time; time.sleep(600)'\n"
        "    child = subprocess.Popen([sys.executable, '-c', code], stderr=subprocess.DEVNULL)\n"
        "    (folder / 'half').write_text('written')\n"
        "    progress(str(child.pid), 0, 1)\n"
        "    time.sleep(600)\n"
        "    return {'done': True}\n"
    )
    kinds = {name: f"own_work:{name}" for name in WORKS}
    (tmp_path / "own_worker.py").write_text(
        "import sys\n"
        "from blportfolio.app.jobs.work import WORK\n"
        "from blportfolio.app.jobs.worker import main\n"
        f"WORK.update({kinds})\n"
        "sys.exit(main())\n"
    )
    monkeypatch.setattr(jobs_module, "WORK", kinds)
    monkeypatch.setattr(jobs_module, "WORKER", "own_worker")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    own = Jobs(tmp_path / "jobs")
    yield own
    own.close()


def finished(jobs, kind, **settings):
    job = jobs.start(kind, settings, label="The test")
    assert job.wait(PATIENCE_S)
    return job


def test_work_reports_progress_and_returns_its_result_and_warnings(jobs):
    job = finished(jobs, "add", numbers=[1, 2, 3])
    assert (job.state, job.result, job.warnings) == ("done", {"sum": 6}, ("mind the gap",))
    assert (job.step, job.done, job.total) == ("Adding", 2, 2)
    assert (job.folder / "sum.txt").read_text() == "6"


def test_an_expected_failure_is_told_in_the_words_of_the_library_and_leaves_nothing(jobs):
    job = finished(jobs, "refuse")
    assert (job.state, job.error) == ("failed", "`numbers` must hold numbers. Give some.")
    assert not job.folder.exists()


@pytest.mark.parametrize("kind", ["break_", "die", "stammer"])
def test_a_bug_or_a_lost_process_is_told_without_a_traceback(jobs, kind):
    job = finished(jobs, kind)
    assert job.state == "failed"
    assert "unexpected" in job.error
    assert "Traceback" not in job.error


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
        return stream.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="asks the system's list of processes")
def test_cancelling_ends_the_work_with_all_that_it_started_and_leaves_nothing(jobs):
    job = jobs.start("sleep", {}, label="The test")
    until = time.monotonic() + PATIENCE_S
    while job.step == "Starting":
        assert time.monotonic() < until
        time.sleep(0.02)
    child = int(job.step)
    assert is_alive(child)
    job.cancel()
    assert job.state == "cancelled"
    assert job.finished.is_set()
    assert not job.folder.exists()
    while is_alive(child):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert jobs.running is None


def test_a_job_cancelled_before_it_has_begun_says_nothing(jobs, capfd):
    for delay_s in (0, 0.03, 0.08):
        job = jobs.start("sleep", {}, label="The test")
        time.sleep(delay_s)
        job.cancel()
        assert (job.state, job.finished.is_set(), job.folder.exists()) == ("cancelled", True, False)
    assert capfd.readouterr().err == ""


def test_a_job_that_was_through_when_it_was_cancelled_is_done(jobs, monkeypatch):
    monkeypatch.setattr(jobs_module, "_signal", lambda *_: None)  # comes too late
    job = jobs.start("add", {"numbers": [1, 2]}, label="The test")
    job.cancel()
    assert job.wait(PATIENCE_S)
    assert (job.state, job.result) == ("done", {"sum": 3})


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="asks the system's list of processes")
def test_work_ends_with_a_server_that_was_killed(jobs):
    job = jobs.start("sleep", {}, label="The test")
    until = time.monotonic() + PATIENCE_S
    while job.step == "Starting":
        assert time.monotonic() < until
        time.sleep(0.02)
    child = int(job.step)
    job.process.stdin.close()  # as the system does for a process that is gone
    while is_alive(child) or is_alive(job.process.pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_one_job_at_a_time_and_the_next_may_start_when_it_has_ended(jobs):
    first = jobs.start("sleep", {}, label="The first")
    with pytest.raises(ConfigError, match=r"The first is still running\. Wait .* or cancel"):
        jobs.start("add", {"numbers": [1]}, label="The second")
    first.cancel()
    assert finished(jobs, "add", numbers=[1]).state == "done"


def test_a_busy_server_says_so_and_every_slot_comes_back(jobs, monkeypatch):
    monkeypatch.setattr(jobs_module, "SLOTS", threading.BoundedSemaphore(1))
    other = Jobs(jobs._folder)
    running = other.start("sleep", {}, label="Another's")
    with pytest.raises(ConfigError, match="busy"):
        jobs.start("add", {"numbers": [1]}, label="The test")
    running.cancel()
    assert finished(jobs, "add", numbers=[2]).result == {"sum": 2}
    assert finished(jobs, "refuse").state == "failed"
    assert finished(jobs, "add", numbers=[3]).result == {"sum": 3}


def test_unknown_work_is_refused(jobs):
    with pytest.raises(ConfigError, match="no work 'dig'; one of: add"):
        jobs.start("dig", {}, label="The test")


def test_a_job_that_has_ended_can_be_forgotten_and_a_running_one_cannot(jobs):
    job = finished(jobs, "add", numbers=[1])
    jobs.forget(job.key)
    assert jobs.get(job.key) is None
    assert not job.folder.exists()
    running = jobs.start("sleep", {}, label="The test")
    jobs.forget(running.key)
    assert jobs.get(running.key) is running
