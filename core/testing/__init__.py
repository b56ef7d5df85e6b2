"""The conformance suite: named checks that every plugin of a kind passes. Its public door is `faceswap.testing`."""
