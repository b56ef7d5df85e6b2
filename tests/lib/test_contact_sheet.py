"""Pictures in a grid: each tile where its column and row say."""

from __future__ import annotations

import numpy as np
import pytest

from faceswap.lib.contact_sheet import contact_sheet


def test_tiles_stand_in_their_column_and_row():
    columns = [np.full((2, 8, 8, 3), shade, np.uint8) for shade in (10, 200)]
    columns[1][1] = 77
    sheet = contact_sheet(columns, ("left", "right"), tile=32)
    assert sheet.shape == (24 + 2 * 36, 2 * 36 - 4, 3)
    assert (sheet[24:56, :32] == 10).all()
    assert (sheet[24:56, 36:] == 200).all()
    assert (sheet[60:92, 36:] == 77).all()
    assert (sheet[56:60] == 255).all()


def test_headings_are_drawn_above_their_columns():
    blank = [np.full((1, 8, 8, 3), 255, np.uint8)] * 2
    assert (contact_sheet(blank, ("", ""), 64)[:24] == 255).all()
    sheet = contact_sheet(blank, ("", "swap"), 64)
    assert (sheet[:24, :68] == 255).all()
    assert (sheet[:24, 68:] < 128).any()


def test_columns_of_unequal_length_leave_white():
    sheet = contact_sheet([np.zeros((1, 4, 4, 3), np.uint8), np.zeros((2, 4, 4, 3), np.uint8)], ("a", "b"), 16)
    assert (sheet[24 + 20 : 24 + 36, :16] == 255).all()


def test_each_column_needs_a_heading():
    with pytest.raises(ValueError, match="needs a heading"):
        contact_sheet([np.zeros((1, 4, 4, 3), np.uint8)], ())


def test_a_heading_that_is_wider_than_its_tile_goes_on_below_and_moves_the_tiles():
    blank = [np.full((1, 8, 8, 3), 255, np.uint8)] * 2
    sheet = contact_sheet(blank, ("a", "word word word"), 64)
    assert sheet.shape[0] == 24 + 2 * 18 + 68
    for line in range(3):
        assert (sheet[24 + 18 * (line - 1) : 24 + 18 * line, 68:] < 128).any()
    assert (sheet[24:, :68] == 255).all()


def test_rows_may_have_labels_on_their_left():
    tiles = [np.zeros((2, 16, 16, 3), np.uint8)]
    sheet = contact_sheet(tiles, ("",), 16, ("", "12"))
    assert sheet.shape == (24 + 2 * 20, 120 + 16, 3)
    assert (sheet[24:40, 120:] == 0).all() and (sheet[44:60, 120:] == 0).all()
    assert (sheet[24:44, :120] == 255).all()
    assert (sheet[44:64, :120] < 128).any()
    with pytest.raises(ValueError, match="Each row needs a label"):
        contact_sheet(tiles, ("",), 16, ("one",))


def test_a_title_stands_above_headings_and_tiles():
    tiles = [np.zeros((1, 16, 16, 3), np.uint8)]
    sheet = contact_sheet(tiles, ("",), 64, title="step 7")
    assert sheet.shape == (24 + 24 + 68, 64, 3)
    assert (sheet[:24] < 128).any() and (sheet[24:48] == 255).all() and (sheet[48:112] == 0).all()
    assert contact_sheet(tiles, None, 64, title="step 7").shape == (24 + 68, 64, 3)
