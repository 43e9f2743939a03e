"""Export revisions into one file: an SQL script, or a self-contained HTML page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields

from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError
from kernel_core.util.files import replace as put
from kernel_core.util.secrets import redact

from ..views.graph import RevisionGraph
from ..views.history import History
from ..views.html import Html, details, join, page, tag
from ..views.revisions import Entry, broken_files, entries
from ..views.schema import TABLES_APART, SchemaView
from ..views.source import code
from ..views.style import PAGE_CSS
from ..views.view import View
from ..workspace.heads import heads_if_connected
from ..workspace.workspace import Workspace
from .execution import run

SQL_MARK = "-- Written by %mig_export"
HTML_MARK = "<!doctype html><!-- Written by %mig_export -->"


@dataclass(frozen=True, eq=False, repr=False)
class Exported(View):
    """A file that was written: its ``path``, and its ``size`` in bytes."""

    path: str
    size: int
    what: str

    def __fspath__(self) -> str:
        return self.path

    def text(self) -> str:
        return f"Wrote {self.what} to {os.path.relpath(self.path)} ({self.size:,} bytes)"

    def html(self) -> Html:
        return page(
            tag("p", f"Wrote {self.what} to ", tag("code", os.path.relpath(self.path)), f" ({self.size:,} bytes)")
        )


def export_sql(workspace: Workspace, rev_range: str | None, path: str, *, replace: bool = False) -> Exported:
    """Write the SQL of a range (by default all) for the connected database, where nothing is run."""
    low, _, high = (rev_range or "base:heads").partition(":")
    if rev_range and ":" not in rev_range:
        raise CommandError(f"{rev_range!r} is not a range. Write it as from:to, from: or :to.")
    script = run(workspace, "upgrade", f"{low or 'base'}:{high or 'heads'}", sql=True).sql or ""
    head = f"{SQL_MARK}: {rev_range or 'all revisions'}, for {workspace.connection.dialect}.\n\n"
    return _write(path, head + script, SQL_MARK, f"the SQL of {rev_range or 'all revisions'}", replace)


def export_html(workspace: Workspace, rev_range: str | None, path: str, *, replace: bool = False) -> Exported:
    """Write the history, its graph and every source of a range (by default all) as a page; nothing is run."""
    scripts = workspace.scripts(rev_range)
    current = heads_if_connected(workspace)
    listed = entries(scripts, current, rev_range)
    where, broken = workspace.where_if_connected, broken_files(scripts)
    title = f"Revisions of {workspace.environment.shown}"
    body = join(
        (
            tag("h1", title),
            History(listed, broken, where).html(),
            tag("h2", "Graph"),
            RevisionGraph(listed, broken).html(),
            tag("h2", "Schema"),
            page(*_schemas(scripts, listed), label="Schema"),
            tag("h2", "Sources"),
            page(*(_source(scripts, entry) for entry in listed), label="Sources"),
        )
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", title),
        tag("style", Html(PAGE_CSS)),
    )
    text = f"{HTML_MARK}\n{tag('html', head, tag('body', tag('main', body)), lang='en')}\n"
    return _write(path, text, HTML_MARK, f"{rev_range or 'all revisions'} as a page", replace)


DRAWN = 200
"""The most revisions that have a diagram in a page."""


def _schemas(scripts: ScriptDirectory, listed: Sequence[Entry]) -> Iterator[Html]:
    """Yield the schema after each revision, oldest first; a large one is drawn as far as it changed."""
    from kernel_core.schema import history_of

    drawn = [entry.revision for entry in listed[:DRAWN]]
    if len(listed) > DRAWN:
        yield tag("p", f"Only the last {DRAWN} revisions are drawn here.", class_="mig-where")
    docs = {entry.revision: entry.doc for entry in listed}
    for each in history_of(scripts, drawn):
        large = len(each.description.tables) > TABLES_APART
        view = SchemaView(replace_fields(each, changed_only=large))
        title = (tag("code", each.found.revision), f" {docs.get(each.found.revision) or 'no message'}")
        yield details(join(title), *view.body(with_tables=False))


def _source(scripts: ScriptDirectory, entry: Entry) -> Html:
    script = scripts.get_revision(entry.revision)
    assert script is not None
    marks = tag("span", f" ({', '.join(dict.fromkeys((entry.state, *entry.marks)))})", class_="mig-where")
    title = (tag("code", script.revision), f" {script.doc or 'no message'}", marks)
    return details(join(title), code(script.source, "python"), shown=True)


def _write(path: str, text: str, mark: str, what: str, replace: bool) -> Exported:
    """Write the file; raises CommandError where it exists, is not an export, and ``replace`` is false."""
    target = os.path.abspath(path)
    if not os.path.isdir(os.path.dirname(target)):
        raise CommandError(f"{path}: its folder does not exist. Make it first, or choose another path.")
    if os.path.isdir(target):
        raise CommandError(f"{path} is a folder. Name a file in it.")
    if os.path.exists(target) and not replace:
        with open(target, encoding="utf-8", errors="replace") as stream:
            if stream.read(len(mark)) != mark:
                raise CommandError(f"{path} exists and is not an export; it was not changed. Add --yes to replace it.")
    content = redact(text)
    put(target, content)
    masked = "" if content == text else "; secrets in it are written as ***"
    return Exported(target, len(content.encode()), what + masked)
