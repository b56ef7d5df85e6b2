import errno
import os
import platform
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from faceswap.lib.errors import OutputError
from faceswap.lib.lock import FolderLock
from faceswap.lib.publish import (
    atomic_file,
    output_errors,
    publish_bytes,
    publish_folder,
    publish_new_folder,
    remove_folder,
    sweep,
    temp_path,
)


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def names(folder: Path):
    return sorted(entry.name for entry in folder.iterdir())


def make_folder(path: Path, content: str):
    (path / "sub").mkdir(parents=True)
    (path / "sub" / "a.txt").write_text(content)
    return path


def test_bytes_replace_what_was_there(tmp_path):
    path = tmp_path / "a.bin"
    publish_bytes(path, b"old")
    publish_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_the_temporary_name_is_in_the_same_folder_and_keeps_the_ending(tmp_path):
    with atomic_file(tmp_path / "clip.mp4") as temp:
        assert (temp.parent, temp.suffix) == (tmp_path, ".mp4")
        assert temp.name == f".tmp-{os.getpid()}-clip.mp4"
        temp.write_bytes(b"1")
        assert not (tmp_path / "clip.mp4").exists()
    assert names(tmp_path) == ["clip.mp4"]


def test_order_on_the_disk_is_content_rename_folder(tmp_path, monkeypatch):
    events = []
    replace, fsync = Path.replace, os.fsync
    monkeypatch.setattr(Path, "replace", lambda a, b: (events.append("rename"), replace(a, b)))

    def note(descriptor):
        events.append("folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "content")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    publish_bytes(tmp_path / "a", b"1")
    assert events == ["content", "rename", "folder"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_block_changes_nothing(tmp_path, error):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_file(path) as temp:
        temp.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_with_sizes_and_changes_nothing(tmp_path, monkeypatch, number):
    def full(descriptor):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"disk is full \(2\.5 MB needed, [\d.]+ [kM]B free\).*is lost") as error:
        publish_bytes(path, bytes(2_500_000))
    assert "\n" not in str(error.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_file_over_the_systems_size_limit_counts_as_a_full_disk(tmp_path, file_size_limit):
    path = tmp_path / "a.bin"
    publish_bytes(path, b"old")
    with file_size_limit(10_000), pytest.raises(OutputError, match="disk is full"):
        publish_bytes(path, bytes(20_000))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize(("number", "reason"), [(errno.EROFS, "read-only"), (errno.EACCES, "permission")])
def test_a_forbidden_output_says_why(tmp_path, number, reason):
    with pytest.raises(OutputError, match=f"cannot write .*a.bin: .*{reason}"), output_errors(tmp_path / "a.bin"):
        raise OSError(number, os.strerror(number))


def test_other_faults_pass_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError), output_errors(tmp_path / "a"):
        (tmp_path / "missing").read_bytes()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"the folder .*nowhere does not exist"):
        publish_bytes(tmp_path / "nowhere" / "a.bin", b"1")


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "a" / "full").mkdir(parents=True)
    with pytest.raises(OutputError, match="a folder of that name is in the way"):
        publish_bytes(tmp_path / "a", b"1")


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path):
    final = tmp_path / "step"
    publish_folder(make_folder(temp_path(final), "old"), final)
    publish_folder(make_folder(temp_path(final), "new"), final)
    assert (final / "sub" / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["step"]


def test_every_file_of_a_folder_is_flushed_before_it_gets_its_name(tmp_path, monkeypatch):
    flushed = []
    rename, fsync = Path.rename, os.fsync
    final = tmp_path / "step"
    temp = make_folder(temp_path(final), "1")

    def note(descriptor):
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "rename", lambda a, b: (flushed.append("rename"), rename(a, b)))
    publish_folder(temp, final)
    assert set(flushed[: flushed.index("rename")]) == {temp, temp / "sub", temp / "sub" / "a.txt"}
    assert flushed[flushed.index("rename") :] == ["rename", tmp_path]


