"""The command `faceswap evaluate swap`."""

from ...jobs.evaluate_swap import EvaluateSwapJob
from ..job_command import job_command

command = job_command(EvaluateSwapJob, "swap")
