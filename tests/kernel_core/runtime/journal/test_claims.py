"""What is true after a statement of MariaDB, by which a stopped revision is found executed or not."""

import pytest

from kernel_core.runtime.journal.claims import Claim, claim_of


@pytest.mark.parametrize(
    ("statement", "claim"),
    [
        ("RENAME TABLE a TO b", Claim("exists", "TABLE", "b")),
        ("RENAME TABLE a", None),
        ("ALTER TABLE t MODIFY a INT", Claim("repeatable")),
        ("ALTER TABLE t MODIFY a INT, ADD COLUMN b INT", Claim("exists", "COLUMN", "b", table="t")),
        ("ALTER TABLE t DROP COLUMN a, ADD COLUMN a INT", None),
    ],
)
def test_what_is_true_after_a_statement(statement: str, claim: Claim | None) -> None:
    assert claim_of(statement, "mysql") == claim
