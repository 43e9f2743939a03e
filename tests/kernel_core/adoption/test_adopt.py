"""Adopt: the baseline of a database without a history, its stamp, and what happens where one of them fails."""

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from catalogs import catalog

from kernel_core import command
from kernel_core.util.exc import CommandError, NotAdopted

# ruff: noqa: ISC004 - statements over two lines
SHOP = {
    "sqlite": (
        "CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, \"Full Name\" VARCHAR(60) NOT NULL DEFAULT 'x')",
        "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, customer_id INTEGER REFERENCES customers (id) "
        "ON DELETE CASCADE, total NUMERIC(10, 2) CHECK (total > 0))",
        "CREATE INDEX ix_big ON orders (total) WHERE total > 100",
        "CREATE VIEW big AS SELECT * FROM orders WHERE total > 100",
        "CREATE TRIGGER stop BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'no'); END",
    ),
    "postgresql": (
        "CREATE SCHEMA sales",
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE TABLE customers (id SERIAL PRIMARY KEY, \"Full Name\" VARCHAR(60) NOT NULL DEFAULT 'x', mood mood)",
        "CREATE TABLE sales.orders (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id INTEGER REFERENCES "
        "customers (id) ON DELETE CASCADE, total NUMERIC(10, 2) CHECK (total > 0))",
        "CREATE INDEX ix_big ON sales.orders (total DESC) WHERE total > 100",
        "COMMENT ON COLUMN sales.orders.total IS 'in euro'",
        "CREATE VIEW big AS SELECT * FROM sales.orders WHERE total > 100",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    "mariadb": (
        "CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, `Full Name` VARCHAR(60) NOT NULL DEFAULT 'x' "
        "COMMENT 'first and last', mood ENUM('good', 'bad')) COMMENT 'people'",
        "CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY, customer_id INT, total DECIMAL(10, 2) CHECK (total > 0), "
        "CONSTRAINT fk FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE, UNIQUE KEY u (total))",
        "CREATE VIEW big AS SELECT * FROM orders WHERE total > 100",
    ),
}
OUTSIDE = {
    "sqlite": ["trigger stop of orders", "view big"],
    "postgresql": ["function one()", "view public.big"],
    "mariadb": ["view big"],
}


@pytest.fixture(params=SHOP)
def shop(request):
    """A project with the shop's tables on each database, and the name of the database."""
    name = {"sqlite": "project"}.get(request.param, f"{request.param}_project")
    project = request.getfixturevalue(name)
    project.run(*SHOP[request.param])
    return project, request.param


@pytest.fixture
def orders(project):
    """A project with the shop's tables on SQLite."""
    project.run(*SHOP["sqlite"])
    return project


@pytest.mark.slow
def test_a_database_is_adopted_and_then_fits_its_baseline(shop, tmp_path):
    project, dialect = shop
    models = tmp_path / "shop_models.py"
    done = command.adopt(project.config(), rev_id="base1", models=models)
    assert project.rows() == ["base1"]
    assert [str(each) for each in done.baseline.outside] == OUTSIDE[dialect]
    [found] = command.locate(project.config())
    assert found.is_certain
    assert found.best.heads == ("base1",)
    assert done.models.deviations == ()
    assert models.read_text() == done.models.source


@pytest.mark.slow
def test_the_models_can_be_used(orders, tmp_path):
    command.adopt(orders.config(), models=tmp_path / "shop_models.py")
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "import sqlalchemy as sa; from sqlalchemy.orm import Session; from shop_models import Base, Customers, Orders\n"
        "engine = sa.create_engine('sqlite://'); Base.metadata.create_all(engine)\n"
        "with Session(engine) as session:\n"
        "    session.add(Orders(id=1, total=2, customer=Customers(Full_Name='Ann'))); session.commit()\n"
        "    print(session.get(Orders, 1).customer.Full_Name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("Ann\n", "")


def test_the_baseline_creates_the_same_tables_in_an_empty_database(orders, tmp_path, monkeypatch):
    command.adopt(orders.config())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    command.upgrade(orders.config(), "head")
    catalogs = [catalog(url) for url in (orders.url, f"sqlite:///{tmp_path}/other.db")]
    assert catalogs[0] == catalogs[1]
    assert {"customers", "orders", "ix_big"} <= catalogs[0].keys()


def test_names_and_sql_of_a_database_never_become_code(project, tmp_path):
    project.run(
        'CREATE TABLE "x"" + print(1) #" (id INTEGER PRIMARY KEY, "class" TEXT DEFAULT \'\'\'"""\\\', "2" INT, '
        '"a b" INT, "a_b" INT CHECK ("a_b" <> \'{0}\'))',
        'CREATE INDEX "i) #" ON "x"" + print(1) #" ("a b") WHERE "a b" > 1',
        'CREATE TABLE "import" ("metadata" INTEGER PRIMARY KEY)',
    )
    done = command.adopt(project.config(), models=tmp_path / "m.py")
    assert done.models.deviations == ()
    assert "class Import(Base):" in done.models.source


def test_a_preview_writes_nothing(orders, mig):
    before = sorted(os.listdir(orders.versions))
    code, out, _ = mig("adopt", "--preview", "--models", "m.py")
    assert code == 0
    assert "op.create_index" in out
    assert "class Orders(Base):" in out
    assert "a baseline of 2 tables; nothing is written." in out
    code, out, _ = mig("adopt", "--sql")
    assert (code, "CREATE INDEX ix_big ON orders" in out) == (0, True)
    assert sorted(os.listdir(orders.versions)) == before
    assert not (orders.folder / "m.py").exists()
    assert "alembic_version" not in orders.tables()


def test_a_database_that_is_at_a_revision_is_refused(project):
    project.chain("a")
    command.upgrade(project.config(), "head")
    with pytest.raises(NotAdopted, match=r"is at a already. Nothing was written"):
        command.adopt(project.config())


def test_a_database_without_tables_is_refused(project):
    with pytest.raises(NotAdopted, match="has no tables, so there is nothing to adopt"):
        command.adopt(project.config())


def test_an_environment_with_revisions_locates_first(project):
    project.chain("a", "b")
    command.upgrade(project.config(), "a")
    project.run("DELETE FROM alembic_version")
    with pytest.raises(NotAdopted, match=r"The schema is that of a, without any deviation.*mig locate --stamp"):
        command.adopt(project.config())
    assert project.rows() == []


def test_a_models_file_that_exists_is_kept(orders):
    path = orders.folder / "m.py"
    path.write_text("kept")
    with pytest.raises(NotAdopted, match=r"exists already. Nothing was written"):
        command.adopt(orders.config(), models=path)
    assert path.read_text() == "kept"
    assert os.listdir(orders.versions) == []


def test_a_baseline_that_does_not_describe_the_database_is_deleted(orders):
    def without_index(baseline):
        operations = baseline.operations
        return operations.changed(ops=operations.ops[:-1])

    with pytest.raises(NotAdopted, match=r"would not describe .*index ix_big.*not marked; the new files were deleted"):
        command.adopt(orders.config(), models=orders.folder / "m.py", change=without_index)
    assert not list(orders.versions.glob("*.py"))
    assert not (orders.folder / "m.py").exists()
    assert "alembic_version" not in orders.tables()


def test_a_stamp_that_fails_deletes_the_files_and_keeps_its_error(orders):
    orders.run("CREATE VIEW alembic_version AS SELECT 'x' AS version_num WHERE 0")
    with pytest.raises((sa.exc.DBAPIError, CommandError)) as caught:
        command.adopt(orders.config(), models=orders.folder / "m.py")
    said = str(caught.value) + "".join(getattr(caught.value, "__notes__", ()))
    assert said.endswith("The database is not marked; the new files were deleted.")
    assert not list(orders.versions.glob("*.py"))
    assert not (orders.folder / "m.py").exists()


@pytest.mark.slow
def test_only_the_named_schemas_are_adopted(postgresql_project):
    postgresql_project.run(*SHOP["postgresql"])
    done = command.adopt(postgresql_project.config(), schemas=["public"])
    assert list(done.baseline.metadata.tables) == ["customers"]


@pytest.mark.slow
def test_percent_signs_and_types_of_other_schemas_are_kept(postgresql_project, tmp_path):
    postgresql_project.run(
        "CREATE SCHEMA kinds",
        "CREATE TYPE kinds.mood AS ENUM ('good', 'bad')",
        'CREATE TABLE "x%%y" (id INTEGER PRIMARY KEY, mood kinds.mood, "p%%c" INTEGER, CHECK ("p%%c" > 0) NO INHERIT)',
        'ALTER TABLE "x%%y" ADD CONSTRAINT "fk%%1" FOREIGN KEY ("p%%c") REFERENCES "x%%y" (id) NOT VALID',
    )
    done = command.adopt(postgresql_project.config(), models=tmp_path / "m.py")
    assert done.models.deviations == ()
    [found] = command.locate(postgresql_project.config())
    assert found.is_certain
    assert '"fk%1"' in done.sql
    assert "%%" not in done.source


def test_the_folder_of_the_baseline_is_named_where_there_are_several(orders):
    ini = orders.folder / "alembic.ini"
    ini.write_text(ini.read_text() + "\n")
    config = orders.config()
    other = orders.folder / "other"
    other.mkdir()
    config.set_main_option("version_locations", f"{orders.versions}{os.pathsep}{other}")
    with pytest.raises(CommandError, match=r"name one by --version-path \(version_path\)"):
        command.adopt(config, rev_id="base1")
    assert command.adopt(config, rev_id="base1", version_path=other).path.startswith(str(other))
    assert orders.rows() == ["base1"]
