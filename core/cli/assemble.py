"""The command `faceswap assemble`."""

from ..jobs.assemble import AssembleJob
from .job_command import job_command

command = job_command(AssembleJob)
