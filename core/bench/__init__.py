"""What things cost, against the bare libraries in the same run on the same machine."""
