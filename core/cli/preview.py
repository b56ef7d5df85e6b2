"""The command `faceswap preview`."""

from ..jobs.preview import PreviewJob
from .job_command import job_command

command = job_command(PreviewJob)
