"""The command `faceswap demo`."""

from ..jobs.demo import DemoJob
from .job_command import job_command

command = job_command(DemoJob)
