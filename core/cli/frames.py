"""The command `faceswap frames`."""

from ..jobs.frames import FramesJob
from .job_command import job_command

command = job_command(FramesJob)
