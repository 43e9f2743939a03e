"""Generated code runs and creates the right objects: types in arrays, user-defined types, keys, hooks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from kernel_core.autogenerate import render_python_code
from kernel_core.autogenerate.rewriter import Rewriter
from kernel_core.migration import MigrationContext
from kernel_core.operations import ops

from . import types_of_a_project as own

DECORATED = {
    own.Money(): "Money()",
    own.Money("USD"): 'Money(currency="USD")',
    own.Plain(20): "Plain(length=20)",
    own.Guid(): "Guid()",
    own.Sized(size=9): "Sized(size=9)",
    own.Hidden(7, True): "Hidden(7, flag=True)",
    own.Hidden(7): "Hidden(7)",
    own.Same(): "Same()",
    own.Same(7): "Same(length=7)",
    own.Anything(5): "Anything(length=5)",
    own.Named("x"): 'Named("x")',
    own.Point(3): "Point(srid=3)",
    own.Mood("q", name="z"): 'Mood("q", name="z")',
}
TYPES = [
    *DECORATED,
    sa.Integer(),
    sa.String(5, collation="C"),
    sa.Numeric(5, 2),
    sa.DateTime(timezone=True),
    sa.Uuid(as_uuid=False),
    sa.LargeBinary(5),
    sa.Enum("a", "it's", name="e", schema="s"),
    sa.Enum(own.Color, name="color"),
    sa.Text().with_variant(postgresql.CITEXT(), "postgresql"),
    sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(), "postgresql"),
    postgresql.ENUM("a", "b", name="e", create_type=False),
    postgresql.ENUM("a", "b", name="e"),
    postgresql.JSONB(astext_type=sa.Text()),
    postgresql.HSTORE(text_type=sa.String(3)),
    postgresql.NUMRANGE(),
    postgresql.TIMESTAMP(timezone=True, precision=3),
    postgresql.INTERVAL(fields="DAY TO SECOND", precision=3),
    postgresql.BIT(3, varying=True),
    postgresql.DOMAIN("d", sa.Integer(), check="VALUE > 0", not_null=True),
    postgresql.DOMAIN("d", sa.String(3), collation="C"),
    postgresql.DOMAIN("d", sa.String(3, collation="C"), collation="C", schema="s"),
    mysql.VARCHAR(3, charset="utf8mb4"),
]


def context(dialect: str = "postgresql") -> MigrationContext:
    return MigrationContext.configure(dialect_name=dialect)


def run(code: str, imports: set[str]) -> list[Any]:
    """Run the code of a version file and return the arguments of its directives."""
    given: list[Any] = []
    op = ModuleType("op")
    for name in ("add_column", "create_table", "create_foreign_key"):
        setattr(op, name, lambda *args, **kw: given.append((args, kw)))
    names = {"op": op, "sa": sa}
    for line in imports:
        exec(line, names)
    exec(code, names)
    return given


def round_trip(type_: Any) -> tuple[Any, str]:
    imports: set[str] = set()
    operation = ops.UpgradeOps([ops.AddColumnOp("t", sa.Column("c", type_))])
    code = render_python_code(operation, imports=imports, migration_context=context())  # type: ignore[arg-type]
    ((args, _),) = run(code, imports)
    return args[1].type, code


@pytest.mark.parametrize("wrapped", ["alone", "sa.ARRAY", "postgresql.ARRAY", "variant"])
def test_a_type_is_equal_after_a_round_trip(wrapped):
    wrap = {
        "alone": lambda each: each,
        "sa.ARRAY": lambda each: sa.ARRAY(each, dimensions=2),
        "postgresql.ARRAY": postgresql.ARRAY,
        "variant": lambda each: sa.String(3).with_variant(each, "oracle"),
    }[wrapped]
    for each in TYPES:
        if wrapped == "variant" and each._variant_mapping:
            continue
        type_ = wrap(each)
        made, code = round_trip(type_)
        assert repr(made) == repr(type_), code
        assert type(made) is type(type_)
        if wrapped == "alone":
            assert vars(made).keys() == vars(type_).keys()
            for name in ("schema", "collation"):
                assert getattr(made, name, None) == getattr(each, name, None), code
        if wrapped.endswith("ARRAY"):
            assert type(made.item_type) is type(each), code
            assert getattr(made.item_type, "create_type", None) == getattr(each, "create_type", None)


def test_a_decorated_type_is_written_with_the_arguments_of_its_own_constructor():
    for type_, expected in DECORATED.items():
        assert f"types_of_a_project.{expected}" in round_trip(type_)[1]


def test_a_decorated_type_whose_arguments_are_not_known_is_written_as_what_it_is_in_the_database():
    made, code = round_trip(own.Rounded(3))
    assert "Rounded" not in code
    assert repr(made) == "Numeric(precision=18, scale=3)"
    made, code = round_trip(postgresql.ARRAY(own.Money("USD", 4)))
    assert repr(made.item_type) == "Numeric(precision=18, scale=4)"


def test_a_class_that_cannot_be_imported_is_written_as_what_it_is_in_the_database_also_in_an_array():
    class Local(sa.types.TypeDecorator[Any]):
        impl = sa.String
        cache_ok = True

    for type_ in (Local(3), sa.ARRAY(Local(3)), postgresql.ARRAY(Local(3))):
        _, code = round_trip(type_)
        assert "Local" not in code
        assert "sa.String(length=3)" in code


def test_a_type_with_a_repr_that_hides_its_class_is_written_by_its_repr_also_in_an_array():
    class Posing(postgresql.ENUM):
        def __repr__(self) -> str:
            return f"{super().__repr__()[:-1]}, create_type=False)".replace("Posing", "ENUM")

    Posing.__module__, Posing.__qualname__ = "sqlalchemy.dialects.postgresql", "ReprWorkaround"
    for type_ in (Posing("x", name="e"), sa.ARRAY(Posing("x", name="e"))):
        made, code = round_trip(type_)
        assert 'postgresql.ENUM("x", name="e", create_type=False)' in code
        assert getattr(made, "item_type", made).create_type is False


# ---- foreign keys to columns whose key is another word ---------------------------------------------------------------


def owners(**schema: str) -> tuple[sa.MetaData, sa.Table]:
    metadata = sa.MetaData()
    columns = sa.Column("id", sa.Integer, key="oid", primary_key=True), sa.Column("no", sa.Integer, key="number")
    return metadata, sa.Table("owner", metadata, *columns, **schema)


def pets(kind: str, **schema: str) -> sa.Table:
    metadata, owner = owners(**schema)
    where = f"{owner.fullname}.oid"
    if kind == "of columns":
        keys: list[Any] = [sa.ForeignKeyConstraint(["owner_id"], [owner.c.oid], name="fk")]
    elif kind == "of texts":
        keys = [sa.ForeignKeyConstraint(["owner_id"], [where], name="fk", ondelete="CASCADE", deferrable=True)]
    elif kind == "of two":
        two = [where, f"{owner.fullname}.number"]
        keys = [sa.ForeignKeyConstraint(["owner_id", "owner_no"], two, name="fk")]
    else:
        keys = []
    column = sa.Column("owner_id", sa.Integer, *([] if keys else [sa.ForeignKey(where, name="fk")]))
    return sa.Table("pet", metadata, column, sa.Column("owner_no", sa.Integer), *keys, **schema)


@pytest.mark.parametrize("kind", ["of columns", "of texts", "of two", "of a column"])
@pytest.mark.parametrize("schema", [{}, {"schema": "s"}])
def test_a_foreign_key_names_the_column_and_not_its_key(kind, schema):
    table = pets(kind, **schema)
    (constraint,) = table.foreign_key_constraints
    place = "s.owner.id" if schema else "owner.id"
    made = render_python_code(ops.UpgradeOps([ops.CreateTableOp.from_table(table)]))
    assert f'"{place}"' in made
    added = render_python_code(ops.UpgradeOps([ops.CreateForeignKeyOp.from_constraint(constraint)]))
    assert '["id"' in added
    for code in (made, added):
        assert "oid" not in code
        assert "number" not in code
    if kind == "of texts":
        assert 'ondelete="CASCADE"' in made
        assert "deferrable=True" in made
    again = ops.CreateTableOp.from_table(ops.CreateTableOp.from_table(table).to_table())
    assert render_python_code(ops.UpgradeOps([again])) == made


def test_a_foreign_key_of_a_table_to_itself_names_the_column():
    metadata = sa.MetaData()
    table = sa.Table(
        "node",
        metadata,
        sa.Column("id", sa.Integer, key="key", primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("node.key"), key="parent"),
    )
    code = render_python_code(ops.UpgradeOps([ops.CreateTableOp.from_table(table)]))
    assert 'sa.ForeignKeyConstraint(["parent_id"], ["node.id"])' in code


# ---- render_item -----------------------------------------------------------------------------------------------------


def left_out(*names: str) -> Any:
    def render_item(type_: str, obj: Any, context: Any) -> Any:
        return None if type_ in names or getattr(obj, "name", None) in names else False

    return render_item


@pytest.mark.parametrize(
    ("names", "gone"),
    [
        (("unique",), "UniqueConstraint"),
        (("hidden",), "hidden"),
        (("check",), "CheckConstraint"),
        (("primary_key",), "PrimaryKeyConstraint"),
        (("foreign_key",), "ForeignKeyConstraint"),
        (("unique", "check", "hidden"), "Constraint(sa.text"),
    ],
)
def test_an_object_for_which_render_item_returns_none_is_left_out(names, gone):
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("i", sa.Integer, primary_key=True),
        sa.Column("hidden", sa.Integer),
        sa.Column("o", sa.Integer, sa.ForeignKey("o.i")),
        sa.UniqueConstraint("i", name="u"),
        sa.CheckConstraint("i > 0", name="c"),
    )
    operation = ops.UpgradeOps([ops.CreateTableOp.from_table(table)])
    assert gone in render_python_code(operation) or gone.endswith("text")
    code = render_python_code(operation, render_item=left_out(*names))
    assert gone not in code
    assert "None" not in code
    run(code, set())


def test_a_directive_without_its_column_is_left_out():
    operation = ops.UpgradeOps(
        [ops.AddColumnOp("t", sa.Column("hidden", sa.Integer)), ops.AddColumnOp("t", sa.Column("shown", sa.Integer))]
    )
    assert "hidden" not in render_python_code(operation, render_item=left_out("hidden"))
    assert render_python_code(ops.UpgradeOps(operation.ops[:1]), render_item=left_out("hidden")) == "pass"


# ---- identities ------------------------------------------------------------------------------------------------------

IDENTITIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "always": {"always": True},
    "nothing said of always": {"always": None, "start": 3},
    "all of a sequence": {"start": 5, "increment": 2, "minvalue": 1, "maxvalue": 99, "cycle": True, "cache": 3},
    "no bounds": {"nominvalue": True, "nomaxvalue": True},
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_is_equal_after_a_round_trip_without_a_deprecated_argument(name):
    extra = {"oracle_on_null": True, "oracle_order": True} if hasattr(sa.Identity(), "dialect_kwargs") else {}
    for options in (IDENTITIES[name], {**IDENTITIES[name], **extra}):
        identity = sa.Identity(**options)
        column = sa.Column("x", sa.Integer, identity)
        code = render_python_code(ops.UpgradeOps([ops.AddColumnOp("t", column)]))
        ((args, _),) = run(code, set())  # a deprecation would be an error here
        made = args[1].identity
        assert made.always == identity.always
        for option in ("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache"):
            assert getattr(made, option) == getattr(identity, option)
        assert dict(getattr(made, "dialect_kwargs", {})) == dict(getattr(identity, "dialect_kwargs", {}))


# ---- a Rewriter that sees the same scripts twice ---------------------------------------------------------------------


def test_an_operation_that_a_rewriter_returned_is_not_rewritten_again():
    writer, seen = Rewriter(), []

    @writer.rewrites(ops.CreateTableOp)
    def rename(context: Any, revision: Any, op: ops.CreateTableOp) -> Any:
        seen.append(op.table_name)
        op.table_name += "_new"
        return op

    @writer.rewrites(ops.AddColumnOp)
    def twice(context: Any, revision: Any, op: ops.AddColumnOp) -> Any:
        return [op, ops.AddColumnOp(op.table_name, sa.Column(f"{op.column.name}_old", sa.Integer))]

    @writer.rewrites(ops.MigrationScript)
    def script(context: Any, revision: Any, op: ops.MigrationScript) -> Any:
        op.message = f"{op.message}!"
        return op

    made = ops.CreateTableOp("t", [sa.Column("i", sa.Integer)])
    changes = ops.ModifyTableOps("u", [ops.AddColumnOp("u", sa.Column("a", sa.Integer))])
    directives = [ops.MigrationScript("x", ops.UpgradeOps([made, changes]), ops.DowngradeOps([]), message="m")]
    other = Rewriter()
    other.rewrites(ops.CreateTableOp)(lambda context, revision, op: op)
    chain = writer.chain(other)
    for _ in range(3):
        chain(None, None, directives)
    (held,) = directives
    assert held.message == "m!"
    first, second = held.upgrade_ops_list[0].ops
    assert first.table_name == "t_new"
    assert [each.column.name for each in second.ops] == ["a", "a_old"]
    held.upgrade_ops_list.append(ops.UpgradeOps([ops.CreateTableOp("v", [])]))
    chain(None, None, directives)
    assert seen == ["t", "v"]
