"""What a run would do, how it goes on, and what it has done: planned, confirmed, carried out on a database."""
