"""Fetching a declared weights file: resumed where it was cut, checked before it gets its name.

What has come lies under `<name>.part` beside the final name until its hash is right.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from .errors import OutputError, WeightsError
from .hashes import hash_of, note_hash
from .lock import FolderLock
from .publish import disk_full_message, flush_to_disk, output_errors
from .weights import WeightsFile, path_of

Report = Callable[[int, int], object]
"""Called with the bytes that are there and those that there will be."""

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
_RANGE_NOT_SATISFIABLE = 416
_PARTIAL_CONTENT = 206


def fetch(file: WeightsFile, report: Report = lambda done, total: None) -> Path:
    """Fetches a file from its `url` into the folder of weights files, in place of what lies there.

    Args:
        file: What to fetch.
        report: Told of the progress.

    Returns:
        Where it lies.

    Raises:
        WeightsError: The server cannot be reached or does not hold the file, the connection broke off (then the next
            call continues), or what came has another size or hash (then it is thrown away).
        OutputError: The disk is full, or the folder cannot be written, or another process fetches the same file.
        ValueError: The file declares no `url`.
    """
    final = path_of(file)
    if not file.url or file.size is None or final is None or not file.kept:
        raise ValueError(f"weights {file.name!r} declare no `url` to fetch them from")
    with output_errors(final.parent):
        final.parent.mkdir(parents=True, exist_ok=True)
    with FolderLock(final.parent):
        part = final.with_name(f"{final.name}.part")
        _download(file, file.size, part, report)
        _require_hash(file, part)
        with output_errors(final):
            flush_to_disk(part)
            part.replace(final)
            flush_to_disk(final.parent)
        note_hash(final, file.sha256)
    return final


def _download(file: WeightsFile, size: int, part: Path, report: Report) -> None:
    """Asks for what is missing until all is there, as long as each answer brings something."""
    before, reason = -1, ""
    while (have := _size_of(part)) != size:
        if have > size:
            part.unlink()
            have = 0
        if have <= before:
            kept = f"; {have} of {size} bytes are kept, and the same command continues" if have else ""
            raise WeightsError(f"cannot fetch {file.url}: {reason}{kept}. {_by_hand(part)}")
        _require_space(part, size - have)
        before, reason = have, _receive(file.url, size, part, report)


def _receive(url: str, size: int, part: Path, report: Report) -> str:
    """Receives one answer into `part`; returns why it ended early, if it did."""
    try:
        with _answer(url, _size_of(part), size) as (stream, start):
            _write(stream, start, size, part, report)
    except HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE:
            part.unlink()
            return "the server holds a smaller file"
        answer = f"{error.code} {error.reason}"
        raise WeightsError(f"cannot fetch {url}: the server answers {answer}. {_by_hand(part)}") from None
    except URLError as error:
        return f"no connection ({error.reason})"
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, HTTPException) as error:
        return f"the connection broke off ({error})"
    return "the connection broke off"


@contextmanager
def _answer(url: str, have: int, size: int) -> Iterator[tuple[IO[bytes], int]]:
    """Opens what a URL leads to: the stream, and the byte of the file that it begins with."""
    if url.startswith("file:"):
        with Path(request.url2pathname(urlsplit(url).path)).open("rb") as local:
            _require_size(url, local.seek(0, 2), size)
            local.seek(have)
            yield local, have
        return
    asked = request.Request(url, headers={"User-Agent": "faceswap", **({"Range": f"bytes={have}-"} if have else {})})
    with _opener().open(asked, timeout=_TIMEOUT_SECONDS) as answer:
        start, total = 0, answer.headers.get("Content-Length")
        if answer.status == _PARTIAL_CONTENT:
            told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
            start, total = (int(told[1]), told[2]) if told else (-1, None)
            if start != have:
                raise HTTPException("the server sent another part than was asked for")
        if total and total != "*":
            _require_size(url, int(total), size)
        yield answer, start


def _opener() -> request.OpenerDirector:
    """Knows http and https alone, so that no redirection leads to a local file or to another protocol."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _write(stream: IO[bytes], start: int, size: int, part: Path, report: Report) -> None:
    """Writes a stream behind the first `start` bytes of `part`."""
    done = start
    with output_errors(part, size - start):
        sink = part.open("ab" if start else "wb")
    with sink:
        while block := stream.read(_CHUNK):
            done += len(block)
            if done > size:
                break
            with output_errors(part, size - start):
                sink.write(block)
                sink.flush()
            report(done, size)
    if done > size:
        part.unlink()
        raise WeightsError(f"{part.stem} must have {size} bytes, and more came; it was thrown away")


def _require_size(url: str, offered: int, size: int) -> None:
    if offered != size:
        raise WeightsError(
            f"{url} must have {size} bytes. The server offers {offered}: it holds another file, "
            "or the plugin's package is old; upgrade that package, or tell its author"
        )


def _require_hash(file: WeightsFile, part: Path) -> None:
    came = hash_of(part)
    if came != file.sha256:
        part.unlink()
        raise WeightsError(
            f"{file.url} must have sha256 {file.sha256}. Received: {came}. It was thrown away: fetch it again; "
            "when that does not help, upgrade the plugin's package or tell its author"
        )


def _require_space(part: Path, needed: int) -> None:
    if shutil.disk_usage(part.parent).free < needed:
        raise OutputError(disk_full_message(part, needed))


def _by_hand(part: Path) -> str:
    return f"Try again later, or put the file at {part.with_suffix('')} by hand"


def _size_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
