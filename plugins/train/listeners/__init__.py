"""Listeners of training."""
