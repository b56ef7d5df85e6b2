"""Makes `pages` importable."""

import sys
from pathlib import Path

import pytest

_HERE = str(Path(__file__).parent)
if _HERE not in sys.path:
    sys.path.append(_HERE)

import pages  # noqa: E402


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The pages that are made while the site is built: path below `docs/` -> Markdown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACESWAP_NO_PLUGINS", "1")
        return pages.reference().pages()
