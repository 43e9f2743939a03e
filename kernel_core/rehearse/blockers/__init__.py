"""Why an operation failed on the clone: the rows that it cannot take, all of them, with a query that finds them."""
