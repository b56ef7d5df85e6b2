"""The command `faceswap evaluate faces`."""

from ...jobs.evaluate_faces import EvaluateFacesJob
from ..job_command import job_command

command = job_command(EvaluateFacesJob, "faces")
