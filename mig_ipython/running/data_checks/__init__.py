"""Count the rows that a plan would lose or fail on."""
