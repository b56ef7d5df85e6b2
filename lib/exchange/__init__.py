"""Faces to and from the files of other tools; none of them is ever executed."""
