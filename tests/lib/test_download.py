"""Fetching weights from a server of the tests' own: whole, cut, wrong, and onto a full disk."""

import errno
import hashlib
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from faceswap.lib import download
from faceswap.lib.download import fetch
from faceswap.lib.errors import OutputError, WeightsError
from faceswap.lib.lock import FolderLock
from faceswap.lib.weights import State, WeightsFile, path_of, state

CONTENT = bytes(range(256)) * 2000
SIZE = len(CONTENT)


class Server(ThreadingHTTPServer):
    """Serves one content at any address, as badly as it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.status, self.ranges = CONTENT, 200, True
        self.cuts = []
        """After how many bytes each of the next answers breaks off."""
        self.redirect = None
        self.length = True
        self.asked = []
        """The `Range` of each request."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/net.npz"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers["Range"]
        server.asked.append(asked)
        if server.redirect or server.status != 200:
            self.send_response(302 if server.redirect else server.status)
            if server.redirect:
                self.send_header("Location", server.redirect)
            self.end_headers()
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.ranges else 0
        if start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.fixture
def file(server, tmp_path, monkeypatch):
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path / "weights"))
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    return declare(server.url)


def declare(url, content=CONTENT, **changes):
    known = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **changes}
    return WeightsFile("net.npz", url=url, **known)


def names(file):
    """What lies in the file's folder, but for the lock."""
    return sorted(entry.name for entry in path_of(file).parent.iterdir() if entry.name != ".lock")


def part_of(file):
    return path_of(file).with_name("net.npz.part")


def leave_part(file, content):
    part_of(file).parent.mkdir(parents=True)
    part_of(file).write_bytes(content)


def test_feature_a_whole_file_is_fetched_verified_and_told(server, file):
    told = []
    assert fetch(file, lambda done, total: told.append((done, total))).read_bytes() == CONTENT
    assert names(file) == [".net.npz.sha256", "net.npz"]
    assert state(file) == State.PRESENT
    assert told == sorted(told)
    assert told[-1] == (SIZE, SIZE)
    assert server.asked == [None]


def test_feature_a_cut_connection_is_taken_up_where_it_broke_off(server, file):
    server.cuts = [200_000, 100_000]
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=200000-", "bytes=300000-"]


def test_feature_the_next_call_continues_what_one_before_left(server, file):
    leave_part(file, CONTENT[:70_000])
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == ["bytes=70000-"]


def test_feature_a_part_that_is_whole_is_not_asked_for_again(server, file):
    leave_part(file, CONTENT)
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == []


def test_feature_a_server_without_ranges_begins_anew(server, file):
    server.ranges, server.cuts = False, [200_000]
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=200000-"]


def test_error_a_server_that_always_breaks_off_is_not_asked_for_ever(server, file):
    server.ranges, server.cuts = False, [200_000] * 5
    with pytest.raises(WeightsError, match=rf"broke off.*200000 of {SIZE} bytes are kept, and the same command"):
        fetch(file)
    assert len(server.asked) == 2
    assert names(file) == ["net.npz.part"]


def test_feature_a_server_that_tells_no_length(server, file):
    server.length = False
    assert fetch(file).read_bytes() == CONTENT


def test_error_a_wrong_hash_tells_both_and_leaves_nothing(server, file):
    server.content = CONTENT[::-1]
    came = hashlib.sha256(CONTENT[::-1]).hexdigest()
    with pytest.raises(WeightsError, match=rf"must have sha256 {file.sha256}. Received: {came}. It was thrown away"):
        fetch(file)
    assert names(file) == []


def test_error_a_part_of_another_file_does_not_stay(server, file):
    leave_part(file, b"x" * 70_000)
    with pytest.raises(WeightsError, match="must have sha256"):
        fetch(file)
    assert fetch(file).read_bytes() == CONTENT


def test_feature_what_lay_there_before_stays_until_the_right_file_is_there(server, file):
    leave_part(file, b"")
    path_of(file).write_bytes(b"old")
    server.content = CONTENT[::-1]
    with pytest.raises(WeightsError):
        fetch(file)
    assert path_of(file).read_bytes() == b"old"
    server.content = CONTENT
    assert fetch(file).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x"])
def test_error_another_size_is_refused_before_it_is_fetched(server, file, content):
    server.content = content
    with pytest.raises(WeightsError, match=rf"must have {SIZE} bytes. The server offers {len(content)}"):
        fetch(file)
    assert names(file) == []


