"""What reflection leaves out or misreads, per database, corrected."""

from __future__ import annotations

from collections.abc import Callable

from ..catalogue import Key, TableInfo
from ..context import AutogenContext

Infos = dict[Key, TableInfo]


def correct(context: AutogenContext, infos: Infos) -> None:
    """Correct what was reflected, in place."""
    correction = _CORRECTIONS.get(context.dialect.name)
    if correction is not None and infos:
        correction(context, infos)


def _correct_postgresql(context: AutogenContext, infos: Infos) -> None:
    """Drop the index that backs a constraint, and the default of a SERIAL column, which its sequence owns."""
    for info in infos.values():
        info.indexes = [index for index in info.indexes if "duplicates_constraint" not in index]
        for column in info.columns.values():
            if column.get("owns_sequence"):
                column["default"] = None


def _correct_mysql(context: AutogenContext, infos: Infos) -> None:
    """A unique constraint is an index there (MySQL manual, CREATE TABLE), and shown twice."""
    for info in infos.values():
        doubled = {unique["name"] for unique in info.uniques if unique.get("duplicates_index")}
        info.indexes = [index for index in info.indexes if index["name"] not in doubled]


_CORRECTIONS: dict[str, Callable[[AutogenContext, Infos], None]] = {
    "postgresql": _correct_postgresql,
    "mysql": _correct_mysql,
    "mariadb": _correct_mysql,
}
