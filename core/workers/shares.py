"""Who works on which task: one run of neighbors for each worker, and what becomes of the tasks of one that dies."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Task = Mapping[str, Any]


class Care(Protocol):
    """Looks after tasks; called by several threads."""

    def prepare(self, task: Task) -> Task:
        """The task as it is to be done now; called before it goes to a worker."""
        ...

    def mend(self, task: Task, place: Any, reason: str) -> Task:
        """The task as it is to be tried again after a worker died in it.

        Args:
            task: As it was sent.
            place: Where in it the worker was, as it noted.
            reason: What became of the worker, in words that follow a "since".
        """
        ...


class Shares:
    """The tasks that are left, as one run of neighbors for each worker."""

    def __init__(self, tasks: Sequence[Task], count: int) -> None:
        cuts = [len(tasks) * index // count for index in range(count + 1)]
        self._shares = [deque(tasks[cuts[index] : cuts[index + 1]]) for index in range(count)]
        self._lock = threading.Lock()

    def take(self, worker: int) -> Task | None:
        """The next task for a worker; None when none is left."""
        with self._lock:
            if self._shares[worker]:
                return self._shares[worker].popleft()
            longest = max(self._shares, key=len)
            return longest.pop() if longest else None

    def put_back(self, worker: int, task: Task) -> None:
        """Makes a task the next one of a worker."""
        with self._lock:
            self._shares[worker].appendleft(task)
