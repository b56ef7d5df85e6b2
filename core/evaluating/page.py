"""The report of an evaluation as one HTML page with everything in it: figures, their spread, faces to look at."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.crops import encode_crop
from .figures import HEADING, figure_rows
from .measuring import Result

_SHOWN = 6
_SIDE = 128
_BINS = 24
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse }
th, td { padding: .2rem 1rem .2rem 0; text-align: left; border-bottom: 1px solid #ddd }
td:last-child { text-align: right; font-variant-numeric: tabular-nums }
figure { display: inline-block; margin: 0 .6rem .6rem 0 } figcaption { font-size: 13px; color: #555 }
img { display: inline-block; vertical-align: top } svg { display: block; margin: .5rem 0 }
"""


def html_page(title: str, about: Sequence[tuple[str, str]], results: Sequence[Result], left_out: Sequence[str]) -> str:
    """Writes the page.

    Args:
        title: Its heading.
        about: What was measured: name and value of each row.
        results: What metrics said.
        left_out: Why other metrics said nothing, a line each.
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        _table(("", ""), about),
        "<h2>Figures</h2>",
        _table(HEADING, figure_rows((each.metric, each.comparison.against, each.figures) for each in results)),
        *([] if not left_out else ["<h2>Not measured</h2>", *(f"<p>{escape(line)}</p>" for line in left_out)]),
        *(_ranking(result) for result in results if len(result.values)),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row("th", heading)] if any(heading) else []
    return "<table>" + "".join([*lines, *(_row("td", row) for row in rows)]) + "</table>"


def _row(kind: str, row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in row) + "</tr>"


def _ranking(result: Result) -> str:
    """How a figure is spread over the faces, and the worst and best of them."""
    order, against = result.order(), result.comparison.against
    count = min(_SHOWN, len(order))
    beside = " Left the face, right what it is compared with." if result.reals else ""
    heading = f"{result.metric} of each face" + (f" against the {against}" if against else "")
    return "\n".join(
        [
            f"<h2>{escape(heading)}</h2>",
            histogram(result.values, result.ranked_by),
            f"<p>Worst.{beside}</p>",
            *(_face(result, row) for row in order[:count]),
            "<p>Best.</p>",
            *(_face(result, row) for row in order[::-1][:count]),
        ]
    )


def _face(result: Result, row: int) -> str:
    pictures = [result.comparison.fake.picture(result.fakes[row])]
    if result.reals and result.comparison.real is not None:
        pictures.append(result.comparison.real.picture(result.reals[row]))
    images = "".join(map(_inline, pictures))
    caption = f"{result.values[row]:.4g} · {result.fakes[row]}"
    return f"<figure>{images}<figcaption>{escape(caption)}</figcaption></figure>"


def _inline(picture: NDArray[np.uint8]) -> str:
    """A picture within the page."""
    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    data = base64.b64encode(encode_crop(small)).decode()
    return f'<img alt="" width="{_SIDE}" height="{_SIDE}" src="data:image/jpeg;base64,{data}">'


def histogram(values: NDArray[np.float64], name: str, width: int = 640, height: int = 140) -> str:
    """Draws how values are spread, as SVG."""
    counts, edges = np.histogram(values, bins=_BINS)
    step, base = width / _BINS, height - 20
    bars = "".join(
        f'<rect x="{number * step:.1f}" y="{base - base * count / counts.max():.1f}" width="{step - 1:.1f}" '
        f'height="{base * count / counts.max():.1f}" fill="#4878a8"><title>{edge:.4g}: {count}</title></rect>'
        for number, (count, edge) in enumerate(zip(counts, edges, strict=False))
    )
    words = (
        f'<text x="0" y="{height - 4}" font-size="13">{edges[0]:.4g}</text>'
        f'<text x="{width / 2}" y="{height - 4}" font-size="13" text-anchor="middle">{escape(name)}</text>'
        f'<text x="{width}" y="{height - 4}" font-size="13" text-anchor="end">{edges[-1]:.4g}</text>'
    )
    return f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">{bars}{words}</svg>'
