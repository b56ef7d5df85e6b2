"""The command `faceswap generate`."""

from ..jobs.generate import GenerateJob
from .job_command import job_command

command = job_command(GenerateJob)
