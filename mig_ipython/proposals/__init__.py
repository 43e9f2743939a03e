"""What autogenerate proposes: compared, reviewed, and written as a version file."""
