"""The keyless second layer: XMP that says of a picture that a trained model had a hand in it.

It survives where manifests are stripped but metadata are kept, and can be removed or forged by anyone.
Reference: IPTC Photo Metadata Standard 2023.1, "Digital Source Type".
"""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""A picture of which a part comes from a trained model."""

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""A picture that comes from a trained model as a whole."""

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' Iptc4xmpExt:DigitalSourceType="{}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_SAID = re.compile(rb"Iptc4xmpExt:DigitalSourceType(?:=[\"']|>\s*)([^\"'<\s]{1,200})")
_BOX_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Of XMP in the ISO base media file format (XMP Specification, part 3)."""
_BOXED = frozenset({".mp4", ".mov"})
_ENDS = 1 << 18


def packet(source_type: str = COMPOSITE) -> bytes:
    """The XMP that names a digital source type."""
    return _PACKET.format(source_type).encode()


def append_to_video(path: Path, name: Path, source_type: str = COMPOSITE) -> None:
    """Appends the mark to a whole mp4 or mov as a box of its own, which moves nothing; leaves other videos alone.

    Args:
        path: The file.
        name: The name that it will have.
        source_type: The digital source type.
    """
    if name.suffix.lower() in _BOXED:
        content = packet(source_type)
        with path.open("ab") as file:
            file.write(struct.pack(">I4s", 24 + len(content), b"uuid") + _BOX_ID + content)


def source_type_in(path: Path) -> str | None:
    """The digital source type that the XMP at a file's beginning or end names, if any does."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        ends = file.read(_ENDS)
        file.seek(max(0, size - _ENDS))
        ends += file.read(_ENDS)
    found = _SAID.search(ends)
    return found[1].decode("utf-8", "replace") if found else None
