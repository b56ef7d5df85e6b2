"""Plugins that are trained."""
