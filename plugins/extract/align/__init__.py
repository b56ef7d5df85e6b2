"""Aligners."""
