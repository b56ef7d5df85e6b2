"""Work that runs ahead of its consumer in threads, by a bounded number of items, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import closing, suppress
from dataclasses import dataclass
from queue import Full, Queue
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE = 0.1


@dataclass(frozen=True)
class _End:
    """Comes after the last item; carries what the thread raised, if it did."""

    error: BaseException | None = None


def ahead(items: Generator[Item, None, None], size: int) -> Generator[Item, None, None]:
    """Runs a generator in a thread of its own, at most `size` items ahead of the consumer.

    What it raises is raised here. When the consumer closes this generator, the thread ends and closes `items`.
    """
    queue: Queue[Any] = Queue(size)
    stopped = threading.Event()
    thread = threading.Thread(target=_fill, args=(queue, items, stopped), daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error:
            raise item.error
    finally:
        stopped.set()
        thread.join()


def map_ahead(
    executor: Executor, function: Callable[[Item], Result], items: Generator[Item, None, None], size: int
) -> Generator[Result, None, None]:
    """Maps a function over items in an executor, at most `size` items ahead of the consumer, in order.

    `items` runs in a thread of its own, so that a result never waits for the next item. When the consumer closes
    this generator, `items` is closed.
    """
    with closing(ahead(_submitted(executor, function, items), size)) as futures:
        for future in futures:
            yield future.result()


def _submitted(
    executor: Executor, function: Callable[[Item], Result], items: Generator[Item, None, None]
) -> Generator[Future[Result], None, None]:
    with closing(items):
        for item in items:
            yield executor.submit(function, item)


def _fill(queue: Queue[Any], items: Generator[Any, None, None], stopped: threading.Event) -> None:
    end = _End()
    try:
        with closing(items):
            for item in items:
                if not _put(queue, item, stopped):
                    return
    except BaseException as error:
        end = _End(error)
    finally:
        _put(queue, end, stopped)


def _put(queue: Queue[Any], item: Any, stopped: threading.Event) -> bool:
    """Waits for room in the queue; False if the consumer has gone."""
    while not stopped.is_set():
        with suppress(Full):
            queue.put(item, timeout=_PATIENCE)
            return True
    return False
