"""What is told of a run."""

from __future__ import annotations

from typing import Any, ClassVar

from .plugin import Plugin


class Listener(Plugin):
    """Is told what a run does: its methods implement hooks of `core/run_hooks.py`, each marked with `@hookimpl`.

    An object lives for one run. One that raises is named in a warning and told nothing more.
    """

    kind = "listener"
    hooks: ClassVar[tuple[str, ...]] = ()
    """The hooks that it implements; filled in by the class itself."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Notes the hooks."""
        super().__init_subclass__(**kwargs)
        cls.hooks = tuple(sorted(name for name in dir(cls) if name.startswith("faceswap_")))
