"""Every page: its Python runs as printed, its links lead somewhere, its lines fit."""

import re
from pathlib import Path

import pytest
from pages import DOCS, EXAMPLE, PAGES, ROOT, blocks, run_page, text

WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    module = run_page(page, tmp_path, monkeypatch)
    assert [name for name in vars(module) if not name.startswith("__")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "outcome"),
    [
        # 25 checks for each of two detectors, and the test of the fixture; three checks have nothing to check.
        ("docs/plugins/testing.md", "45 passed, 6 skipped"),
        ("docs/plugins/model.md", "24 passed"),
        ("docs/plugins/blender.md", "2 passed"),
    ],
)
def test_the_tests_of_a_page_pass(page, outcome, tmp_path, fresh_python):
    file = tmp_path / "test_the_page.py"
    file.write_text("\n".join(blocks(page, "python")))
    (tmp_path / "faceswap_center.py").write_text((EXAMPLE / "faceswap_center.py").read_text())
    plugin = "faceswap.core.testing.pytest_plugin"
    arguments = ("-q", "-p", "no:cacheprovider", "-p", "no:faceswap", "-p", plugin, f"--rootdir={tmp_path}", str(file))
    ran = fresh_python("-m", "pytest", *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert outcome in ran.stdout


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page, generated):
    prose = re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    made = {(DOCS / path).resolve() for path in generated}
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", prose):
        target = ((ROOT / page).parent / link).resolve()
        assert target.exists() or target in made, link


@pytest.mark.parametrize("page", PAGES)
def test_no_line_is_too_long(page):
    assert [line for line in text(page).splitlines() if len(line) > 125 and not line.startswith("|")] == []


def test_every_page_is_in_the_sites_navigation(generated):
    listed = set(re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    written = {Path(page).relative_to("docs").as_posix() for page in PAGES if page.startswith("docs/")}
    assert listed == written | set(generated)
