"""The proposals of autogenerate: compared, reviewed, and written as a version file."""
