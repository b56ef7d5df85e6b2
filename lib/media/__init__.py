"""The one door to media: what a path holds, its frames by (source, time), and writing them back.

Everything that touches FFmpeg goes through here. Convention throughout: pictures are RGB `[height width 3]`,
row 0 on top, upright; times are integers in the stream's time base.
"""

from .animation import animate
from .codecs import CODECS, PRESETS, VIDEO_ENDINGS, built_in, codec_for
from .copies import lost_streams
from .encoding import Encoding, require_video_output
from .footage import VideoWriter
from .frame import Frame
from .gathering import VIDEO_INPUT_ENDINGS, Gathered, gather
from .identity import fingerprints
from .image_folder import ImageFolder
from .images import IMAGE_ENDINGS, Finish, list_images, read_image, require_image_ending, write_image
from .join import Beside, join
from .medium import Chunk, ColorTags, FrameKey, Medium
from .orientation import Orientation
from .probe import probe
from .reader import FrameReader, read_chunk, read_frames
from .segments import SegmentWriter
from .selection import Selection, time_in_words
from .timeline import Span, Timeline, scan, split
from .timing import TIMING_NAME, Timing, untold

__all__ = [
    "CODECS",
    "IMAGE_ENDINGS",
    "PRESETS",
    "TIMING_NAME",
    "VIDEO_ENDINGS",
    "VIDEO_INPUT_ENDINGS",
    "Beside",
    "Chunk",
    "ColorTags",
    "Encoding",
    "Finish",
    "Frame",
    "FrameKey",
    "FrameReader",
    "Gathered",
    "ImageFolder",
    "Medium",
    "Orientation",
    "SegmentWriter",
    "Selection",
    "Span",
    "Timeline",
    "Timing",
    "VideoWriter",
    "animate",
    "built_in",
    "codec_for",
    "fingerprints",
    "gather",
    "join",
    "list_images",
    "lost_streams",
    "probe",
    "read_chunk",
    "read_frames",
    "read_image",
    "require_image_ending",
    "require_video_output",
    "scan",
    "split",
    "time_in_words",
    "untold",
    "write_image",
]
