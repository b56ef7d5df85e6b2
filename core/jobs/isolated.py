"""Runs a job in a process of its own, so that its frameworks, memory and Keras backend go with it."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Any

from .. import events
from ..errors import Cancelled, FaceswapError
from .context import JobContext, request_cancel
from .job import Job, Report, run_job

_POLL_SECONDS = 0.2


def run_isolated(job: Job, context: JobContext) -> Any:
    """Runs a job in a spawned process and hands its events on as the context's own.

    The job's listeners are told there, but for those that this run has switched off.

    Args:
        job: What to do.
        context: The context of the job that this one is a part of.

    Returns:
        The job's report.

    Raises:
        FaceswapError: What the job raised, or that its process died.
    """
    spawn = multiprocessing.get_context("spawn")
    receiving, sending = spawn.Pipe(duplex=False)
    job_class = (type(job).__module__, type(job).__qualname__)
    job = job.model_copy(update={"listeners": context.listeners.still_on(job.listeners)})
    process = spawn.Process(target=_child, args=(job_class, job.model_dump_json(), context.id, sending))
    with _without_main():
        process.start()
    sending.close()
    try:
        last = _follow(process, receiving, job, context)
    except KeyboardInterrupt:
        process.kill()
        raise
    finally:
        process.join()
        receiving.close()
    return _outcome(job, last, process.exitcode)


def call_isolated(function: Callable[[str], str], argument: str) -> str:
    """Calls a module's function in a spawned process, whose libraries go with it, and returns its answer.

    Raises:
        FaceswapError: The process died.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool, _without_main():
        try:
            return pool.submit(function, argument).result()
        except BrokenProcessPool:
            raise FaceswapError(f"The process of `{function.__name__}` died before it had an answer.") from None


@contextmanager
def _without_main() -> Iterator[None]:
    """Hides the user's script: a spawned process would run it again, and with it the call that is being made."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _child(job_class: tuple[str, str], settings: str, parent: str, sending: Connection) -> None:
    module, name = job_class
    job: Job = getattr(import_module(module), name).model_validate_json(settings)
    try:
        run_job(job, lambda event: sending.send(event.model_dump_json()), parent)
    except FaceswapError:
        pass  # The parent has it as the `failed` event.
    except KeyboardInterrupt:
        signal.raise_signal(signal.SIGKILL)


def _follow(process: SpawnProcess, receiving: Connection, job: Job, context: JobContext) -> Any:
    """Forwards events until the process closes its end; returns the last one that ends a job, if any came."""
    last, job_id = None, ""
    while True:
        if context.stopping() and job_id:
            request_cancel(job.home(), job_id)
        if not receiving.poll(_POLL_SECONDS):
            continue
        try:
            event = events.EVENT.validate_json(receiving.recv())
        except EOFError:
            return last
        if isinstance(event, events.Started):
            job_id = event.job
        elif isinstance(event, (events.Finished, events.Failed)):
            last = event
        else:
            context.forward(event)


def _outcome(job: Job, last: Any, exit_code: int | None) -> Report:
    if isinstance(last, events.Finished):
        return job.report_class.model_validate(last.report)
    if isinstance(last, events.Failed):
        raise (Cancelled if last.cancelled else FaceswapError)(last.message)
    raise FaceswapError(
        f"The process of `{job.command}` ended with exit code {exit_code} before it was done (a negative code is a "
        "signal; 9 often means that memory ran out). What was finished is kept; the same command continues."
    )
