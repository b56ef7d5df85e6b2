"""How good each color blender looks with each composite, on performers whose true swap is known.

Measured are all frames, near the face; `Row` tells how. A chain wins that is best on the whole: its ranks among all
chains by the five figures have the least mean, and of equals the one that costs less wins. That was settled before
anything was measured.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..host import PluginChoice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .blender_scene import Moment, Scene

COLORS = ("none", "mean-color", "reinhard", "lct", "mkl", "idt", "sot", "histogram")
COMPOSITES = ("alpha", "overlay", "poisson", "laplacian")
HEADINGS = ("chain", "PSNR dB", "SSIM", "seam", "color", "flicker", "core ms", "mean rank")

_MASK = "feather"
_HIGHER_IS_BETTER = ("psnr", "ssim")
_FIGURES = ("psnr", "ssim", "seam", "color", "flicker")
_TILE = 116


@dataclass(frozen=True)
class Row:
    """One chain; means over all frames.

    Attributes:
        chain: The blenders.
        psnr: Inside the face, against the truth; dB.
        ssim: Likewise; at most 1.
        seam: How visible the mask's edge is: the gradient that the error has around it, gray levels a pixel. The
            error is the picture less the truth, so that neither a detail of the truth nor an even shade counts.
        color: How far the face's mean color lies from the truth's, in CIE LAB (Delta E 1976).
        flicker: The change from frame to frame that the truth does not have; gray levels.
        milliseconds: Core milliseconds of one face, blending and compositing.
        mean_rank: Among the chains that were measured together, by the five figures; 1 would be the best in all.
    """

    chain: str
    psnr: float
    ssim: float
    seam: float
    color: float
    flicker: float
    milliseconds: float
    mean_rank: float = 0.0

    def cells(self) -> tuple[str, ...]:
        """The row as people read it."""
        return (
            self.chain,
            f"{self.psnr:.2f}",
            f"{self.ssim:.4f}",
            f"{self.seam:.2f}",
            f"{self.color:.2f}",
            f"{self.flicker:.2f}",
            f"{self.milliseconds:.1f}",
            f"{self.mean_rank:.1f}",
        )


def chains(colors: Sequence[str], composites: Sequence[str], temporals: Sequence[int]) -> list[list[PluginChoice]]:
    """Each color blender with each composite, and with each width of its `temporal` option."""
    mask = PluginChoice(name=_MASK)
    return [
        [*([] if color == "none" else [_steady(color, temporal)]), mask, PluginChoice(name=composite)]
        for color in colors
        for temporal in (temporals if color != "none" else temporals[:1])
        for composite in composites
    ]


def _steady(color: str, temporal: int) -> PluginChoice:
    return PluginChoice(name=color, options={"temporal": temporal} if temporal else {})


def name_of(chain: Sequence[PluginChoice]) -> str:
    """A chain as the command line writes it."""
    names = (f"{choice.name}{''.join(f' {value}' for value in choice.options.values())}" for choice in chain)
    return " + ".join(name for name in names if name != _MASK)


def measure(scene: Scene, choices: Sequence[Sequence[PluginChoice]]) -> Iterator[Row]:
    """Measures chains one by one; their ranks are not known yet."""
    return (_measured(scene, chain) for chain in choices)


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The rows with their mean ranks, the best first."""
    ranks = {row.chain: [_rank(rows, row, figure) for figure in _FIGURES] for row in rows}
    known = [replace(row, mean_rank=statistics.mean(ranks[row.chain])) for row in rows]
    return sorted(known, key=lambda row: (row.mean_rank, row.milliseconds))


def _rank(rows: Sequence[Row], row: Row, figure: str) -> int:
    """1 more than the number of rows that are better by a figure."""
    own, sign = getattr(row, figure), -1 if figure in _HIGHER_IS_BETTER else 1
    return 1 + sum(bool(sign * getattr(other, figure) < sign * own) for other in rows)


