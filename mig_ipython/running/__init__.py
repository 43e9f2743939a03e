"""Runs on the database: plan, confirmation, progress, execution, report, export."""
