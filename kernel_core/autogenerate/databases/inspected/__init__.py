"""Any other database: read by the Inspector of SQLAlchemy."""
