"""Looking after facesets: what of them is to go, and whom they show."""
