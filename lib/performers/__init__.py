"""Performers: people rendered from one public-domain portrait, who act scripts before a camera.

Two people can act the same script, so the true result of swapping their faces is known for each frame:

    take = Take(BEARDED, Script(seed=2))
    frame, mask, truth = take.frame(0), take.face_mask(0), Truth(SITTER, take).frame(0)

From the portrait to the frame: `portrait` and its landmarks; `reshape` and `makeup` make the second person;
`acting` (expression) and `head` (turn) move the landmarks; `actor` bends the picture after them (`spline`, with `slit`
and `mouth` for eyelids, lips and teeth); `grade` colors it; `take` lays it over the scene. `script` and `voice` act.
"""

from .acting import Pose
from .grade import Grade
from .script import Script
from .take import BEARDED, SITTER, Performer, Take, Truth
from .voice import soundtrack

__all__ = ["BEARDED", "SITTER", "Grade", "Performer", "Pose", "Script", "Take", "Truth", "soundtrack"]
