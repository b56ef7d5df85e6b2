"""Where a picture comes from and what was done to it: signed C2PA manifests, an XMP mark, records of consent.

Nothing here knows a job or a plugin, and nothing goes online. `c2pa` and `cryptography` are imported where they are
used.
"""
