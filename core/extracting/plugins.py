"""The plugins of an extraction: chosen by name, prepared together, checked for fitting each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from ...lib.face_records import Stage
from ..errors import FaceswapError, PluginError
from ..host import PluginChoice, Prepared, prepare
from ..registry import discover, select
from .settings import Alignment, Part, Search, hash_with


class PluginChoices(BaseModel):
    """The plugins that an extraction uses, by name with their options, and what the host does around them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: PluginChoice
    aligner: PluginChoice
    maskers: tuple[PluginChoice, ...] = ()
    recognizer: PluginChoice | None = None
    search: Search = Search()
    alignment: Alignment = Alignment()

    def prepare(self) -> ExtractPlugins:
        """Selects the plugins and checks their options.

        Raises:
            PluginError: One is unknown or broken.
            OptionError: An option is unknown or not allowed.
        """
        return ExtractPlugins(
            detector=prepare("detector", self.detector),
            aligner=prepare("aligner", self.aligner),
            maskers=_named(prepare("masker", choice) for choice in self.maskers),
            recognizer=prepare("recognizer", self.recognizer) if self.recognizer else None,
            search=self.search,
            alignment=self.alignment,
        )


def _named(maskers: Iterable[Prepared]) -> dict[str, Prepared]:
    """Gives each masker the name of its masks; a plugin that is used again counts: `hull`, `hull-2`."""
    named: dict[str, Prepared] = {}
    for masker in maskers:
        count = sum(other.found.name == masker.found.name for other in named.values())
        named[f"{masker.found.name}-{count + 1}" if count else masker.found.name] = masker
    return named


@dataclass(frozen=True)
class ExtractPlugins:
    """Prepared plugins, not yet loaded; maskers by the name of their masks; what the host does around them."""

    detector: Prepared
    aligner: Prepared
    maskers: dict[str, Prepared]
    recognizer: Prepared | None
    search: Search
    alignment: Alignment

    @property
    def all(self) -> tuple[Prepared, ...]:
        """All of them, in the order in which a frame meets them."""
        last = (self.recognizer,) if self.recognizer else ()
        return (self.detector, self.aligner, *self.maskers.values(), *last)

    def stages(self) -> tuple[Stage, ...]:
        """What a faceset notes of them; the host's settings are noted with the plugin that they go with."""
        parts: dict[str, Part] = {"detector": self.search, "aligner": self.alignment}
        stages = []
        for used in self.all:
            part = parts.get(used.found.kind)
            digest = hash_with(part, used.options_hash) if part else used.options_hash
            stages.append(Stage(used.found.kind, used.found.name, used.found.version, digest))
        return tuple(stages)

    def require_fit(self) -> None:
        """Raises PluginError when one cannot work with another's landmarks, and names those that can."""
        self._require_detector()
        scheme = self.aligner.plugin.scheme
        for used in self.all[2:]:
            accepted = used.plugin.schemes
            if accepted is not None and scheme not in accepted:
                wanted = " or ".join(sorted(accepted))
                raise PluginError(
                    f"{used.label} needs {wanted} landmarks, {self.aligner.label} gives {scheme}. "
                    f"{_alternatives(used.found.kind, scheme)}, or {_named_by('aligner', accepted)}."
                )

    def require_weights(self) -> None:
        """Raises WeightsError when a file is missing that one of them will read, or is another one."""
        for used in self.all:
            used.require_weights()

    def _require_detector(self) -> None:
        needed, given = self.aligner.plugin.detector_schemes, self.detector.plugin.scheme
        if needed is None or given in needed:
            return
        other = [name for name, plugin in _loadable("aligner").items() if given in (plugin.detector_schemes or {given})]
        remedy = f"Use {_named_by('detector', needed)}, or --aligner {' or '.join(other)}."
        raise PluginError(
            f"{self.aligner.label} needs a detector that gives {' or '.join(sorted(needed))} landmarks, "
            f"{self.detector.label} gives {given or 'none'}. {remedy}"
        )


def _alternatives(kind: str, scheme: str) -> str:
    fitting = [name for name, plugin in _loadable(kind).items() if plugin.schemes is None or scheme in plugin.schemes]
    return f"Use --{kind} {' or '.join(fitting)}" if fitting else f"Use another {kind}"


def _named_by(kind: str, schemes: Iterable[str]) -> str:
    """The detectors or aligners that give landmarks of some schemes, as a flag."""
    fitting = [name for name, plugin in _loadable(kind).items() if plugin.scheme in schemes]
    return f"--{kind} {' or '.join(fitting)}" if fitting else f"another {kind}"


def _loadable(kind: str) -> dict[str, Any]:
    """The plugin classes of a kind; those that cannot be imported are left out."""
    classes = {}
    for found in discover(kind):
        try:
            classes[found.name] = select(kind, found.name).plugin_class
        except FaceswapError:
            continue
    return classes
