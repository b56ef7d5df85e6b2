"""Looking after facesets: whom they show, whose faces a job is about, what is to go."""
