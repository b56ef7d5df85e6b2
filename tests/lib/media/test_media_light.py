"""How bright HDR footage is: told by the encoders that can, against what PyAV's decoders find."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from rewriting import MakeVideo, convert

from faceswap.lib.media import Encoding, probe

_DISPLAY = [34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450]
"""The chromaticities of P3's red, green and blue and of D65, in 0.00002."""
_GRADED = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"


def _light(path: Path) -> tuple[list[float], list[int]]:
    """Chromaticities and luminances of the display, and the light levels, as PyAV's decoder finds them."""
    with av.open(str(path)) as container:
        beside = next(container.decode(video=0)).side_data
        display = np.frombuffer(bytes(beside[Type.MASTERING_DISPLAY_METADATA]), np.int32)
        levels = np.frombuffer(bytes(beside[Type.CONTENT_LIGHT_LEVEL]), np.uint32)
    return (display[:20:2] / display[1:20:2]).tolist(), levels[:2].tolist()


@pytest.mark.parametrize(
    ("codec", "name"), [("hevc", "o.mp4"), ("hevc", "o.mkv"), ("h264", "o.mov"), ("av1", "o.webm")]
)
def test_how_bright_hdr_is_stays_told(make_video: MakeVideo, tmp_path: Path, codec: str, name: str) -> None:
    options = {"x265-params": f"log-level=none:{_GRADED}"}
    medium = probe(make_video(times=9, codec="libx265", pixel_format="yuv420p10le", options=options))
    convert(medium, tmp_path / name, Encoding(codec, preset="ultrafast"), 4)
    display, levels = _light(tmp_path / name)
    np.testing.assert_allclose(display[:8], np.divide(_DISPLAY, 50000), atol=2e-5)
    np.testing.assert_allclose(display[8:], [0.005, 1000], rtol=0.02)
    assert levels == [1000, 400]
    assert Encoding(codec).losses(medium) == []


def test_a_codec_that_cannot_tell_how_bright_hdr_is_says_so(make_video: MakeVideo) -> None:
    options = {"x265-params": f"log-level=none:{_GRADED}"}
    medium = probe(make_video(times=2, codec="libx265", pixel_format="yuv420p10le", options=options))
    assert Encoding("ffv1").losses(medium) == ["ffv1 does not say how bright HDR is: light levels are lost"]
    assert probe(make_video("plain.mp4")).light is None
