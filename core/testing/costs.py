"""What a plugin costs: its import, its load, its memory, its seconds per item. Figures, which neither pass nor fail."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..host import Prepared, use_backend
from ..options import make_plugin
from ..registry import Selected, find, select
from .child_log import Notice, how_it_ended, read, run_logged, write

if TYPE_CHECKING:
    from .exercise import Call, Exercise

BATCHES = (1, 16)
"""The numbers of items whose seconds are measured."""

HEAVY = (
    "av",
    "cv2",
    "dlib",
    "jax",
    "keras",
    "matplotlib",
    "mtcnn",
    "onnxruntime",
    "pandas",
    "scipy",
    "skimage",
    "sklearn",
    "tensorflow",
    "torch",
    "torchvision",
    "transformers",
)
"""Packages that are worth a word wherever they are imported."""

_SLOWEST = 4
_LEAST_SECONDS = 0.005
_ENOUGH_SECONDS = 0.5
_MOST_ROUNDS = 20
_MARK = "faceswap: the plugin's import"
_IMPORT_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)

_CHILD = """
from faceswap.core.testing.costs import run_child

run_child(*sys.argv[1:])
"""


@dataclass(frozen=True)
class Costs:
    """What a plugin costs; None where it could not be measured.

    Attributes:
        import_seconds: Importing the plugin's module, after what the host imports for every plugin.
        imported: The heavy packages that its import brought in.
        slowest_imports: The packages that took longest in it, with the seconds of their own modules.
        load_seconds: Making the plugin and load(), with the frameworks that it imports then.
        loaded: The heavy packages that load() brought in.
        load_bytes: By how much load() raised the resident memory, at its peak.
        call_bytes: By how much the calls raised it, at their peak.
        item_seconds: Seconds per item, by the number of items in a batch: the best of a few rounds.
        error: Why figures are missing; empty where none is.
    """

    import_seconds: float | None = None
    imported: list[str] = field(default_factory=list)
    slowest_imports: dict[str, float] = field(default_factory=dict)
    load_seconds: float | None = None
    loaded: list[str] = field(default_factory=list)
    load_bytes: int | None = None
    call_bytes: int | None = None
    item_seconds: dict[int, float] = field(default_factory=dict)
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON holds them."""
        return asdict(self)


def measure_costs(
    kind: str,
    name: str,
    *,
    options: Mapping[str, str] | None = None,
    backend: str | None = None,
    notice: Notice = lambda words: None,
) -> Costs:
    """Measures an installed plugin in a process of its own.

    Args:
        kind: The plugin kind.
        name: The plugin's name, or `name@package`.
        options: Values of its options by name; the others have their defaults.
        backend: The Keras backend to run on; the environment's where None.
        notice: Told what is being measured.
    """
    given = json.dumps(dict(options or {}))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "costs.jsonl")
        log.touch()
        flags = ("-X", "importtime")
        ended = run_logged(_CHILD, kind, name, given, log=log, notice=notice, backend=backend, flags=flags)
        lines = read(log)
    figures: dict[str, Any] = {}
    for line in lines:
        figures |= line.get("figures", {})
    if not (lines and "end" in lines[-1]):
        figures["error"] = f"its process {how_it_ended(ended)}"
    figures["item_seconds"] = {int(count): value for count, value in figures.get("item_seconds", {}).items()}
    return Costs(slowest_imports=slowest_imports(ended.stderr), **figures)


def slowest_imports(said: str) -> dict[str, float]:
    """Reads which packages took longest out of what `python -X importtime` wrote between the two marks."""
    totals: Counter[str] = Counter()
    parts = said.split(_MARK)
    for microseconds, module in _IMPORT_LINE.findall(parts[1] if len(parts) > 1 else ""):
        totals[module.partition(".")[0]] += int(microseconds)
    slowest = [(package, total / 1e6) for package, total in totals.most_common(_SLOWEST)]
    return {package: seconds for package, seconds in slowest if seconds >= _LEAST_SECONDS}


def run_child(kind: str, name: str, options: str, log_path: str) -> None:
    """Measures in this process, and writes each figure as soon as it is known."""
    log = Path(log_path)
    try:
        _measure(kind, name, json.loads(options), log)
    except (Exception, SystemExit) as error:
        write(log, figures={"error": f"{type(error).__name__}: {' '.join(str(error).split())}"})
    write(log, end=True)


def _measure(kind: str, name: str, options: Mapping[str, str], log: Path) -> None:
    write(log, begin="the import")
    seconds, imported = _import(find(kind, name).module)
    write(log, figures={"import_seconds": seconds, "imported": imported})
    # Only now: what the suite itself imports must not be counted.
    from .memory import growth
    from .suite import make_subject

    write(log, begin="load()")
    selected, exercise = select(kind, name), make_subject((kind, name)).exercise
    loaded: list[Any] = []
    before, began = set(sys.modules), time.perf_counter()
    load_bytes = growth(lambda: loaded.append(_load(selected, options)))
    figures = {"load_seconds": time.perf_counter() - began, "load_bytes": load_bytes, "loaded": _heavy(before)}
    write(log, figures=figures)

    plugin, item_seconds = loaded[0], {}
    batches = {count: exercise.scaled(plugin, count) for count in BATCHES}

    def work() -> None:
        for count, calls in batches.items():
            write(log, begin=f"a batch of {count}")
            item_seconds[count] = _best(partial(_run_all, exercise, plugin, calls)) / count
            write(log, figures={"item_seconds": item_seconds})

    write(log, figures={"call_bytes": growth(work)})


def _import(module: str) -> tuple[float, list[str]]:
    """Imports a plugin's module where everything is imported that the host has at hand for every plugin."""
    for part in ("..kinds", "..hookspecs"):
        import_module(part, __package__)
    before = set(sys.modules)
    _mark()
    began = time.perf_counter()
    import_module(module)
    seconds = time.perf_counter() - began
    _mark()
    return seconds, _heavy(before)


def _mark() -> None:
    print(_MARK, file=sys.stderr, flush=True)


def _heavy(before: set[str]) -> list[str]:
    return [name for name in HEAVY if name in sys.modules and name not in before]


def _load(selected: Selected, options: Mapping[str, str]) -> Any:
    """Makes the plugin, models in full width, and loads it on its backend."""
    plugin = make_plugin(selected, options)
    use_backend([Prepared(selected.found, plugin)])
    plugin.load()
    return plugin


def _run_all(exercise: Exercise, plugin: Any, calls: list[Call]) -> None:
    for call in calls:
        exercise.run(plugin, call)


def _best(work: Callable[[], object]) -> float:
    """The seconds of the best of a few rounds; the first, which may compile, does not count."""
    work()
    rounds: list[float] = []
    while sum(rounds) < _ENOUGH_SECONDS and len(rounds) < _MOST_ROUNDS:
        began = time.perf_counter()
        work()
        rounds.append(time.perf_counter() - began)
    return min(rounds)
