"""Plugins that turn footage into faces."""
