"""How swapped faces get back into footage: the blender chain, the geometry of a patch, the stream, the outputs."""
