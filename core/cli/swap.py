"""The command `faceswap swap`."""

from ..jobs.swap import SwapJob
from .job_command import job_command

command = job_command(SwapJob)
