"""What ``env.py``, version files and cells do, found out without running them on a database."""
