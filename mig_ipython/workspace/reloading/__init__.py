"""Edited modules of the project: detected, and imported again for one command or for the kernel."""
