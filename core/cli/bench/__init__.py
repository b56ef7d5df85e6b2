"""The commands `faceswap bench`: one module for each, imported when it is called."""

from __future__ import annotations

import click

from ..light_group import LightGroup

COMMANDS = {
    "startup": "Measure the seconds of `--help` and `plugins` over a bare interpreter, and with 200 packages.",
    "extraction": "Measure extraction against the bare detector and aligner.",
    "memory": "Measure the peak memory of jobs on long footage against that on short footage.",
    "train": "Measure training steps: against the machine's matrix products, and against plain `train_on_batch`.",
    "convert": "Measure conversion against bare decode, predict and encode, and what each blender costs.",
    "blenders": "Measure each color blender with each composite on performers, against the true swap.",
    "kills": "Kill jobs at random moments, let them continue, and count what was lost.",
    "hostile": "Damage small videos and images, and take them through extraction's reading: nothing may crash or hang.",
    "soak": "Train for long, with many checkpoints, previews and validations; memory and open files must not grow.",
    "store": "Measure opening, sorting and filtering a faceset of many faces.",
    "landmarks": "Measure errors and jitter of landmarks on performers, whose true ones are known.",
    "faces": "Measure which faces detectors miss and invent, how fast they are, and what host and store add.",
    "quality": "Train models for the same time on performers, and measure their swaps against the truth.",
    "study": "Train generators on a performer, measure their faces, and train a model on real and on generated ones.",
}
"""Unit -> summary."""


@click.group(cls=LightGroup, commands=COMMANDS, package=__name__)
def command() -> None:
    """Measure what things cost, and how good they become.

    Figures are ratios of medians over interleaved repeats, so that they hold on noisy machines. Exit code 1 when a
    figure is outside its bounds.
    """
