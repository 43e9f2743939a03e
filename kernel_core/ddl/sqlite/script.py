"""Foreign keys in an offline script for SQLite: off while tables are rebuilt, checked before COMMIT, and on again.

The order is that of https://sqlite.org/lang_altertable.html, section 7. ``PRAGMA foreign_keys`` has no effect inside a
transaction (https://sqlite.org/pragma.html#pragma_foreign_keys), so that it is printed before BEGIN and after COMMIT.
"""

from __future__ import annotations

from collections.abc import Sequence

_REASON = (
    "-- A table is rebuilt below. With foreign keys on, dropping the old table would delete the rows that refer to it."
)
_OFF = "PRAGMA foreign_keys=OFF;"
_ON = "PRAGMA foreign_keys=ON;"
AROUND_REBUILD = (f"{_REASON}\n{_OFF}", _ON)
"""Printed before and after a rebuild outside of any transaction."""
_REMEMBER = (
    f"{_REASON}\nDROP TABLE IF EXISTS temp._mig_foreign_keys;",
    """\
CREATE TEMP TABLE _mig_foreign_keys (
\tallowed INTEGER,
\tdangling INTEGER,
\tCONSTRAINT foreign_keys_would_be_broken CHECK (dangling <= allowed)
);""",
    # No row where foreign keys are off: then nothing is checked, as in a live run.
    """\
INSERT INTO _mig_foreign_keys
SELECT (SELECT count(*) FROM pragma_foreign_key_check), 0 FROM pragma_foreign_keys WHERE foreign_keys;""",
)
_CHECK = """\
-- Rolls back if more rows than before refer to missing rows.
UPDATE OR ROLLBACK _mig_foreign_keys SET dangling = (SELECT count(*) FROM pragma_foreign_key_check);"""

_SWITCH_ON = f"-- Leave this out where foreign keys were off before the script.\n{_ON}"


def without_foreign_keys(transaction: Sequence[str], *, is_first: bool) -> list[str]:
    """Return the statements from BEGIN to COMMIT, without foreign keys and with a check before COMMIT.

    ``is_first`` is whether no earlier transaction of the script is without foreign keys.
    """
    *statements, commit = transaction
    return [*(_REMEMBER if is_first else ()), _OFF, *statements, _CHECK, commit, _SWITCH_ON]
