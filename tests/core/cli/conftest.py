"""How the tests of commands call the program."""

import pytest

from faceswap.core.cli import main as door
from faceswap.core.registry import NO_PLUGINS


@pytest.fixture
def call(capsys, monkeypatch):
    """Runs the program in this process; gives its exit code, output and errors."""
    monkeypatch.setenv(NO_PLUGINS, "0")  # So that what `--no-plugins` sets is put back.

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            door.main(list(words))
        written = capsys.readouterr()
        return ended.value.code, written.out, written.err

    return run
