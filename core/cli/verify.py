"""The command `faceswap verify`: what a file is, what it was made with and from, and whether that still holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .completing import complete_path

if TYPE_CHECKING:
    from ...lib.provenance.checking import Finding

INTACT, ALTERED, NOTHING = 0, 1, 3
"""Exit codes."""

_PATH = click.Path(path_type=Path)
_WORDS = {
    "compositeWithTrainedAlgorithmicMedia": "made in part by a trained model",
    "trainedAlgorithmicMedia": "made by a trained model",
}


@click.command()
@click.argument("path", type=_PATH, metavar="FILE|FOLDER", shell_complete=complete_path)
@click.option(
    "--trust", type=_PATH, multiple=True, metavar="PEM", help="Certificate whose holder is trusted too (repeatable)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, path: Path, trust: tuple[Path, ...], as_json: bool) -> None:
    """Tell what an image or a video is, what it was made with and from, and whether it is intact.

    Nothing goes online. The exit code is 0 when what is signed is intact, 1 when it was altered, 3 when nothing is
    found; of a folder 1 when any file was altered, and 3 when nothing is found in any. Intact means that nothing
    changed since somebody signed it; only where that somebody is trusted, what it says can be.
    """
    from ...lib.provenance.checking import check_path

    findings = check_path(path, trust)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1, default=str))
    else:
        lines = [line for finding in findings for line in _lines(finding)]
        click.echo("\n".join(map(_printable, [*lines, _summary(findings)] if path.is_dir() else lines)))
    ctx.exit(_exit_code(findings))


def _printable(line: str) -> str:
    """A line without what steers a terminal: a stranger may have put anything into a manifest."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _exit_code(findings: Sequence[Finding]) -> int:
    from ...lib.provenance.checking import State

    states = {finding.state for finding in findings}
    if State.ALTERED in states:
        return ALTERED
    return INTACT if State.INTACT in states else NOTHING


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.state for finding in findings)
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "no images or videos here"


def _lines(finding: Finding) -> list[str]:
    """A file as people read it."""
    lines = [f"{finding.path}: {finding.state}"]
    if finding.why and finding.state == "altered":
        lines.append(f"  what does not hold: {', '.join(finding.why)}")
    if finding.signer is not None:
        lines.append(f"  signed by: {finding.signer} ({_trust(finding)})")
    if finding.sidecar:
        lines.append(f"  manifest in: {finding.sidecar.name}")
    lines += _what_was_looked_for(finding)
    if finding.source_type:
        lines.append(f"  what it is: {_in_words(finding.source_type)}")
    lines += [f"  {name}: {value}" for name, value in _making(finding.made_with).items()]
    if finding.manifests > 1:
        lines.append(f"  manifests of what it was made from: {finding.manifests - 1}")
    if finding.marked and finding.state != "intact":
        lines.append(f"  unsigned mark: {_in_words(finding.marked)}")
    return lines


def _what_was_looked_for(finding: Finding) -> list[str]:
    """Where the manifest of a file would lie that cannot hold it; nothing is wrong with a file that never had one."""
    from ...lib.provenance.formats import embeds, is_medium, sidecar_of

    if finding.state != "nothing found" or finding.sidecar or embeds(finding.path) or not is_medium(finding.path):
        return []
    kind, name = finding.path.suffix.lower(), sidecar_of(finding.path).name
    return [f"  the manifest of a {kind} file lies beside it, and there is no {name}: it has to be moved along with it"]


def _trust(finding: Finding) -> str:
    if finding.trusted:
        return "trusted"
    if finding.expired:
        return "not trusted: the certificate has expired"
    return "not trusted: this machine does not know who that is"


def _in_words(source_type: str) -> str:
    kind = source_type.rpartition("/")[2]
    return f"{_WORDS[kind]} ({kind})" if kind in _WORDS else kind


def _making(told: dict[str, Any]) -> dict[str, str]:
    """What this program said of the making; of another's words of the same label, only what has the right form."""
    several, blenders = told.get("models"), told.get("blenders")
    lines = _model(told)
    for number, each in enumerate(several if isinstance(several, list) else (), start=1):
        lines |= {f"{name} {number}": line for name, line in _model(each if isinstance(each, dict) else {}).items()}
    if isinstance(blenders, list):
        words = (
            "{plugin}, of {package} {version}".format_map(_Known(each)) for each in blenders if isinstance(each, dict)
        )
        lines["blenders"] = "; ".join(words)
    if told.get("original_sha256"):
        lines["made from"] = f"sha256 {told['original_sha256']}"
    if isinstance(told.get("consent_sha256"), list):
        lines["consent"] = ", ".join(f"sha256 {digest}" for digest in told["consent_sha256"])
    return lines


def _model(told: dict[str, Any]) -> dict[str, str]:
    lines = {}
    if isinstance(told.get("model"), dict):
        lines["model"] = "{plugin}, of {package} {version}, step {step}".format_map(_Known(told["model"]))
    if isinstance(told.get("weights_sha256"), dict):
        lines["weights"] = ", ".join(f"{part} sha256 {digest}" for part, digest in told["weights_sha256"].items())
    return lines


class _Known(dict[str, Any]):
    """Says `?` where something is missing."""

    def __missing__(self, key: str) -> str:
        return "?"
