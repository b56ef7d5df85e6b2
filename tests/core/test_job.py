"""What all jobs share: events, cancelling, signals, run records."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from faceswap.core import events
from faceswap.core.errors import Cancelled, FaceswapError
from faceswap.core.jobs.context import JobContext, request_cancel
from faceswap.core.jobs.job import Job, Report, run_job


class CountReport(Report):
    counted: int


class CountJob(Job):
    """Counts."""

    command: ClassVar[str] = "count"
    folder: Path
    to: int = 3
    stop_at: int | None = None
    fail: bool = False

    def home(self) -> Path:
        return self.folder

    def plugin_versions(self) -> dict[str, str]:
        return {"detector x": "package-y 0.3"}

    def run(self, context: JobContext) -> CountReport:
        with context.stage("count", self.to, "numbers", done=1) as stage:
            for number in range(1, self.to):
                context.check()
                stage.advance(value=float(number))
                if number == self.stop_at:
                    self.interrupt(context)
        if self.fail:
            raise FaceswapError("it failed")
        return CountReport(counted=self.to)

    def interrupt(self, context: JobContext) -> None:
        context.stop()


class SignalJob(CountJob):
    def interrupt(self, context: JobContext) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


class RequestJob(CountJob):
    def interrupt(self, context: JobContext) -> None:
        request_cancel(self.folder, context.id)


def run_and_listen(job):
    heard = []
    try:
        return run_job(job, heard.append), heard
    except FaceswapError as error:
        return error, heard


def test_events_tell_the_whole_run(tmp_path):
    report, heard = run_and_listen(CountJob(folder=tmp_path))
    assert report.counted == 3
    assert heard[0].type == "started"
    assert heard[-1].type == "finished"
    assert heard[0].plugins == {"detector x": "package-y 0.3"}
    progress = [event for event in heard if event.type == "progress"]
    assert (progress[0].done, progress[-1].done, progress[-1].total) == (1, 3, 3)
    assert progress[-1].figures == {"value": 2.0}
    assert len({event.job for event in heard}) == 1


def test_events_survive_json(tmp_path):
    _, heard = run_and_listen(CountJob(folder=tmp_path))
    assert [events.EVENT.validate_json(event.model_dump_json()) for event in heard] == heard


def test_the_record_reproduces_the_job(tmp_path):
    job = CountJob(folder=tmp_path, to=5)
    run_job(job)
    (path,) = (tmp_path / "runs").glob("*.json")
    record = json.loads(path.read_text())
    assert CountJob.model_validate(record["settings"]) == job
    assert record["plugins"] == {"detector x": "package-y 0.3"}
    assert record["report"]["counted"] == 5


@pytest.mark.parametrize("job_class", [CountJob, SignalJob, RequestJob])
def test_a_request_stops_the_job_at_the_next_point(tmp_path, job_class):
    outcome, heard = run_and_listen(job_class(folder=tmp_path, to=1000, stop_at=10))
    assert isinstance(outcome, Cancelled)
    assert heard[-1].cancelled
    assert [event for event in heard if event.type == "progress"][-1].done == 11
    assert not list((tmp_path / "runs").glob("*.cancel"))


def test_signal_handlers_are_put_back(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run_job(CountJob(folder=tmp_path))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_failure_is_an_event_and_an_error(tmp_path):
    outcome, heard = run_and_listen(CountJob(folder=tmp_path, fail=True))
    assert str(outcome) == "it failed"
    assert heard[-1].message == "it failed"
    assert not heard[-1].cancelled


def test_the_rate_begins_with_what_was_slow_at_first(tmp_path, monkeypatch):
    """Two workers start for 60 s, then each does 8 in 2 s."""
    now, heard = [100.0], []
    monkeypatch.setattr("faceswap.core.jobs.context.time.monotonic", lambda: now[0])
    with JobContext(heard.append, tmp_path).stage("work", 100, "frames", done=20, workers=2) as stage:
        for passed in (60, 0.5, 1.5, 0.5, 1.5, 0.5):
            now[0] += passed
            stage.advance(8)
    done, rates = zip(*((event.done, event.rate) for event in heard), strict=True)
    assert done == (20, 28, 36, 44, 52, 60, 68, 68)
    assert rates[:3] == (None, None, None)
    assert (rates[4], rates[6]) == pytest.approx((16 / 2, 32 / 4))


def test_figures_that_are_all_of_one_are_told_once():
    class Told(Report):
        faces: dict[str, int]

    assert Told(faces={"faces": 46}).lines() == ["seconds: 0", "faces: 46"]
    assert Told(faces={"source": 46, "target": 7}).lines() == ["seconds: 0", "faces: source 46, target 7"]
