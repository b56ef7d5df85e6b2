"""Faces out of trained generators: by number, in pictures and videos."""
