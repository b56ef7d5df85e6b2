"""The command `faceswap convert`."""

from ..jobs.convert import ConvertJob
from .job_command import job_command

command = job_command(ConvertJob)
