"""What generators share whose layers double the picture, and which learn whole faces."""

from __future__ import annotations

from pydantic import Field, field_validator

from ...core.contract import CropSpec
from ...core.kinds import Generator


class DoublingGenerator(Generator):
    """Base of generators of faces from the chin to the forehead, whose side is a power of two."""

    class Options(Generator.Options):
        """How large the faces are."""

        size: int = Field(64, ge=8, le=256, description="Side of the pictures in pixels, a power of two from 8 to 256.")

        @field_validator("size")
        @classmethod
        def _power_of_two(cls, size: int) -> int:
            if size & (size - 1):
                raise ValueError("must be a power of two: each layer doubles the picture")
            return size

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The face from the chin to the forehead."""
        return CropSpec(size=self.options.size, face_type="full")
