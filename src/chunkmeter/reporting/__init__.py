"""Turns a settled call into span attributes and metric points."""
