"""The rows of a review as lines for the views."""

from __future__ import annotations

from ..views.operations import Line
from .model import Review
from .row import Row

CANNOT_BE_DOWNGRADED = "cannot be downgraded"
"""The start of a hint where the downgrade cannot be derived from the operation."""


def lines_of(review: Review) -> tuple[Line, ...]:
    """Return the rows of a review as the views show them."""
    return tuple(
        Line(
            sign=row.sign,
            sentence=row.sentence,
            table=row.table,
            hints=(*((hint.severity, hint.text) for hint in row.hints), *_no_downgrade(row)),
            sql=review.sql(row.number),
            python=review.python(row.number),
            number=row.number,
            accepted=row.accepted,
            group=row.group,
            together=row.together,
        )
        for row in review.rows
    )


def _no_downgrade(row: Row) -> tuple[tuple[str, str], ...]:
    return ((CANNOT_BE_DOWNGRADED, row.no_downgrade),) if row.no_downgrade else ()
