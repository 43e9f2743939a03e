"""``schema_translate_map`` applies to every directive, also in batches and with ``sa.table()``."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext


@pytest.fixture(params=["postgresql", "mariadb"])
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    engine = sa.create_engine(request.getfixturevalue(f"{request.param}_url"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def change_everything(op: Operations, schema: str | None, tenant: str) -> None:
    """Call each directive that names a table, with ``schema`` as its schema."""
    place, text, number = {"schema": schema}, sa.String(9), sa.Integer()
    op.create_table(
        "t", sa.Column("id", number, primary_key=True), sa.Column("a", number, comment="c"), comment="x", **place
    )
    op.create_table("u", sa.Column("id", number, primary_key=True), sa.Column("t_id", number), **place)
    op.add_column("t", sa.Column("b", sa.String(5), server_default="q", index=True), **place)
    op.alter_column("t", "b", type_=text, server_default="z", comment="y", existing_type=sa.String(5), **place)
    op.alter_column("t", "b", nullable=False, existing_type=text, existing_server_default="z", **place)
    op.alter_column("t", "b", new_column_name="c", existing_type=text, **place)
    if op.get_bind().dialect.name == "postgresql":
        serial = sa.text(f"nextval('{tenant}.t_id_seq'\\:\\:regclass)")
        known = {"existing_type": number, "existing_nullable": False, "existing_server_default": serial}
        op.alter_column("t", "id", server_default=sa.Identity(), **known, **place)
    op.create_index("ix", "t", ["a"], **place)
    op.create_unique_constraint("uq", "t", ["a"], **place)
    op.create_check_constraint("ck", "t", "a > 0", **place)
    op.create_foreign_key("fk", "u", "t", ["t_id"], ["id"], source_schema=schema, referent_schema=schema)
    op.bulk_insert(sa.table("t", sa.column("a", number), schema=schema), [{"a": 5}])
    op.drop_constraint("fk", "u", type_="foreignkey", **place)
    op.drop_constraint("ck", "t", type_="check", **place)
    op.drop_constraint("uq", "t", type_="unique", **place)
    op.drop_index("ix", "t", **place)
    op.create_table_comment("t", "z", **place)
    op.drop_table_comment("t", **place)
    op.drop_column("t", "c", **place)
    op.rename_table("t", "people", **place)
    with op.batch_alter_table("people", recreate="always", **place) as batch_op:
        batch_op.add_column(sa.Column("n", number))
        batch_op.alter_column("a", new_column_name="age", existing_type=number)
    op.drop_table("u", **place)


@pytest.mark.slow
@pytest.mark.parametrize("schema", [None, "per_tenant"])
def test_every_change_is_made_in_the_schema_of_the_tenant(connection: sa.Connection, schema: str | None) -> None:
    tenant = f"mig_tenant_{uuid.uuid4().hex[:8]}"
    connection.exec_driver_sql(f"CREATE SCHEMA {tenant}")
    try:
        mapped = connection.execution_options(schema_translate_map={schema: tenant})
        change_everything(Operations(MigrationContext.configure(mapped)), schema, tenant)
        inspector = sa.inspect(connection)
        assert (inspector.get_table_names(schema=tenant), inspector.get_table_names()) == (["people"], [])
        assert {each["name"] for each in inspector.get_columns("people", schema=tenant)} == {"id", "age", "n"}
        assert connection.exec_driver_sql(f"SELECT age FROM {tenant}.people").scalar() == 5
    finally:
        cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP SCHEMA {tenant}{cascade}")
