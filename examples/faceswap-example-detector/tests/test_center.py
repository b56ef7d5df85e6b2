"""The conformance suite, and what is this detector's own."""

import numpy as np
from faceswap_center import CenterDetector

from faceswap.testing import parametrize_with_checks


@parametrize_with_checks([CenterDetector, CenterDetector(CenterDetector.Options(share=0.3))])
def test_contract(check):
    check()


def test_box_lies_in_the_middle():
    detector = CenterDetector(CenterDetector.Options(share=0.3))
    found = detector.detect([np.zeros((100, 200, 3), np.uint8)])[0]
    assert found.boxes.tolist() == [[85.0, 35.0, 115.0, 65.0]]