def test_sweep_clears_leftovers_of_the_dead_and_of_this_process_only(tmp_path, dead_pid):
    (tmp_path / f".tmp-{dead_pid}-a").write_bytes(b"1")
    make_folder(tmp_path / f".tmp-{dead_pid}-b", "1")
    (tmp_path / f".tmp-{os.getpid()}-c").write_bytes(b"1")
    (tmp_path / f".tmp-{os.getppid()}-d").write_bytes(b"1")
    (tmp_path / "keep").write_bytes(b"1")
    assert len(sweep(tmp_path)) == 3
    assert names(tmp_path) == [f".tmp-{os.getppid()}-d", "keep"]


def test_sweep_brings_back_a_folder_whose_successor_never_came(tmp_path):
    make_folder(tmp_path / ".old-one", "1")
    make_folder(tmp_path / ".old-two", "old")
    make_folder(tmp_path / "two", "new")
    sweep(tmp_path)
    assert names(tmp_path) == ["one", "two"]
    assert (tmp_path / "two" / "sub" / "a.txt").read_text() == "new"


def test_a_kill_between_the_renames_of_a_folder_can_be_undone(tmp_path, monkeypatch):
    final = make_folder(tmp_path / "step", "old")
    temp = make_folder(temp_path(final), "new")
    rename = Path.rename

    def rename_until_killed(path, target):
        if path == temp:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", rename_until_killed)
        publish_folder(temp, final)
    assert not final.exists()
    sweep(tmp_path)
    assert (final / "sub" / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["step"]


def test_a_folder_is_removed(tmp_path):
    remove_folder(make_folder(tmp_path / "a", "1"))
    assert names(tmp_path) == []


def test_a_lock_refuses_a_second_writer_and_names_the_first(tmp_path):
    before = datetime.now().replace(microsecond=0)
    with FolderLock(tmp_path), pytest.raises(OutputError) as told:
        FolderLock(tmp_path)
    owner = f"{re.escape(str(tmp_path))} is being written by process {os.getpid()} on {re.escape(platform.node())}"
    found = re.fullmatch(rf"{owner} since (.*); wait until that ends, or choose another folder", str(told.value))
    assert before <= datetime.fromisoformat(found[1]) <= datetime.now()
    FolderLock(tmp_path).release()


@pytest.mark.parametrize("content", [b"", b"4711", b"\xff\xfe\nhost\n\n", b"x\ny\nz\n"])
def test_a_lock_file_that_tells_nothing_is_another_process(tmp_path, content):
    with FolderLock(tmp_path):
        (tmp_path / ".lock").write_bytes(content)
        with pytest.raises(OutputError, match="is being written by another process; wait"):
            FolderLock(tmp_path)


def test_a_lock_goes_with_its_process_even_when_a_forked_child_lives_on(tmp_path):
    code = """
import os, sys, time
from pathlib import Path
from faceswap.lib.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
time.sleep(0.1)
print(child, flush=True)
time.sleep(60)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    )
    child = int(parent.stdout.readline())
    try:
        with pytest.raises(OutputError, match=f"process {parent.pid} on "):
            FolderLock(tmp_path)
        parent.kill()
        parent.wait()
        FolderLock(tmp_path).release()
    finally:
        parent.kill()
        os.kill(child, 9)
        parent.stdout.close()


def test_a_new_folder_is_published_whole(tmp_path):
    final = tmp_path / "new"
    publish_new_folder(make_folder(temp_path(final), "content"), final)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert (final / "sub" / "a.txt").read_text() == "content"


@pytest.mark.parametrize("there", ["empty folder", "full folder", "file"])
def test_error_a_new_folder_replaces_nothing(tmp_path, there):
    final = tmp_path / "new"
    if there == "file":
        final.write_text("mine")
    else:
        final.mkdir()
    if there == "full folder":
        (final / "mine").touch()
    with pytest.raises(OutputError, match="it exists already; nothing was changed"):
        publish_new_folder(make_folder(temp_path(final), "content"), final)
    assert not (final / "sub").exists()
    assert there != "file" or final.read_text() == "mine"
