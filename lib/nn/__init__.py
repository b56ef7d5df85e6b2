"""Networks, losses and augmentation in `keras.layers` and `keras.ops` alone, so that they run on every backend.

These files are the only ones of the toolbox that import Keras; nothing of them is loaded before a network is needed.
"""
