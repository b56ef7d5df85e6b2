"""Cleaning a workspace: what goes, what stays, and that nobody is robbed of what is theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from faceswap.core import events
from faceswap.core.cli.main import cli
from faceswap.core.errors import FaceswapError
from faceswap.core.jobs.clean import CleanJob, CleanReport
from faceswap.core.jobs.job import run_job
from faceswap.lib.lock import FolderLock

LEFT = {
    "out.mp4.parts": 3000,
    "film.swap/model/cache": 5000,
    "film.swap/target/incoming": 700,
    "film.swap/model/.tmp-{dead}-model.yaml": 40,
}
KEPT = (
    "out.mp4",
    "notes.parts/letter.txt",
    "film.swap/target/faces.db",
    "film.swap/target/crops/ab/ab12.jpg",
    "film.swap/target/trash/ab/ab13.jpg",
    "film.swap/model/model.yaml",
    "film.swap/model/checkpoints/7/weights.safetensors",
    "film.swap/runs/1.json",
    "cache/mine.txt",
    "incoming/mine.txt",
    ".tmp-{alive}-held.png",
    ".tmp-notes",
)


@pytest.fixture(scope="module")
def dead() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def put(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


@pytest.fixture
def workspace(tmp_path: Path, dead: int) -> Path:
    """A folder with an output, a swap's workspace, what runs have left, and what only looks like it."""
    folder = tmp_path / "work"
    for name in KEPT:
        put(folder / name.format(alive=os.getppid()), 10)
    put(folder / "out.mp4.parts/000000.nut", 3000 - 20)
    (folder / "out.mp4.parts/manifest.json").write_text(json.dumps({"settings": "abc"}).ljust(20))
    put(folder / "film.swap/model/cache/faces.bin", 5000)
    put(folder / "film.swap/target/incoming/0-1/faces.json", 700)
    put(folder / f"film.swap/model/.tmp-{dead}-model.yaml", 40)
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path / "elsewhere/model/model.yaml", 1)
    put(tmp_path / "elsewhere/model/cache/faces.bin", 1)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """All that lies below a folder but for locks and the records of runs."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock" and path.relative_to(folder).parts[0] not in ("runs", "link")
    }


def clean(workspace: Path, told: Callable[[Any], None] | None = None) -> CleanReport:
    report: CleanReport = run_job(CleanJob(workspace=workspace), told)
    return report


def test_what_is_left_over_goes_and_all_else_stays(workspace: Path, dead: int) -> None:
    sizes = {str(each.path.relative_to(workspace)): each.size for each in CleanJob(workspace=workspace).found()}
    assert sizes == {name.format(dead=dead): size for name, size in LEFT.items()}
    before = files(workspace)
    report = clean(workspace)
    after = files(workspace)
    assert report.moved.keys() == sizes.keys() and report.size == "8.7 kB"
    trash = str(report.trash.relative_to(workspace)) + "/" if report.trash else "?"
    assert {name.removeprefix(trash): content for name, content in after.items()} == before
    moved = {name.removeprefix(trash) for name in after if name.startswith(trash)}
    assert moved == {name for name in before if name.startswith(tuple(sizes))}
    assert (workspace / "link/model/cache/faces.bin").exists()
    assert clean(workspace).moved == {}


def test_a_faceset_or_a_model_alone_is_a_workspace_too(workspace: Path) -> None:
    for name, left in (("target", "incoming"), ("model", "cache")):
        found = CleanJob(workspace=workspace / "film.swap" / name).found()
        assert left in {each.path.name for each in found}


def test_what_somebody_works_on_stays_and_is_told(workspace: Path) -> None:
    told: list[Any] = []
    with FolderLock(workspace / "out.mp4.parts"), FolderLock(workspace / "film.swap/model"):
        report = clean(workspace, told.append)
    warned = [event.message for event in told if isinstance(event, events.Warned)]
    assert [f"{name} stays: " in message for name, message in zip(("cache", "out.mp4.parts"), warned, strict=True)]
    assert f"is being written by process {os.getpid()}" in warned[1]
    assert (workspace / "out.mp4.parts/000000.nut").exists() and "film.swap/target/incoming" in report.moved


def test_what_cannot_be_moved_stays_and_is_told(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "no", str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    told: list[Any] = []
    report = clean(workspace, told.append)
    assert report.moved == {} and report.trash is None
    assert sum("there is no permission" in event.message for event in told if isinstance(event, events.Warned)) == 4


def run(workspace: Path, *flags: str, answer: str | None = None) -> Any:
    return CliRunner().invoke(cli, ["clean", str(workspace), *flags], input=answer)


def test_the_command_says_what_and_how_large_and_asks(workspace: Path) -> None:
    before = files(workspace)
    for answer, said in (("n\n", "Nothing was moved."), ("\n", "Nothing was moved.")):
        result = run(workspace, answer=answer)
        assert result.exit_code == 0 and said in result.output and files(workspace) == before
        assert (
            f"3.0 kB  {workspace / 'out.mp4.parts'}: what is finished of out.mp4, which would begin anew"
            in result.output
        )
    result = run(workspace, answer=None)
    assert isinstance(result.exception, FaceswapError) and "--yes moves without asking" in str(result.exception)
    assert files(workspace) == before
    result = run(workspace, answer="y\n")
    assert result.exit_code == 0 and "trash: " in result.output
    assert not (workspace / "out.mp4.parts").exists()
    assert "There is nothing to clean" in run(workspace).output


def test_the_command_asks_nothing_where_all_is_worked_on(tmp_path: Path) -> None:
    parts = tmp_path / "out.mp4.parts"
    put(parts / "000000.nut", 10)
    put(parts / "manifest.json", 2)
    (parts / "manifest.json").write_text(json.dumps({"settings": "abc"}))
    with FolderLock(parts):
        result = run(tmp_path)
    assert result.exit_code == 0 and "it stays: " in result.output and "Move all" not in result.output


def test_the_command_moves_without_asking_when_told_to(workspace: Path) -> None:
    with FolderLock(workspace / "out.mp4.parts"):
        result = run(workspace, "--yes")
    assert result.exit_code == 0 and "which would begin anew - it stays: " in result.output
    assert (workspace / "out.mp4.parts").exists() and not (workspace / "film.swap/model/cache").exists()
    result = run(workspace, "--json-events")
    assert "give --yes" in str(result.exception)
    result = run(workspace, "--json-events", "--yes")
    assert all(json.loads(line) for line in result.stdout.splitlines())


def test_error_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FaceswapError, match="there is no folder"):
        clean(tmp_path / "absent")
    assert "there is no folder" in str(run(tmp_path / "absent", "--yes").exception)


def test_error_a_workspace_that_cannot_be_written(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != workspace)
    with pytest.raises(FaceswapError, match="there is no permission to write there"):
        clean(workspace)
    assert not (workspace / "trash").exists()
