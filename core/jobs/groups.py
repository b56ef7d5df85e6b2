"""The headings under which help lists the settings of jobs. Each setting names its own, as its schema then does too."""

from __future__ import annotations

from pydantic import JsonValue

Group = dict[str, JsonValue]
"""What a setting is declared with, as `json_schema_extra`."""

MODEL: Group = {"group": "Which model"}
LEARNED: Group = {"group": "What it learns from"}
FOOTAGE: Group = {"group": "Which frames"}
PEOPLE: Group = {"group": "Whose faces"}
MADE: Group = {"group": "What is made"}
MEASURED: Group = {"group": "What is measured"}
FINDING: Group = {"group": "How faces are found"}
LENGTH: Group = {"group": "How long it trains"}
LEARNING: Group = {"group": "How the model learns"}
VARIETY: Group = {"group": "How faces are varied"}
WATCHING: Group = {"group": "What is saved, shown and measured meanwhile"}
BLENDING: Group = {"group": "How faces are blended"}
OUTPUT: Group = {"group": "What is written"}
PROVENANCE: Group = {"group": "What it says of itself"}
RUNNING: Group = {"group": "How it runs"}

_ORDER = (
    *(MODEL, LEARNED, FOOTAGE, PEOPLE, MADE, MEASURED, FINDING),
    *(LENGTH, LEARNING, VARIETY, WATCHING, BLENDING, OUTPUT, PROVENANCE, RUNNING),
)
HEADINGS = tuple(str(each["group"]) for each in _ORDER)
"""All of them, in the order in which people meet them."""
