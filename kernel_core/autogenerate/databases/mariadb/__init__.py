"""MariaDB and MySQL: the information schema, and what their servers decide."""
