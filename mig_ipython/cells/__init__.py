"""Cells that define something: migrations written by hand, and models."""
