"""What is read of a plugin's source without importing it."""

import pytest

from faceswap.core.listing import describe
from faceswap.core.registry import Found

HUGE = "\n".join(f"x{number} = {number}" for number in range(50))


@pytest.fixture
def listed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(source):
        source = source if isinstance(source, bytes) else source.encode()
        (tmp_path / "a_listed_module.py").write_bytes(source)
        return describe(Found("detector", "x", "a_listed_module", "some-package", "1.0"))

    return run


@pytest.mark.parametrize(
    ("source", "summary"),
    [
        ('"""Finds faces."""\n', "Finds faces."),
        ('"""Finds faces.\n\nIn many\nlines.\n"""\n\n' + HUGE, "Finds faces."),
        ('# A licence.\n\n"""Finds faces."""\n' + HUGE, "Finds faces."),
        ('"""\n   Finds faces.\n"""\n' + HUGE, "Finds faces."),
        ("'''Finds faces.'''\n" + HUGE, "Finds faces."),
        ('"Finds faces."\n' + HUGE, "Finds faces."),
        ('r"""Finds \\faces."""\n' + HUGE, "Finds \\faces."),
        ('"""Finds \\"faces\\"."""\n' + HUGE, 'Finds "faces".'),
        ('"""Finds "faces"."""\n' + HUGE, 'Finds "faces".'),
        ('"""Finds """ "faces."\n' + HUGE, "Finds faces."),
        ('"""Finds faces.""".strip()\n' + HUGE, ""),
        ('"""Finds""" """faces."""\n' + HUGE, "Findsfaces."),
        ('"""Findet Gesichter für Ålesund."""\r\nx = 1\r\n', "Findet Gesichter für Ålesund."),
        (b'# -*- coding: latin-1 -*-\n"""Findet Gesichter f\xfcr alle."""\n', "Findet Gesichter für alle."),
        (b'\xef\xbb\xbf"""Finds faces."""\n', "Finds faces."),
        ('x = """no docstring"""\n', ""),
        ("", ""),
        ("def broken(:\n", ""),
        (b'"""\xff"""\n', ""),
    ],
)
def test_feature_the_summary_is_the_docstrings_first_line(listed, source, summary):
    assert listed(source).summary == summary


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("annotation", ["", ": tuple[dict[str, object], ...]"])
def test_feature_weights_are_read_wherever_they_stand(listed, place, annotation):
    weights = f'WEIGHTS{annotation} = (\n    {{"name": "a part", "licence": "MIT", "commercial": True}},\n)\n'
    body = HUGE + "\n" + weights if place == "after" else weights + HUGE
    found = listed('"""Finds faces."""\n' + body)
    assert found.weights == ({"name": "a part", "licence": "MIT", "commercial": True, "state": "included"},)
    assert (found.summary, found.weights_terms) == ("Finds faces.", "MIT")


@pytest.mark.parametrize("value", ["make()", "5", '"text"', "[5, None]", "{}"])
def test_error_weights_that_are_no_literal_list_are_none(listed, value):
    assert listed(f'"""Finds faces."""\nWEIGHTS = {value}\n').weights == ()


def test_error_what_json_cannot_hold_is_left_out(listed):
    assert listed('WEIGHTS = ({"name": "a part", 5: 5, "licence": b"x", "size": {1}},)\n').as_dict()["weights"] == (
        {"name": "a part", "state": "included"},
    )


def test_error_a_module_that_is_not_there_has_no_summary():
    assert describe(Found("detector", "x", "no_such_module", "some-package", "1.0")).summary == ""
