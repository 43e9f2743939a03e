"""Rights that a user has on a clone and not on the database itself are named in the report."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from kernel_core import command

OWNER = "a change that only the owner may make is refused there"
WHOLE = "on the database as a whole; what needs one can be refused there"


@pytest.fixture
def name():
    return f"mig_clerk_{uuid.uuid4().hex[:8]}"


def rehearsed(project, user, password=None):
    """Return what a rehearsal by ``user`` says that it did not look at, about rights."""
    url = sa.make_url(project.url).set(username=user, password=password).render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DATABASE_URL", url)
        (found,) = command.rehearse(project.config(), "head")
    assert found.is_clean
    return [each for each in found.not_compared if "rights" in each]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["alone", "connected"])
def test_on_postgresql_tables_of_others_and_schemas_without_create_are_named(postgresql_project, name, method):
    postgresql_project.write("a1", None, "op.execute('UPDATE users SET id = id')")
    engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool)
    with engine.connect() as live:
        live.exec_driver_sql(f"CREATE ROLE {name} LOGIN CREATEDB")
        live.exec_driver_sql("CREATE TABLE users (id integer)")
        live.exec_driver_sql("CREATE SCHEMA shop")
        live.exec_driver_sql("CREATE TABLE shop.orders (id integer)")
        live.exec_driver_sql(f"GRANT USAGE ON SCHEMA shop TO {name}")
        for schema in ("public", "shop"):
            live.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}")
        live.commit()
        if method == "alone":
            live.close()
        try:
            found = rehearsed(postgresql_project, name)
        finally:
            with engine.begin() as again:
                again.exec_driver_sql(f"DROP OWNED BY {name}")
                again.exec_driver_sql(f"DROP ROLE {name}")
    assert found == [
        f"not rehearsed: rights: {name} does not own shop.orders, users; {OWNER}",
        f"not rehearsed: rights: {name} may create nothing in schema public, shop",
    ]


@pytest.mark.slow
def test_on_postgresql_an_owner_without_other_rights_misses_none(postgresql_project, name):
    postgresql_project.write("a1", None, "op.execute('UPDATE users SET id = id')")
    engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool)
    with engine.begin() as live:
        live.exec_driver_sql(f"CREATE ROLE {name} LOGIN CREATEDB")
        live.exec_driver_sql("CREATE TABLE users (id integer)")
        live.exec_driver_sql(f"ALTER TABLE users OWNER TO {name}")
        live.exec_driver_sql(f"GRANT CREATE ON SCHEMA public TO {name}")
    try:
        assert rehearsed(postgresql_project, name) == []
    finally:
        with engine.begin() as again:
            again.exec_driver_sql(f"DROP OWNED BY {name}")
            again.exec_driver_sql(f"DROP ROLE {name}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rights", "missing"),
    [
        (["ALL ON *.*"], None),
        (["ALL ON `mig\\_%%`.*"], None),
        (
            ["ALL ON `mig\\_rehearsal%%`.*", "SELECT, UPDATE ON DATABASE.*"],
            "ALTER, CREATE, DELETE, DROP, INDEX, INSERT",
        ),
    ],
)
def test_on_mariadb_privileges_that_the_user_lacks_are_named(mariadb_project, name, rights, missing):
    mariadb_project.write("a1", None, "op.execute('UPDATE users SET id = id')")
    engine = sa.create_engine(mariadb_project.url, poolclass=sa.NullPool)
    with engine.connect() as live:
        live.exec_driver_sql("CREATE TABLE users (id integer)")
        live.exec_driver_sql(f"CREATE USER {name} IDENTIFIED BY 'x'")
        for right in ["SHOW DATABASES ON *.*", *rights]:
            live.exec_driver_sql(f"GRANT {right.replace('DATABASE.', f'{engine.url.database}.')} TO {name}")
        try:
            found = rehearsed(mariadb_project, name, "x")
        finally:
            live.exec_driver_sql(f"DROP USER {name}")
    assert found == (
        []
        if missing is None
        else [
            f"not rehearsed: rights: {name}@% has no {missing} {WHOLE}",
        ]
    )
