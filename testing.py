"""The public door to the conformance suite: `from faceswap.testing import parametrize_with_checks`."""

from .core.testing.checks import CheckRecord, Sample, check_plugin, parametrize_with_checks

__all__ = ["CheckRecord", "Sample", "check_plugin", "parametrize_with_checks"]
