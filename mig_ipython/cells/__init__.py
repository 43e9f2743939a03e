"""Cells of a notebook: migrations written by hand, and models declared as often as a person likes."""
