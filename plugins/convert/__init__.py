"""Blenders."""
