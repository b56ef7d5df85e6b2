"""The training engine: players, steps, backends, faces on the device, checkpoints and history."""
