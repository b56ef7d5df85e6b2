"""Maskers."""
