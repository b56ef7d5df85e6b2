"""Extraction: the chain of plugins that a frame goes through, and the work of one chunk of frames."""
