"""Statements that PostgreSQL refuses run again where any row is taken, and the rows are counted."""
