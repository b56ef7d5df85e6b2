"""The pool of worker processes: results, errors, deaths, and that nothing outlives the parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from queue import SimpleQueue

import pytest

from faceswap.core.errors import Cancelled, PluginError
from faceswap.core.workers.limits import Limits
from faceswap.core.workers.pool import WorkerError, WorkerPool
from faceswap.core.workers.shares import Shares

FACTORY = """
import os, signal, sys, time
from faceswap.core.errors import PluginError

print("noise while importing")


class Worker:
    def __init__(self, settings):
        self.settings = settings
        self.seen = []
        if settings.get("fails"):
            raise PluginError("cannot start")

    def run(self, task, note):
        print("noise while working", flush=True)
        self.seen.append(task["number"])
        if "place" in task:
            note(task["place"])
        time.sleep(task.get("seconds", 0))
        if task.get("takes"):
            memory = bytearray(task["takes"])
            memory[::4096] = b"x" * len(memory[::4096])
            time.sleep(60)
        if task.get("raises"):
            raise {"user": PluginError, "program": KeyError}[task["raises"]]("the reason")
        if task.get("dies"):
            print("last words", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return lambda: {
            "square": task["number"] ** 2,
            "seen": list(self.seen),
            "pid": os.getpid(),
            "threads": os.environ["OMP_NUM_THREADS"],
            "from": self.settings["name"],
        }
"""


@pytest.fixture
def pool(tmp_path, monkeypatch):
    """Makes pools of the workers above."""
    (tmp_path / "worker_factory.py").write_text(FACTORY)
    monkeypatch.syspath_prepend(tmp_path)

    def make(count, limits=None, care=None, **settings):
        return WorkerPool("worker_factory", "Worker", {"name": "ü", **settings}, count, limits, care)

    return make


def never():
    pass


def numbers(count, **more):
    return [{"number": number, **more} for number in range(count)]


class Carer:
    """Takes what a task dies of out of it when it dies a second time."""

    def __init__(self):
        self.told = []

    def prepare(self, task):
        return {"seconds": 0.05, **task}

    def mend(self, task, place, reason):
        self.told.append((task["number"], place, reason))
        if not task.get("suspect"):
            return {**task, "suspect": True}
        return {"number": task["number"], "mended": True}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_worker_that_dies_is_replaced_and_its_task_mended(pool):
    care = Carer()
    tasks = [{"number": number, "place": 10 + number, "dies": number == 3} for number in range(8)]
    with pool(2, care=care) as two:
        results = list(two.run(tasks, never))
    assert sorted(result["square"] for result in results) == [number**2 for number in range(8)]
    assert [told[:2] for told in care.told] == [(3, 13)] * 2
    assert all("ended by signal 9" in told[2] and "last words" in told[2] for told in care.told)
    assert len({result["pid"] for result in results}) == 3  # The second of four did nothing but die.


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is watched on Linux")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"seconds": 60}, "there was no progress on it for 2 s"),  # Four times as long at the first places.
        ({"takes": 400 * 2**20}, "more than 0.2 GiB of memory were taken; try fewer workers"),
    ],
)
def test_a_worker_out_of_bounds_is_replaced(pool, fault, reason):
    care = Carer()
    limits = Limits(seconds=0.5 if "seconds" in fault else 30, memory=200 * 2**20)
    began = time.monotonic()
    with pool(1, care=care, limits=limits) as one:
        results = list(one.run([{"number": 1}, {"number": 2, "place": "there", **fault}, {"number": 3}], never))
    assert [result["square"] for result in results] == [1, 4, 9]
    assert care.told == [(2, "there", reason)] * 2
    assert time.monotonic() - began < 25


def test_work_that_notes_no_place_is_not_held_to_the_limits(pool):
    with pool(1, care=Carer(), limits=Limits(seconds=0.5)) as one:
        (result,) = one.run(numbers(1, seconds=1.5), never)
    assert result["square"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_dies_for_no_task_ends_the_run(pool):
    with pool(1, care=Carer()) as one, pytest.raises(Exception, match=r"ended by signal 9 .*fewer workers"):
        list(one.run(numbers(1, dies=True), never))


def test_results_of_two_workers(pool):
    with pool(2) as two:
        results = list(two.run(numbers(8, seconds=0.05), never))
    assert sorted(result["square"] for result in results) == [number**2 for number in range(8)]
    assert len({result["pid"] for result in results}) == 2
    assert {result["from"] for result in results} == {"ü"}
    assert {result["threads"] for result in results} == {"1"}


def test_workers_go_through_neighbors_and_take_over_from_the_end():
    shares = Shares(numbers(9), 2)
    taken = [shares.take(worker)["number"] for worker in (0, 1, 0, 1, 1, 1, 1, 1, 0)]
    assert taken == [0, 4, 1, 5, 6, 7, 8, 3, 2]
    assert shares.take(0) is None
    assert shares.take(1) is None


def test_a_slow_share_is_taken_over(pool):
    tasks = [{"number": number, "seconds": 0.5 if number == 0 else 0} for number in range(8)]
    with pool(2) as two:
        results = list(two.run(tasks, never))
    assert sorted(len(result["seen"]) for result in results)[-1] > 4


def test_a_users_error_is_raised_again(pool):
    with pool(1) as one, pytest.raises(PluginError, match=r"^the reason$"):
        list(one.run(numbers(2, raises="user"), never))


def test_a_programs_error_comes_with_its_traceback(pool):
    with pool(1) as one, pytest.raises(WorkerError, match=r"(?s)worker_factory\.py.*KeyError"):
        list(one.run(numbers(1, raises="program"), never))


def test_a_worker_that_cannot_start_is_told(pool):
    with pool(2, fails=True) as two, pytest.raises(PluginError, match="cannot start"):
        list(two.run(numbers(2), never))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_death_is_told_in_one_line(pool):
    with pool(1) as one, pytest.raises(Exception, match=r"ended by signal 9 .*last words.*fewer workers") as told:
        list(one.run(numbers(1, dies=True), never))
    assert "\n" not in str(told.value)


def test_stopping_keeps_what_is_finished_and_ends_the_workers(pool):
    kept = []

    def stop():
        if kept:
            raise Cancelled("stop")

    with pytest.raises(Cancelled), pool(1) as one:
        for result in one.run([*numbers(1), {"number": 1, "seconds": 60}], stop):
            kept.append(result)  # noqa: PERF402  (`stop` looks at it on the way)
    assert len(kept) == 1
    assert not running(kept[0]["pid"])


def test_stopping_keeps_what_was_finished_but_not_taken_yet(pool, monkeypatch):
    answers, kept = SimpleQueue(), []
    monkeypatch.setattr("faceswap.core.workers.pool.SimpleQueue", lambda: answers)

    def stop():
        if kept:
            patience = time.monotonic() + 60
            while answers.qsize() < 2 and time.monotonic() < patience:
                time.sleep(0.005)
            raise Cancelled("stop")

    with pytest.raises(Cancelled), pool(1) as one:
        for result in one.run([*numbers(3), {"number": 3, "seconds": 60}], stop):
            kept.append(result["square"])  # noqa: PERF401  (`stop` looks at it on the way)
    assert kept == [0, 1, 4]


PARENT = """
import sys
sys.path.insert(0, {folder!r})
from faceswap.core.workers.limits import Limits
from faceswap.core.workers.pool import WorkerPool
# No `__main__` guard: a user's script needs none.
with WorkerPool("worker_factory", "Worker", {{"name": ""}}, 2) as pool:
    tasks = [{{"number": 0}}, {{"number": 1}}] + [{{"number": 9, "seconds": 0.5}}] * 200
    for result in pool.run(tasks, lambda: None):
        print(result["pid"], flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_end_with_a_killed_parent(pool, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(PARENT.format(folder=str(tmp_path)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        pids = set()
        while len(pids) < 2:
            pids.add(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 20
    while any(running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(running(pid) for pid in pids)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_stay_when_the_parents_group_is_interrupted(pool):
    with pool(1) as one:
        results = one.run(numbers(2), never)
        pid = next(results)["pid"]
        assert os.getpgid(pid) != os.getpgid(0)
        assert next(results)["pid"] == pid


def running(pid):
    """Whether a process runs; one that has ended and waits to be asked for its exit code does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return not state.stdout.strip().startswith("Z") and bool(state.stdout.strip())
