from __future__ import annotations

import io
import json
import os
import platform
import subprocess
import sys

import pytest

from faceswap.core.cli.faceset import COMMANDS
from faceswap.lib.faceset_writer import FacesetWriter

MORE = {
    "export": ("faces.jsonl",),
    "remove": ("face",),
    "sheet": ("--out", "sheet.jpg"),
    "sort": ("--by", "yaw"),
    "group": ("--by", "yaw"),
    "sync": ("--from", "look"),
    "filter": ("--blurred", "20"),
}
"""What a command needs besides a faceset."""
MAKING = ("import", "merge")
"""Commands that make the faceset."""


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
        "frames: 4, 1 of them without a face in the faceset",
        "faces: 3; removed 1, deleted 0",
        "crops: 128 px, head; landmarks: ibug68",
    ]
    assert f"size: {sizes.min():.4g} to {sizes.max():.4g}, mean {sizes.mean():.4g}" in lines
    assert lines[-2:] == ["tracks: 1", "people: Anna (1 face)"]
    code, output, _ = call("faceset", "info", str(faceset), "--json")
    told = json.loads(output)
    assert (code, told["faces"], told["removed"], told["people"]) == (0, 3, 1, {"Anna": 1})
    assert set(told["measured"]) == {"size", "sharpness", "brightness", "yaw", "pitch", "roll"}


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in MAKING])
def test_error_no_faceset_is_one_line(call, tmp_path, command):
    code, _, error = call("faceset", command, str(tmp_path), *MORE.get(command, ()))
    assert code == 2
    assert "is not a faceset" in error and len(error.splitlines()) == 1


def test_error_a_wrong_command_is_suggested(call):
    code, _, error = call("faceset", "infos")
    assert code == 2
    assert "There is no command 'infos'. Did you mean 'info'" in error


def test_feature_faces_go_and_come_back(call, faceset, monkeypatch):
    images = sorted((faceset / "crops").rglob("*.jpg"))
    code, output, _ = call("faceset", "remove", str(faceset), str(images[0]), images[1].stem)
    assert (code, output) == (0, f"Removed 2 faces; {faceset} holds 2 faces\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{images[2].stem}\n"))
    code, output, _ = call("faceset", "remove", str(faceset), "-")
    assert (code, output) == (0, f"Removed 1 face; {faceset} holds 1 face\n")
    (faceset / "trash" / images[0].stem[:2] / images[0].name).unlink()
    code, output, _ = call("faceset", "restore", str(faceset), images[1].stem)
    assert (code, output) == (0, f"Restored 1 face; {faceset} holds 2 faces, 2 stay removed\n")
    code, output, _ = call("faceset", "restore", str(faceset))
    assert (code, output) == (0, f"Restored 1 face; {faceset} holds 3 faces, 1 stay removed\n")
    assert sorted((faceset / "crops").rglob("*.jpg")) == images[1:]
    code, _, error = call("faceset", "remove", str(faceset), "nobody")
    assert code == 2 and "has no face nobody" in error


def test_feature_check_tells_what_to_do_and_sync_does_it(call, faceset):
    assert call("faceset", "check", str(faceset))[:2] == (0, f"{faceset} is whole: 4 faces\n")
    victim = next((faceset / "crops").rglob("*.jpg"))
    victim.unlink()
    code, output, _ = call("faceset", "check", str(faceset))
    remedy = f"`faceswap faceset sync {faceset}` clears that away"
    assert (code, output) == (1, f"1 faces whose crop image was deleted: {victim.stem}; {remedy}\n")
    code, output, _ = call("faceset", "check", str(faceset), "--json")
    assert (code, json.loads(output)["findings"][0]["names"]) == (1, [victim.stem])
    code, output, _ = call("faceset", "sync", str(faceset))
    assert (code, output) == (0, f"Dropped 1 face; {faceset} holds 3 faces\n")
    assert call("faceset", "check", str(faceset))[0] == 0


def test_error_a_second_process_is_told_who_holds_the_faceset(call, faceset):
    code = (
        "import sys\nfrom faceswap.lib.faceset_writer import FacesetWriter\n"
        "with FacesetWriter.open(sys.argv[1]):\n    print(flush=True)\n    sys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(faceset)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, cwd=faceset.parent, **streams) as holder:
        holder.stdout.readline()
        exit_code, _, error = call("faceset", "sync", str(faceset))
        assert call("faceset", "info", str(faceset))[0] == 0
        holder.stdin.close()
    assert exit_code == 2
    assert f"{faceset} is being written by process {holder.pid} on {platform.node()} since 2" in error
    assert call("faceset", "sync", str(faceset))[0] == 0
