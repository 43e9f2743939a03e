"""The journal: how far a revision got that no rollback can undo, so that it can be resumed or abandoned."""
