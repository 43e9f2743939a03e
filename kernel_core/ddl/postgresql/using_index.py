"""ADD CONSTRAINT ... USING INDEX: a unique constraint or primary key of an index that exists.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX
"""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import AddConstraint, Constraint
from sqlalchemy.sql.compiler import DDLCompiler


class AddConstraintUsingIndex(AddConstraint):
    """The statement for ``constraint``, whose index has the name ``index``."""

    def __init__(self, constraint: Constraint, index: str) -> None:
        super().__init__(constraint)
        self.index = index


@compiles(AddConstraintUsingIndex, "postgresql")
def _add_constraint(element: AddConstraintUsingIndex, compiler: DDLCompiler, **kw: object) -> str:
    constraint = element.element
    kind = "PRIMARY KEY" if isinstance(constraint, PrimaryKeyConstraint) else "UNIQUE"
    name = compiler.preparer.format_constraint(constraint)
    table = compiler.preparer.format_table(constraint.table)
    timing = compiler.define_constraint_deferrability(constraint)
    named = f"CONSTRAINT {name} " if name else ""
    return f"ALTER TABLE {table} ADD {named}{kind} USING INDEX {compiler.preparer.quote(element.index)}{timing}"
