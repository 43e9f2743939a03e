"""Replace what differs in each run of a lesson, so that a build is the same each time: dates, and hashes of files."""

from __future__ import annotations

import re
from typing import cast

from kernel_core.util.exc import CommandError

from ..folder import Contents
from ..sealed import Json

_RANDOM = re.compile(r"^revision(?:: str)? = ['\"]([0-9a-f]{12})['\"]", re.MULTILINE)
_DATE = re.compile(r"(Create Date: )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
_JOURNAL = "_journal"
_MOMENT = "2013-01-01 08:00:00"


def reproducible(contents: Contents) -> Contents:
    """Return the contents with one date everywhere; raises CommandError for a revision whose id is random."""
    return Contents({path: _without_dates(path, content) for path, content in contents.files.items()})


def _without_dates(path: str, content: Json) -> Json:
    if isinstance(content, str):
        if _RANDOM.search(content):
            raise CommandError(f"{path} has a random id. Give each revision of the setup and the solutions an --id.")
        return _DATE.sub(rf"\g<1>{_MOMENT}", content)
    database = cast("dict[str, Json]", content)
    rows = cast("dict[str, list[list[Json]]]", database["rows"])
    noted = {
        table: [_noted(row) if table.endswith(_JOURNAL) else row for row in found] for table, found in rows.items()
    }
    return {**database, "rows": cast("Json", noted)}


def _noted(row: list[Json]) -> list[Json]:
    """Return a row of the journal on the content of a file: its date, and the hash of its text with the date, differ.

    The text's hash may be any other: then the hash of the syntax tree decides, which is kept.
    """
    revision, number, kind, tree, text, _ = row
    return [revision, number, kind, tree, tree if kind == "content" else text, _MOMENT]