def _measured(scene: Scene, choices: Sequence[PluginChoice]) -> Row:
    import numpy as np

    from ...lib.quality import unlike_change
    from ..converting.chain import load_chain
    from ..host import prepare

    chain = load_chain([prepare("blender", choice) for choice in choices])
    figures, flicker, seconds, before = [], [], [], None
    for index, moment in enumerate(scene.moments):
        began = time.process_time()
        picture = scene.swapped(index, chain)
        seconds.append(time.process_time() - began)
        figures.append(_figures(picture, moment))
        if before is not None:
            truth = (scene.moments[index - 1].truth, moment.truth)
            flicker.append(unlike_change((before, picture), truth, moment.inside))
        before = picture
    psnr, ssim, seam, color = np.mean(figures, axis=0).tolist()
    milliseconds = 1000 * statistics.median(seconds)
    return Row(name_of(choices), psnr, ssim, seam, color, statistics.fmean(flicker), milliseconds)


def _figures(picture: NDArray[np.uint8], moment: Moment) -> tuple[float, float, float, float]:
    """PSNR, SSIM, seam and color error of one frame, looked at where the face is."""
    from ...lib.quality import masked_psnr, masked_ssim
    from ..demo.yardstick import face_box

    box = face_box(moment.inside, margin=16)
    shown, true, inside = picture[box], moment.truth[box], moment.inside[box]
    return (
        masked_psnr(shown, true, inside),
        masked_ssim(shown, true, inside),
        _seam(shown, true, moment.seam[box]),
        _color_error(shown, true, inside),
    )


def _seam(picture: NDArray[np.uint8], truth: NDArray[np.uint8], band: NDArray[np.bool_]) -> float:
    import numpy as np

    down, across = np.gradient(picture.astype(np.float64) - truth, axis=(0, 1))
    return float(np.hypot(down, across)[band].mean())


def _color_error(picture: NDArray[np.uint8], truth: NDArray[np.uint8], inside: NDArray[np.float32]) -> float:
    import numpy as np

    from ...lib.color import masked_mean_std, rgb_to_lab

    means = [
        masked_mean_std(rgb_to_lab(each.astype(np.float32) / np.float32(255)), inside[..., None])[0]
        for each in (picture, truth)
    ]
    return float(np.linalg.norm(means[0] - means[1]))


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(folder: Path, rows: Sequence[Row], scene: Scene, index: int) -> None:
    """Publishes report.json, report.md and blenders.jpg: each color with each composite, in one frame."""
    from ...lib.media import write_image
    from ...lib.publish import publish_bytes

    folder.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"frames": scene.frames, "side": scene.side, "rows": [asdict(row) for row in rows]}
    publish_bytes(folder / "report.json", json.dumps(report, indent=1).encode())
    publish_bytes(folder / "report.md", markdown(rows).encode())
    write_image(folder / "blenders.jpg", _picture(scene, index), quality=85)


def _picture(scene: Scene, index: int) -> NDArray[np.uint8]:
    """Rows: the colors; columns: target, truth, and the composites."""
    import numpy as np

    from ...lib.contact_sheet import contact_sheet
    from ..converting.chain import load_chain
    from ..host import prepare
    from .blender_scene import face_tile

    moment = scene.moments[index]

    def tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return face_tile(picture, moment.cut, _TILE)

    def swapped(color: str, composite: str) -> NDArray[np.uint8]:
        (choices,) = chains([color], [composite], [0])
        return tile(scene.swapped(index, load_chain([prepare("blender", choice) for choice in choices])))

    known = [np.stack([tile(picture)] * len(COLORS)) for picture in (moment.target, moment.truth)]
    columns = [np.stack([swapped(color, composite) for color in COLORS]) for composite in COMPOSITES]
    return contact_sheet([*known, *columns], ("target", "truth", *COMPOSITES), _TILE, COLORS)
