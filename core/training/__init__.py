"""The training engine: players, steps, backends, faces on the device and checkpoints."""
