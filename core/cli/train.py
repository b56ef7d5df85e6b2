"""The command `faceswap train`."""

from ..jobs.train import TrainJob
from .job_command import job_command

command = job_command(TrainJob)
