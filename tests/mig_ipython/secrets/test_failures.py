"""A password in every kind of failure: it is not in anything that is shown, logged or written."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

FIRST = """
revision = "a1"
down_revision = None
from alembic import op
import os
URL = os.environ["SHOP"]
def upgrade():
    {body}
def downgrade():
    pass
"""


class Watched:
    """A notebook of which everything is kept that it shows; the cells themselves are what the person typed."""

    def __init__(self, notebook: Any, secret: Any, folder: Path, capsys: Any, log: logging.Handler) -> None:
        self.notebook, self.secret, self.folder, self.capsys, self.log = notebook, secret, folder, capsys, log
        self.shown: list[str] = []
        self.placed: set[Path] = set()

    def run(self, cell: str, *, fails: bool = False) -> Any:
        """Run a cell; keep what is printed, its result in every form, its error and the whole of ``%tb``."""
        done = self.notebook.shell.run_cell(cell)
        error = done.error_before_exec or done.error_in_exec
        assert (error is not None) == fails, [*self.keep(), cell]
        if error is not None:
            self.shown += [str(error), repr(error), "".join(traceback.format_exception(error, limit=0))]
            for chained in _chain(error):
                self.shown += [str(chained), repr(chained), repr(chained.args)]
            self.notebook.shell.run_cell("%tb")
        elif done.result is not None:
            value = done.result
            self.shown += [repr(value), str(value)]
            bundle = getattr(value, "_repr_mimebundle_", None)
            self.shown += [str(bundle())] if bundle else []
        self.keep()
        return done.result

    def keep(self) -> list[str]:
        printed = self.capsys.readouterr()
        self.shown += [printed.out, printed.err]
        return self.shown

    def place(self, path: str, text: str) -> None:
        """Put a file there as the person has it; it is not searched."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        self.placed.add(target)

    def revision(self, body: str, doc: str = "First") -> None:
        self.place("migrations/versions/a1_first.py", f'"""{doc}"""\n' + FIRST.format(body=body))

    def ready(self) -> None:
        self.run("%mig_connect sqlite:///dev.db\n%mig_init migrations")

    def leaks(self) -> list[str]:
        """Return every place at which the password shows."""
        self.keep()
        found = [leak for shown in self.shown for leak in self.secret.leaks(shown)]
        found += [f"log: {leak}" for line in self.log.lines for leak in self.secret.leaks(line)]
        for path in self.folder.rglob("*"):
            if (
                path.is_file()
                and path not in self.placed
                and ".ipython" not in path.parts
                and path.suffix not in COMPILED
            ):
                found += [f"{path.name}: {leak}" for leak in self.secret.leaks(path.read_bytes())]
        return found


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


COMPILED = (".pyc", ".code")
"""Byte code holds what the file holds from which it was compiled."""


