"""A command that runs to be killed: it is watched through its events, and struck at a moment of its work."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

from .processes import tree
from .startup import command_line

_AFTER_EVENT_SECONDS = 0.2
"""How long after an event a kill may come: about the time to the next one, and longer than what ends a run."""

_PATIENCE_SECONDS = 600.0


class Victim:
    """A running command of this program; leaving the `with` block kills what is left of it.

    Args:
        words: The command and its arguments.
        stage: How the name of the stage of its work proper begins.

    Attributes:
        startup: The seconds before that stage began; 0 until it has.
        failure: Once it has been waited for, the last line of what a command that failed said; else empty.
    """

    def __init__(self, words: Sequence[str], stage: str) -> None:
        self._stage = stage
        self._done = self._total = -1
        self._moved = threading.Condition()
        self._ended = False
        self._began = time.monotonic()
        self._errors = TemporaryFile()  # noqa: SIM115  (closed on exit)
        self._process = subprocess.Popen(
            command_line([*words, "--json-events"]), stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.startup = 0.0
        self.failure = ""

    def wait_for_moment(self, generator: random.Random, startup: float | None) -> None:
        """Waits for a random moment.

        Args:
            generator: Chooses it.
            startup: When given, the moment lies within so many seconds from now; else at any part of the work that
                is left, or just after it.
        """
        if startup is not None:
            self._wait_until(lambda: False, generator.uniform(0, startup))
            return
        share, delay = generator.random(), generator.uniform(0, _AFTER_EVENT_SECONDS)
        self._wait_until(lambda: self._total >= 0, _PATIENCE_SECONDS)
        goal = self._done + share * (self._total - self._done)
        self._wait_until(lambda: self._done >= goal, _PATIENCE_SECONDS)
        self._wait_until(lambda: False, delay)

    def kill(self, generator: random.Random) -> str:
        """Kills all processes of the command, or one of them.

        Returns:
            Who was hit; empty when the command had ended before.
        """
        if self._process.poll() is not None:
            return ""
        members = tree(self._process.pid)
        hit = members if generator.random() < 0.5 else [generator.choice(members)]
        for member in hit:
            _kill(member)
        return "all processes" if hit == members else "the command" if hit[0] == members[0] else "a worker"

    def wait(self) -> None:
        """Waits for the end.

        Raises:
            RuntimeError: The command hangs.
        """
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"`{self._process.args!r}` has not ended in {_PATIENCE_SECONDS:g} s.") from None
        self._reader.join()
        if self._process.returncode:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            self.failure = lines[-1] if lines else f"exit code {self._process.returncode}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            for member in tree(self._process.pid):
                _kill(member)
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._note(json.loads(line))
        with self._moved:
            self._ended = True
            self._moved.notify_all()

    def _note(self, event: dict[str, Any]) -> None:
        if event["type"] != "progress" or not event["stage"].startswith(self._stage):
            return
        with self._moved:
            if self._total < 0:
                self.startup = time.monotonic() - self._began
            self._done, self._total = event["done"], event["total"]
            self._moved.notify_all()

    def _wait_until(self, happened: Any, seconds: float) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._ended or happened(), seconds)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