def test_error_more_than_was_declared_is_not_written(server, file):
    server.content, server.length = CONTENT * 3, False
    told = []
    with pytest.raises(WeightsError, match=rf"must have {SIZE} bytes, and more came"):
        fetch(file, lambda done, total: told.append(done))
    assert max(told) <= SIZE
    assert names(file) == []


def test_error_a_part_that_is_longer_than_the_servers_file_is_dropped(server, file):
    leave_part(file, CONTENT[:90_000])
    server.content = CONTENT[:80_000]
    with pytest.raises(WeightsError):
        fetch(file)
    assert names(file) == []


def test_error_a_part_that_is_longer_than_declared_is_dropped(server, file):
    leave_part(file, CONTENT + b"x")
    assert fetch(file).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_error_the_servers_answer_is_told(server, file, status, words):
    server.status = status
    with pytest.raises(WeightsError) as caught:
        fetch(file)
    assert str(caught.value) == (
        f"cannot fetch {file.url}: the server answers {words}. "
        f"Try again later, or put the file at {path_of(file)} by hand"
    )
    assert names(file) == []


def test_error_no_connection_is_told(file):
    with pytest.raises(
        WeightsError, match=r"cannot fetch http://127.0.0.1:1/net.npz: no connection \(.*refused\)\. Try"
    ):
        fetch(declare("http://127.0.0.1:1/net.npz"))


def test_error_a_redirection_leads_to_no_local_file(server, file, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    server.redirect = secret.as_uri()
    with pytest.raises(WeightsError, match="cannot fetch"):
        fetch(file)
    assert names(file) == []


def test_error_a_redirection_leads_to_no_other_protocol(server, file):
    server.redirect = "ftp://127.0.0.1:1/net.npz"
    with pytest.raises(WeightsError, match="unknown url type: ftp"):
        fetch(file)


def test_feature_a_redirection_to_another_server_is_followed(server, file):
    with Server() as front:
        threading.Thread(target=front.serve_forever, args=(0.01,), daemon=True).start()
        front.redirect = server.url
        assert fetch(declare(front.url)).read_bytes() == CONTENT
        front.shutdown()


def test_feature_a_file_address_is_copied(file, tmp_path):
    (tmp_path / "a net.npz").write_bytes(CONTENT)
    local = declare((tmp_path / "a net.npz").as_uri())
    assert fetch(local).read_bytes() == CONTENT
    with pytest.raises(WeightsError, match="there is no such file"):
        fetch(declare((tmp_path / "nothing").as_uri()))


def test_error_weights_without_an_address_cannot_be_fetched(file):
    with pytest.raises(ValueError, match="declare no `url`"):
        fetch(WeightsFile("net.npz", sha256=file.sha256, size=SIZE))


def test_error_two_processes_do_not_fetch_one_file_at_once(server, file):
    leave_part(file, b"")
    with FolderLock(path_of(file).parent), pytest.raises(OutputError, match="is being written by process"):
        fetch(file)
    assert server.asked == []


class TestFullDisk:
    def test_error_too_little_space_is_told_before_anything_is_fetched(self, server, file, monkeypatch):
        usage = shutil.disk_usage("/")._replace(free=SIZE - 1)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        with pytest.raises(OutputError, match=r"disk is full \(512\.0 kB needed, 512\.0 kB free\)"):
            fetch(file)
        assert server.asked == []

    def test_feature_what_is_there_already_needs_no_space(self, server, file, monkeypatch):
        leave_part(file, CONTENT[:-10])
        usage = shutil.disk_usage("/")._replace(free=10)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        assert fetch(file).read_bytes() == CONTENT

    def test_error_a_disk_that_fills_up_keeps_what_came(self, server, file, file_size_limit):
        with (
            file_size_limit(100_000),
            pytest.raises(OutputError, match=r"disk is full.*free some space and run the same"),
        ):
            fetch(file)
        assert names(file) == ["net.npz.part"]
        assert part_of(file).read_bytes() == CONTENT[:100_000]
        assert fetch(file).read_bytes() == CONTENT
        assert server.asked == [None, "bytes=100000-"]

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_error_a_disk_that_is_full_at_the_flush_publishes_nothing(self, file, monkeypatch, number):
        def full(descriptor):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="disk is full"):
            fetch(file)
        assert not path_of(file).exists()


def test_error_a_server_that_is_silent_is_given_up(server, file, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(download, "_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(_Handler, "do_GET", lambda self: gate.wait(5))
    with pytest.raises(WeightsError, match=r"cannot fetch .*timed out"):
        fetch(file)
    gate.set()
