"""What a user wants done: one file per job, each readable from top to bottom."""