class Lines(logging.Handler):
    """Every record of every logger, formatted, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def book(notebook, secret, tmp_path, capsys, monkeypatch) -> Iterator[Watched]:
    """A watched notebook; the URL with the password is in the variable ``$SHOP``, the password in ``$SHOP_PASSWORD``."""
    monkeypatch.setenv("SHOP", secret.url())
    monkeypatch.setenv("SHOP_PASSWORD", secret.plain)
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield Watched(notebook, secret, tmp_path, capsys, handler)
    root.removeHandler(handler)
    root.setLevel(level)


FAILURES: list[Callable[[Watched], None]] = []


def failure(act: Callable[[Watched], None]) -> Callable[[Watched], None]:
    """Make ``act`` one of the ways to fail."""
    FAILURES.append(act)
    return act


@failure
def a_host_that_does_not_answer(book):
    book.run("%mig_connect $SHOP", fails=True)


@failure
def a_host_that_does_not_exist(book):
    book.run(f"%mig_connect {book.secret.url('nowhere.invalid/shop')}", fails=True)


@failure
def a_url_typed_into_the_cell(book):
    book.run(f"%mig_connect {book.secret.url()}", fails=True)


@failure
def a_password_typed_unquoted(book):
    for plain in ("a@b:c/", "", "x y", "it's"):
        book.run(f'%mig_connect "postgresql+psycopg://ada:{plain}{book.secret.plain}@127.0.0.1:1/shop"', fails=True)


@failure
def a_port_that_is_no_number(book):
    book.run(f"%mig_connect {book.secret.url('127.0.0.1:port/shop')}", fails=True)


@failure
def a_password_in_the_query(book):
    book.run(f"%mig_connect 'postgresql+psycopg://127.0.0.1:1/shop?user=ada&password={book.secret.quoted}'", fails=True)


@failure
def a_password_in_the_query_that_works(book):
    book.run(f"%mig_connect 'sqlite:///file:dev.db?uri=true&password={book.secret.quoted}'")
    book.run("from mig_ipython import mig\nengine = mig.session.connection.engine\nengine")
    book.run("%mig_connections")
    book.run("%mig_init migrations\n%mig_history nonsense", fails=True)


@failure
def an_odbc_string(book):
    from urllib.parse import quote_plus

    odbc = quote_plus(f"DRIVER=x;SERVER=127.0.0.1;UID=ada;PWD={{{book.secret.plain}}}")
    book.run(f"%mig_connect mssql+pyodbc://?odbc_connect={odbc}", fails=True)


@failure
def a_missing_driver(book):
    book.run(f"%mig_connect {book.secret.url(driver='postgresql+psycopg2')}", fails=True)


@failure
def an_unknown_dialect(book):
    book.run(f"%mig_connect {book.secret.url(driver='postgrse')}", fails=True)


@failure
def a_url_without_a_scheme(book):
    book.run(f"%mig_connect ada:{book.secret.quoted}@127.0.0.1/shop", fails=True)


@failure
def an_open_quote(book):
    book.run(f"%mig_connect '{book.secret.url()}", fails=True)


@failure
def a_url_where_another_word_is_expected(book):
    book.ready()
    book.run("%mig_revision -m x --id a1")
    url = book.secret.url()
    book.place("url.txt", "")
    for command in ("upgrade", "downgrade", "stamp", "show", "history", "graph", "open", "close", "diff", "check"):
        book.run(f"%mig_{command} {url}", fails=True)
    book.run(f"%mig_current {url}", fails=True)
    book.run(f"%mig {url}", fails=True)
    book.run(f"%mig_upgrade head {url}", fails=True)
    book.run(f"%mig_upgrade --{url}", fails=True)


@failure
def an_unset_variable(book):
    book.run(f"%mig_connect ${book.secret.url()}", fails=True)


@failure
def an_env_py_that_tells_the_url(book):
    book.ready()
    book.place("migrations/env.py", "import os\nurl = os.environ['SHOP']\nraise RuntimeError(f'{url} is wrong')\n")
    book.run("%mig_upgrade", fails=True)
    book.run("%mig_autogenerate", fails=True)


@failure
def an_env_py_that_tells_the_password(book):
    book.ready()
    book.place("migrations/env.py", "import os\nraise ValueError(os.environ['SHOP_PASSWORD'], b'raw')\n")
    book.run("%mig_upgrade", fails=True)


@failure
def an_env_py_with_a_syntax_error_at_the_url(book):
    book.ready()
    book.place("migrations/env.py", f"url = ('{book.secret.url()}'\nif\n")
    book.run("%mig_upgrade", fails=True)
    book.place("migrations/env.py", f"url = '{book.secret.url()}' if\n")
    book.run("%mig_upgrade", fails=True)


@failure
def an_env_py_that_prints_the_url_in_a_chain_of_errors(book):
    book.ready()
    book.place(
        "migrations/env.py",
        "import os\ntry:\n    int(os.environ['SHOP'])\nexcept ValueError as error:\n"
        "    raise LookupError(os.environ['SHOP_PASSWORD']) from error\n",
    )
    book.run("%mig_upgrade", fails=True)


@failure
def an_env_py_of_alembic_for_another_database(book):
    book.run("%mig_connect sqlite:///dev.db")
    book.place("migrations/versions/.keep", "")
    book.place("migrations/script.py.mako", "")
    book.place("migrations/env.py", "from alembic import context\ncontext.run_migrations()\n")
    book.place(
        "alembic.ini",
        f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {book.secret.url().replace('%', '%%')}\n",
    )
    book.run("%mig_open alembic.ini")
    book.run("%mig_upgrade", fails=True)
    book.run("%mig")


@failure
def a_section_of_an_ini_file(book):
    url, quoted = book.secret.url(), book.secret.url().replace("%", "%%")
    parts = "drivername=postgresql+psycopg\nhost=127.0.0.1\nport=1\nusername=ada\n"
    password = book.secret.plain.replace("%", "%%")
    for text in (
        f"sqlalchemy.url = {quoted}",
        f"sqlalchemy.url = {url}",
        f"{parts}password={password}",
        f"{parts}password={book.secret.plain}",
        f"password={password}",
        f"url = {quoted} no url",
        f"{url}",
        f"{parts}query={url}",
    ):
        book.place("connections.ini", f"[shop]\n{text}\n")
        book.run("%mig_connect @shop", fails=True)
        book.run("%mig_connect @nothing", fails=True)
    book.place("connections.ini", f"{url}\n")
    book.run("%mig_connect @shop", fails=True)


@failure
def an_ini_with_a_percent_sign_that_starts_nothing(book):
    book.ready()
    ini = (book.folder / "migrations" / "alembic.ini").read_text()
    env = "from alembic import context\nprint(context.config.get_section('alembic'))\n"
    book.place("migrations/env.py", env)
    book.place("migrations/alembic.ini", ini + f"\nsqlalchemy.url = {book.secret.url()}\n")
    book.run("%mig_open migrations/alembic.ini\n%mig_upgrade", fails=True)


@failure
def an_ini_that_cannot_be_read(book):
    book.place(
        "alembic.ini", f"[alembic]\nscript_location = x\n{book.secret.url().replace(':', '').replace('=', '')}\n"
    )
    book.run("%mig_open alembic.ini", fails=True)
    book.place("alembic.ini", f"{book.secret.url()}\n")
    book.run("%mig_open alembic.ini", fails=True)


@failure
def a_toml_that_cannot_be_read(book):
    book.place("pyproject.toml", f"[tool.alembic]\nscript_location = 'x'\nurl = {book.secret.url()}\n")
    book.run("%mig_open pyproject.toml", fails=True)


@failure
def a_migration_that_tells_the_url(book):
    book.ready()
    book.revision("raise RuntimeError('cannot reach ' + URL)")
    book.run("%mig_upgrade", fails=True)
    book.run("%mig_status")


@failure
def a_migration_that_prints_and_logs_the_password(book):
    book.ready()
    book.revision("raise KeyError(os.environ['SHOP_PASSWORD'])")
    book.run("%mig_upgrade", fails=True)


@failure
def sql_with_the_url_in_it_that_fails(book):
    book.ready()
    book.revision("op.execute(f\"SELECT nonsense FROM nowhere WHERE url = '{URL}'\")")
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)  # what SQLAlchemy logs of SQL is not ours
    book.run("%mig_upgrade", fails=True)


@failure
def sql_with_the_password_in_it_that_fails(book):
    book.ready()
    book.revision("op.execute(\"CREATE USER ada IDENTIFIED BY '\" + os.environ['SHOP_PASSWORD'] + \"'\")")
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    book.run("%mig_upgrade", fails=True)


@failure
def rows_with_the_password_in_them_that_fail(book):
    book.ready()
    book.revision("op.get_bind().exec_driver_sql('INSERT INTO nowhere VALUES (?)', (os.environ['SHOP_PASSWORD'],))")
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    book.run("%mig_upgrade", fails=True)


@failure
def a_migration_cell_that_fails_at_the_url(book):
    book.ready()
    url = book.secret.url()
    book.run(f"%%migration 'It fails'\nop.execute('{url}')\nint('{url}')", fails=True)
    book.run(f"%%migration 'It names it'\nop.execute(known, '{url}')", fails=True)
    book.run(f"%%migration 'No Python'\nop.execute('{url}'", fails=True)


@failure
def a_bug_of_ours(book):
    book.ready()
    from mig_ipython.magics import history

    def broken(*_: object) -> None:
        url = book.secret.url()
        raise AssertionError(f"a bug at {url}", url)

    original, history.run = history.run, broken
    try:
        book.run("%mig_history", fails=True)
        book.run("%xmode Verbose\n%mig_history", fails=True)
        book.run("%xmode Context")
    finally:
        history.run = original


@failure
def a_revision_whose_texts_hold_the_url(book):
    book.ready()
    book.revision("op.execute('SELECT 1')", doc=f"Move to {book.secret.url()}")
    for command in ("history", "graph", "show a1", "show a1 --sql", "status", "heads", "upgrade --sql", "branches"):
        book.run(f"%mig_{command}")
    book.run("g = %mig_graph\ng.save('graph.svg'); g.save('graph.dot')")
    book.run("%mig_export --html page.html")
    book.run("%mig_upgrade")
    book.run("%mig_current")


@failure
def a_script_of_sql_with_the_url_in_it(book):
    book.ready()
    book.revision("op.execute(f\"SELECT '{URL}'\")")
    book.run("%mig_upgrade --sql")
    book.run("%mig_show a1 --sql")
    assert "are written as ***" in repr(book.run("%mig_export --sql script.sql"))


@failure
def models_that_hold_the_password(book):
    book.ready()
    book.run(
        "import os, sqlalchemy as sa\nmodels = sa.MetaData()\n"
        "t = sa.Table('t', models, sa.Column('x', sa.String(99), server_default=os.environ['SHOP_PASSWORD']),"
        " comment=os.environ['SHOP'])"
    )
    book.run("%mig_diff models")
    book.run("p = %mig_autogenerate models -m x\np")
    book.run("p[1]")
    book.run("%mig_check models", fails=True)


@failure
def a_cell_of_models_that_fails_at_the_url(book):
    book.run("import sqlalchemy as sa\nmodels = sa.MetaData()")
    book.run("%%mig_models models\nimport os\nraise ValueError(os.environ['SHOP'])", fails=True)
    book.run("%%mig_models models\nsa.Table('t', models, sa.Column(os.environ['SHOP'], sa.Integer, os))", fails=True)
    book.run("%%mig_models models\nsa.Table('t', models, sa.Column(os.environ['SHOP'], sa.Integer))")


@failure
def a_version_file_that_is_broken_at_the_url(book):
    book.ready()
    book.place("migrations/versions/a1_x.py", f"revision = 'a1'\ndown_revision = '{book.secret.url()}' if\n")
    book.place("migrations/versions/b2_x.py", f"revision = 'b2'\ndown_revision = '{book.secret.url()}'\n")
    for command in ("%mig_history", "%mig_graph", "%mig"):
        book.notebook.shell.run_cell(command)
    book.run("%mig_upgrade", fails=True)


@failure
def a_folder_named_like_the_url(book):
    url = book.secret.url()
    book.run(f"%mig_init '{url}' --template nothing", fails=True)
    book.run(f"%mig_open '{url}'", fails=True)
    book.run(f"%mig_connect 'sqlite:///nowhere/{url}'", fails=True)


@failure
def the_python_api(book):
    book.run("from mig_ipython import mig\nimport os, sqlalchemy as sa")
    book.run("mig.connect(os.environ['SHOP'])", fails=True)
    book.run("mig.connect(sa.make_url(os.environ['SHOP']))", fails=True)
    book.run(
        "mig.connect(sa.URL.create('postgresql+psycopg', password=os.environ['SHOP_PASSWORD'], host='nowhere.invalid'))",
        fails=True,
    )
    book.run("mig.connect(url=os.environ['SHOP'])", fails=True)
    book.run("mig.connect(os.environ['SHOP'], 'a', 'b')", fails=True)
    book.run("mig.diff(os.environ['SHOP'])", fails=True)
    book.run("mig.diff(sa.make_url(os.environ['SHOP']))", fails=True)


@failure
def a_borrowed_engine_that_does_not_answer(book):
    book.run("import os, sqlalchemy as sa\nengine = sa.create_engine(os.environ['SHOP'])\n%mig_connect engine")
    book.run("%mig_init migrations\n%mig_connections")
    for command in ("current", "status", "upgrade", "stamp head", "history"):
        book.run(f"%mig_{command}", fails=True)


def test_there_are_25_kinds_of_failure_at_least():
    assert len(FAILURES) >= 25


@pytest.mark.parametrize("fail", FAILURES, ids=[act.__name__ for act in FAILURES])
def test_nothing_shows_the_password_after(fail, book):
    fail(book)
    assert book.shown
    assert book.leaks() == []


def test_the_search_finds_a_password_in_every_form(book):
    import base64

    for form in (book.secret.plain, book.secret.quoted, repr(book.secret.plain)):
        assert book.secret.leaks(f"x {form} y")
    for before in ("", "a", "ab"):
        assert book.secret.leaks(base64.b64encode(f"{before}{book.secret.plain} and more".encode()))
    book.shown = []
    book.run("import os, logging, warnings\nprint(os.environ['SHOP'])")
    assert book.leaks()
    book.shown = []
    book.run("logging.getLogger('anywhere').debug('at %s', os.environ['SHOP'])")
    assert book.leaks()
    book.log.lines, book.shown = [], []
    (book.folder / "file.bin").write_bytes(book.secret.plain.encode())
    assert book.leaks()


SERVER_FAILURES = {
    "a wrong password": lambda url, secret: url.set(password=secret.plain[1:]),
    "a wrong user": lambda url, secret: url.set(username="nobody"),
    "an unknown database": lambda url, secret: url.set(database="nowhere"),
    "an unknown option": lambda url, secret: url.update_query_dict({"no_such_option": "1"}),
}


@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_a_server_that_refuses_is_reported_without_the_password(server, book, request, monkeypatch):
    url = make_url(request.getfixturevalue(f"guarded_{server}"))
    for name, change in SERVER_FAILURES.items():
        if server == "postgresql" and name == "a wrong password":
            continue  # this server trusts every connection from this machine
        monkeypatch.setenv("SHOP", change(url, book.secret).render_as_string(hide_password=False))
        book.run("%mig_connect $SHOP", fails=True)
    assert book.leaks() == []


@pytest.mark.slow
@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_the_whole_road_on_a_server_shows_no_password(server, book, request, monkeypatch):
    monkeypatch.setenv("SHOP", request.getfixturevalue(f"guarded_{server}"))
    book.run("%mig_connect $SHOP --as shop\n%mig_init migrations")
    book.run("import sqlalchemy as sa\nmodels = sa.MetaData()\nt = sa.Table('t', models, sa.Column('x', sa.Integer))")
    for command in (
        "connections",
        "autogenerate models -m x --id a1 --accept all --write",
        "upgrade --plan",
        "upgrade --try",
        "rehearse",
        "upgrade",
        "status",
        "history",
        "graph",
        "show a1 --sql",
        "current",
        "diff models",
        "check models",
        "downgrade -1 --yes",
        "stamp head",
        "export --sql up.sql",
        "export --html page.html",
        "heads",
        "branches",
    ):
        book.run(f"%mig_{command}")
    book.run("engine = mig_engine = __import__('mig_ipython').mig.session.connection.engine\nengine")
    book.run("print(engine, engine.url, repr(engine.url), engine.pool.status(), vars(engine.pool))", fails=False)
    book.run(
        "%%migration 'By hand' --write --up --id b2\ndef upgrade():\n    op.execute('SELECT nonsense')\ndef downgrade():\n    pass",
        fails=True,
    )
    book.run("%mig_close")
    assert book.leaks() == []
