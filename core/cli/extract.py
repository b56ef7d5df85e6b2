"""The command `faceswap extract`."""

from ..jobs.extract import ExtractJob
from .job_command import job_command

command = job_command(ExtractJob)
