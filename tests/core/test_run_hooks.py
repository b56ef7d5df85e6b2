"""The hooks of listeners say what events say, no more and no less."""

from __future__ import annotations

import inspect
import re
import tempfile
from pathlib import Path
from typing import get_args

import pytest

from faceswap.core import events, run_hooks
from faceswap.core.testing.listener import whole_run

HOOKS = {name: spec for name, spec in vars(run_hooks).items() if name.startswith("faceswap_")}
EVENTS = get_args(events.AnyEvent)


def _samples():
    with tempfile.TemporaryDirectory() as folder:
        return [event for outcome in ("done", "failed") for event in whole_run(Path(folder), outcome)]


def test_the_hooks_are_those_of_the_events() -> None:
    assert {event.hook for event in EVENTS if event.hook} == set(HOOKS)
    assert {event.__name__ for event in EVENTS if not event.hook} == {"Noted", "Progress", "Warned"}


@pytest.mark.parametrize("event", _samples(), ids=lambda event: event.type)
def test_a_hook_takes_what_its_event_says(event) -> None:
    parameters = inspect.signature(HOOKS[event.hook]).parameters
    assert set(event.arguments()) == set(parameters)


def test_every_event_with_a_hook_is_among_the_samples() -> None:
    assert {type(event) for event in _samples()} == {event for event in EVENTS if event.hook}


def test_samples_survive_json() -> None:
    samples = _samples()
    assert [events.EVENT.validate_json(event.model_dump_json()) for event in samples] == samples


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_is_typed_and_explained(hook) -> None:
    parameters = inspect.signature(HOOKS[hook]).parameters
    explained = re.findall(r"^        (\w+): ", HOOKS[hook].__doc__, re.MULTILINE)
    assert sorted(explained) == sorted(parameters)
    assert all(parameter.annotation is not parameter.empty for parameter in parameters.values())


def test_arguments_are_a_copy() -> None:
    event = events.TrainingStep(job="a", step=1, steps=1, losses={"source": 1.0})
    event.arguments()["losses"].clear()
    assert event.losses == {"source": 1.0}
