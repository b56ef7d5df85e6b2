"""What is wrong with a value, in the words of this program, for each type that a setting has."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from faceswap.core.wording import what_is_wrong


class Everything(BaseModel):
    whole: int | None = Field(None, ge=1)
    share: float = Field(0.5, gt=0, lt=1)
    limit: float = Field(0.5, le=2.5, allow_inf_nan=False)
    sure: bool = False
    word: str = ""
    place: Path | None = None
    words: tuple[str, ...] = ()
    names: dict[str, int] = Field({})
    mode: Literal["near", "far"] = "near"
    size: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    side: int = Field(64, multiple_of=16)
    code: str = Field("a", pattern="a+")
    own: str = ""

    @field_validator("own")
    @classmethod
    def _own(cls, own: str) -> str:
        if own:
            raise ValueError("a note\n is one word")
        return own


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("whole", "many", "a whole number was expected"),
        ("whole", 1.5, "a whole number was expected"),
        ("whole", [], "a whole number was expected"),
        ("whole", 0, "must be at least 1"),
        ("share", "much", "a number was expected"),
        ("share", 0, "must be above 0"),
        ("share", 1, "must be below 1"),
        ("limit", 3, "must be at most 2.5"),
        ("limit", "inf", "a number that is not infinite was expected"),
        ("sure", "perhaps", "yes or no was expected"),
        ("sure", [], "yes or no was expected"),
        ("word", 3, "a text was expected"),
        ("place", 3, "a path was expected"),
        ("words", 3, "a list was expected"),
        ("names", 3, "a mapping of names to values was expected"),
        ("mode", "by", "'near' or 'far' was expected"),
        ("size", "some", "a whole number or 'auto' was expected"),
        ("size", 0, "must be at least 1"),
        ("side", 40, "must be a multiple of 16"),
        ("code", "b", "must match the pattern a+"),
        ("own", "x", "a note is one word"),
    ],
)
def test_each_type_is_told_in_plain_words(name: str, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate({name: value})
    assert what_is_wrong(caught.value.errors()) == words


def test_what_no_table_knows_is_told_as_it_comes() -> None:
    class Model(BaseModel):
        day: date

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"day": "b"})
    assert what_is_wrong(caught.value.errors()).startswith("Input should be a valid date")
