"""Compare the table options of the metadata: engine, character set, collation, row format (MariaDB, MySQL)."""

from __future__ import annotations

from collections.abc import Mapping

from ...operations.kinds.table_options import KNOWN, SetTableOptionsOp
from ...runtime.plugins import Plugin
from ..compare.differences import Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import dialects_where


def setup(plugin: Plugin) -> None:
    """Compare where tables have options."""
    for dialect_name in dialects_where(lambda rules: rules.has_table_options):
        plugin.add_autogenerate_comparator(compare_options, "tables", "table_options", qualifier=dialect_name)


def compare_options(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find tables whose options differ from the metadata; options that it does not state are not compared."""
    for pair in differences.tables:
        there, wanted = _options(context, pair.info.options), _options(context, pair.model.dialect_kwargs)
        if "charset" in wanted and "collate" not in wanted and there.get("charset") == wanted["charset"]:
            wanted.pop("charset")
        changed = {name: value for name, value in wanted.items() if there.get(name) != value}
        if not changed:
            continue
        if changed.keys() & {"charset", "collate"}:  # one implies the other: a downgrade needs both
            changed |= {name: wanted[name] for name in ("charset", "collate") if name in wanted}
        schema, table = pair.info.key
        before = {"row_format": "default"} | {name: there[name] for name in KNOWN if name in there}
        pair.changes.others.append(SetTableOptionsOp(table, schema=schema, existing=before, **changed))


_NAMES = {"default_charset": "charset", "character_set": "charset", "default_character_set": "charset"}
_NAMES |= {"default_collate": "collate"}


def _options(context: AutogenContext, given: Mapping[str, object]) -> dict[str, str]:
    """Return the options that are compared, under one name and with comparable values."""
    found: dict[str, str] = {}
    for key, value in given.items():
        dialect_name, _, name = key.partition("_")
        name = name.lower().replace(" ", "_")
        name = _NAMES.get(name, name)
        if dialect_name == context.dialect.name and name in KNOWN and value is not None:
            found[name] = _value(name, str(value))
    return found


def _value(name: str, value: str) -> str:
    """``utf8`` is the old name of ``utf8mb3``; names of engines are known in any case."""
    lowered = value.lower()
    if name == "charset" and lowered == "utf8":
        return "utf8mb3"
    if name == "collate" and lowered.startswith("utf8_"):
        return lowered.replace("utf8_", "utf8mb3_", 1)
    engines = {"innodb": "InnoDB", "myisam": "MyISAM", "memory": "MEMORY", "aria": "Aria", "csv": "CSV"}
    return engines.get(lowered, value) if name == "engine" else lowered
