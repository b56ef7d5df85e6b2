"""The pages of the documentation, as its tests read and run them."""

import importlib.util
import re
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "examples" / "faceswap-example-detector"
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *DOCS.rglob("*.md")])


def text(page):
    """The Markdown of a page, by its path below the root."""
    return (ROOT / page).read_text()


def blocks(page, language):
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)


def run_page(page, folder, monkeypatch):
    """Runs a page's Python from top to bottom as one module, beside the example package's module."""
    name = f"page_{Path(page).stem}"
    file = folder / f"{name}.py"
    file.write_text("\n".join(blocks(page, "python")))
    module = types.ModuleType(name)
    module.__file__ = str(file)
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(file.read_text(), file, "exec"), module.__dict__)
    return module


def reference():
    """The module that writes the generated pages."""
    spec = importlib.util.spec_from_file_location("docs_reference", DOCS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
