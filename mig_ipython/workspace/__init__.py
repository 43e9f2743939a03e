"""The parts of a workspace: connection, environment, models, settings, and the current revisions."""
