"""By which blenders each frame is treated, and which frames are left as they are."""

from __future__ import annotations

from dataclasses import dataclass

from .chain import BlenderChain


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames that are treated apart.

    Attributes:
        first: The place of the first.
        last: The place of the last.
        chain: Their chain.
    """

    first: int
    last: int
    chain: BlenderChain


@dataclass(frozen=True, eq=False)
class Shots:
    """The chains of a conversion.

    A frame's place is its presentation time in a video, its position among images.

    Attributes:
        chain: The chain of the frames that are swapped.
        first: The place of the first of them; None: the footage's first.
        last: The place of the last; None: the footage's last.
        apart: Stretches with chains of their own, which do not overlap.
        seen: The places of the first and the last frame whose faces blenders may look at; None: the footage's ends.
    """

    chain: BlenderChain
    first: int | None = None
    last: int | None = None
    apart: tuple[Stretch, ...] = ()
    seen: tuple[int, int] | None = None

    @property
    def context(self) -> int:
        """How many frames before and after a face the chains need to know of."""
        return max(chain.context for chain in (self.chain, *(stretch.chain for stretch in self.apart)))

    def chain_at(self, place: int) -> BlenderChain | None:
        """The chain of a frame; None for one that is left as it is."""
        before = self.first is not None and place < self.first
        behind = self.last is not None and place > self.last
        if before or behind:
            return None
        own = (stretch.chain for stretch in self.apart if stretch.first <= place <= stretch.last)
        return next(own, self.chain)

    def sees(self, place: int) -> bool:
        """Whether a frame's faces matter: those of one that is left as it is to the frames around, too."""
        return self.seen is None or self.seen[0] <= place <= self.seen[1]
