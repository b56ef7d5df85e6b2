from __future__ import annotations

import json

import pytest

from faceswap.core.cli.faceset import COMMANDS
from faceswap.lib.faceset_writer import FacesetWriter


@pytest.fixture
def faceset(tmp_path, make_faceset):
    return make_faceset(tmp_path / "faces", count=4)


def test_feature_info_tells_what_there_is(call, faceset):
    with FacesetWriter.open(faceset) as opened:
        first, second, *_ = opened.face_table().ids.tolist()
        opened.measure_missing()
        opened.note_tracks({first: 1, second: 2})
        opened.note_people({first: 7})
        opened.name_person(7, "Anna")
        opened.remove([second])
        sizes = opened.face_table().size
    code, output, _ = call("faceset", "info", str(faceset))
    lines = output.splitlines()
    assert code == 0
    assert lines[:3] == [
        "frames: 4, 1 of them without a face",
        "faces: 3; removed 1, deleted 0",
        "crops: 128 px, head; landmarks: ibug68",
    ]
    assert f"size: {sizes.min():.4g} to {sizes.max():.4g}, mean {sizes.mean():.4g}" in lines
    assert lines[-2:] == ["tracks: 1", "people: Anna (1 faces)"]
    code, output, _ = call("faceset", "info", str(faceset), "--json")
    told = json.loads(output)
    assert (code, told["faces"], told["removed"], told["people"]) == (0, 3, 1, {"Anna": 1})
    assert set(told["measured"]) == {"size", "sharpness", "brightness", "yaw", "pitch", "roll"}


@pytest.mark.parametrize("command", COMMANDS)
def test_error_no_faceset_is_one_line(call, tmp_path, command):
    code, _, error = call("faceset", command, str(tmp_path))
    assert code == 2
    assert "is not a faceset" in error and len(error.splitlines()) == 1


def test_error_a_wrong_command_is_suggested(call):
    code, _, error = call("faceset", "infos")
    assert code == 2
    assert "There is no command 'infos'. Did you mean 'info'" in error
