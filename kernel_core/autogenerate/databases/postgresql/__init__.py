"""PostgreSQL: its catalog, the SQL that it stores, and what its server decides."""
