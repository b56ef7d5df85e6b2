"""Swap models."""
