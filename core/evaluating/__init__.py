"""Measuring faces with metrics: what is compared with what, and the report."""
