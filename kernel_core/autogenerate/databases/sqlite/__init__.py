"""SQLite: its catalog is read from pragmas and the stored CREATE statements."""
