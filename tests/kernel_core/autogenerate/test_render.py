"""The source of operations in a version file."""

import enum
import subprocess
import sys
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from kernel_core.autogenerate import AutogenContext, render_op_text, render_python_code, renderers
from kernel_core.autogenerate.layout import lay_out, literal
from kernel_core.autogenerate.writer import Writer
from kernel_core.operations import ops
from kernel_core.operations.operation import Code, MigrateOperation
from kernel_core.operations.registry import all_operations
from kernel_core.util.exc import CommandError


@pytest.fixture
def context():
    return AutogenContext(None, autogenerate=False)


@pytest.fixture
def write(context):
    return Writer(context)


@pytest.mark.parametrize(
    "text", ["plain", "it's", 'say "x"', "both ' and \"", "a\nb", "\\", "é → 😀", '"""', "\u202e", "{x}", ""]
)
def test_a_text_reads_back_as_itself(text):
    assert eval(literal(text)) == text


@pytest.mark.parametrize(
    ("type_", "source"),
    [
        (sa.Integer, "sa.Integer()"),
        (sa.String(50), "sa.String(length=50)"),
        (sa.Numeric(10, 2), "sa.Numeric(precision=10, scale=2)"),
        (sa.Enum("a", "b's", name="mood"), 'sa.Enum("a", "b\'s", name="mood")'),
        (sa.Enum(enum.Enum("Colour", "red green")), 'sa.Enum("red", "green", name="colour")'),
        (
            sa.String(9).with_variant(mysql.VARCHAR(5), "mysql"),
            'sa.String(length=9).with_variant(mysql.VARCHAR(length=5), "mysql")',
        ),
        (sa.ARRAY(sa.String(3)), "sa.ARRAY(sa.String(length=3))"),
        (
            postgresql.ARRAY(postgresql.UUID()),
            "postgresql.ARRAY(postgresql.UUID())"
            if not issubclass(postgresql.UUID, sa.Uuid) or postgresql.UUID.__module__.startswith("sqlalchemy.dialects")
            else "postgresql.ARRAY(sa.UUID())",
        ),
        (postgresql.JSONB(), "postgresql.JSONB(astext_type=sa.Text())"),
        (postgresql.ENUM("a", name="z", create_type=False), 'postgresql.ENUM("a", name="z", create_type=False)'),
        (postgresql.ARRAY(sa.Enum("a", name="z")), 'postgresql.ARRAY(sa.Enum("a", name="z"))'),
        (sa.DateTime(timezone=True), "sa.DateTime(timezone=True)"),
        (sa.types.NullType(), "sa.types.NullType()" if not hasattr(sa, "NullType") else "sa.NullType()"),
    ],
)
def test_types(write, type_, source):
    assert write.value(type_) == source
    names = {"sa": sa, "postgresql": postgresql, "mysql": mysql}
    assert repr(eval(source, names)) == repr(sa.types.to_instance(type_))


def test_a_type_of_a_dialect_adds_its_import(write, context):
    write.value(postgresql.ARRAY(postgresql.HSTORE()))
    assert context.imports == {"from sqlalchemy.dialects import postgresql"}


@pytest.mark.parametrize(
    "type_",
    [sa.Numeric(Decimal(10), 2), sa.Numeric(10, Decimal(2)), postgresql.ARRAY(sa.Numeric(Decimal(10), Decimal(2)))],
    ids=repr,
)
def test_a_decimal_as_precision_adds_its_import(write, context, type_):
    source = write.value(type_)
    names: dict[str, object] = {"sa": sa}
    exec("\n".join(context.imports), names)
    assert repr(eval(source, names)) == repr(type_)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (sa.Boolean(), sa.Boolean(create_constraint=True, name="ck")),
        (sa.Boolean(), sa.Boolean().with_variant(sa.Integer(), "mysql")),
        (sa.String(5), sa.String(5, collation="C")),
        (sa.Numeric(10), sa.Numeric(10, 2)),
        (sa.DateTime(), postgresql.TIMESTAMP()),
        (sa.Text(), mysql.TEXT()),
    ],
)
def test_types_of_one_table_are_not_taken_for_each_other(write, one, other):
    """What was written of one type is used for the next one that is the same."""
    columns = [sa.Column(f"c{number}", type_) for number, type_ in enumerate((one, other, one, other))]
    table = sa.Table("t", sa.MetaData(), *columns)
    found = [write.value(column).partition(", ")[2] for column in table.columns]
    assert found[0] == found[2] != found[1] == found[3]


class Price(sa.TypeDecorator):
    impl = sa.Numeric
    cache_ok = True


def test_a_user_defined_type_adds_its_import(write, context):
    assert write.value(Price(10)) == f"{__name__}.Price(precision=10)"
    assert context.imports == {f"import {__name__}"}


def test_the_prefix_of_a_projects_types_can_be_given():
    context = AutogenContext(None, opts={"user_module_prefix": "my."}, autogenerate=False)
    assert Writer(context).value(Price(10)) == "my.Price(precision=10)"
    assert context.imports == set()


def test_the_prefix_also_says_where_types_of_a_cell_or_a_function_are(monkeypatch):
    class Odd(sa.types.UserDefinedType):
        cache_ok = True

    monkeypatch.setattr(Price, "__module__", "__main__")
    write = Writer(AutogenContext(None, opts={"user_module_prefix": "my."}, autogenerate=False))
    assert write.value(Price(10)) == "my.Price(precision=10)"
    assert write.value(Odd()) == "my.Odd()"


def test_a_type_of_a_notebook_cell_is_written_as_what_it_is_in_the_database(write, monkeypatch):
    monkeypatch.setattr(Price, "__module__", "__main__")
    assert write.value(Price(10)) == "sa.Numeric(precision=10)"


def test_a_type_that_cannot_be_imported_is_an_error(write):
    class Odd(sa.types.UserDefinedType):
        pass

    with pytest.raises(CommandError, match="The type Odd cannot be written"):
        write.value(Odd())


@pytest.mark.parametrize(
    ("column", "source"),
    [
        (sa.Column("a", sa.Integer), 'sa.Column("a", sa.Integer(), nullable=True)'),
        (
            sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
            'sa.Column("a", sa.Integer(), autoincrement=False, nullable=False)',
        ),
        (
            sa.Column("a", sa.String, server_default="x"),
            'sa.Column("a", sa.String(), server_default="x", nullable=True)',
        ),
        (
            sa.Column("a", sa.String, server_default=sa.text("'x'::text")),
            'sa.Column("a", sa.String(), server_default=sa.text("\'x\'::text"), nullable=True)',
        ),
        (
            sa.Column("a", sa.String, server_default=sa.text(r"'\:x'")),
            'sa.Column("a", sa.String(), server_default=sa.text("\'\\\\:x\'"), nullable=True)',
        ),
        (
            sa.Column("a", sa.DateTime, server_default=sa.func.now()),
            'sa.Column("a", sa.DateTime(), server_default=sa.text("now()"), nullable=True)',
        ),
        (
            sa.Column("a", sa.Integer, sa.Computed("b + 1", persisted=True)),
            'sa.Column("a", sa.Integer(), sa.Computed("b + 1", persisted=True), nullable=True)',
        ),
        (
            sa.Column("a", sa.Integer, sa.Identity(start=5)),
            'sa.Column("a", sa.Integer(), sa.Identity(always=False, start=5), nullable=False)',
        ),
        (
            sa.Column("a", sa.Integer, sa.FetchedValue()),
            'sa.Column("a", sa.Integer(), server_default=sa.FetchedValue(), nullable=True)',
        ),
        (sa.Column("a", sa.Integer, comment="it's"), 'sa.Column("a", sa.Integer(), nullable=True, comment="it\'s")'),
        (sa.Column("a", sa.Integer, index=True, unique=True), 'sa.Column("a", sa.Integer(), nullable=True)'),
    ],
)
def test_columns(write, column, source):
    assert write.value(column) == source


def models(convention=None):
    metadata = sa.MetaData(naming_convention=convention)
    return sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer, sa.ForeignKey("t.id", ondelete="CASCADE", deferrable=True), key="other"),
        sa.CheckConstraint("id > 0", name="positive"),
        sa.UniqueConstraint("id", "other", name="uq"),
        sa.UniqueConstraint("id"),
    )


def test_constraints(write):
    assert sorted(write.value(constraint) for constraint in models().constraints) == [
        'sa.CheckConstraint("id > 0", name="positive")',
        'sa.ForeignKeyConstraint(["a"], ["t.id"], ondelete="CASCADE", deferrable=True)',
        'sa.PrimaryKeyConstraint("id")',
        'sa.UniqueConstraint("id")',
        'sa.UniqueConstraint("id", "a", name="uq")',
    ]


def test_a_name_by_convention_is_final(write):
    table = models(
        {"pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s", "uq": "uq_%(column_0_name)s"}
    )
    written = sorted(write.value(constraint) for constraint in table.constraints)
    assert 'sa.PrimaryKeyConstraint("id", name=op.f("pk_t"))' in written
    assert 'sa.CheckConstraint("id > 0", name=op.f("ck_t_positive"))' in written
    assert 'sa.UniqueConstraint("id", name=op.f("uq_id"))' in written
    assert 'sa.UniqueConstraint("id", "a", name="uq")' in written


def test_values(write):
    assert write.value([1, "a", None, (2,), {"b": [True]}]) == '[1, "a", None, (2,), {"b": [True]}]'
    assert write.value(sa.quoted_name("x", quote=True)) == 'sa.quoted_name("x", quote=True)'
    assert write.value(sa.column("x") > 5) == 'sa.text("x > 5")'


def test_long_calls_have_one_argument_a_line(context):
    operation = ops.CreateTableOp(
        "flights",
        [
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("carrier", sa.Enum(*[f"carrier_{n}" for n in range(9)], name="carrier")),
        ],
    )
    assert (
        render_op_text(context, operation)
        == """op.create_table(
    "flights",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column(
        "carrier",
        sa.Enum(
            "carrier_0",
            "carrier_1",
            "carrier_2",
            "carrier_3",
            "carrier_4",
            "carrier_5",
            "carrier_6",
            "carrier_7",
            "carrier_8",
            name="carrier",
        ),
        nullable=True,
    ),
    sa.PrimaryKeyConstraint("id"),
)"""
    )


def change(name="t"):
    column = sa.Column("email", sa.String(120))
    return ops.ModifyTableOps(
        name, [ops.AddColumnOp(name, column), ops.CreateIndexOp(sa.sql.elements.conv("ix"), name, ["email"])]
    )


def test_changes_of_a_table(context):
    assert render_op_text(context, change()) == (
        'op.add_column("t", sa.Column("email", sa.String(length=120), nullable=True))\n'
        'op.create_index(op.f("ix"), "t", ["email"], unique=False)'
    )


def test_changes_of_a_table_as_batches():
    code = render_python_code(ops.UpgradeOps([change(), ops.DropTableOp("x"), change("u")]), render_as_batch=True)
    assert code == (
        'with op.batch_alter_table("t", schema=None) as batch_op:\n'
        '        batch_op.add_column(sa.Column("email", sa.String(length=120), nullable=True))\n'
        '        batch_op.create_index(batch_op.f("ix"), ["email"], unique=False)\n'
        "\n"
        '    op.drop_table("x")\n'
        "\n"
        '    with op.batch_alter_table("u", schema=None) as batch_op:\n'
        '        batch_op.add_column(sa.Column("email", sa.String(length=120), nullable=True))\n'
        '        batch_op.create_index(batch_op.f("ix"), ["email"], unique=False)'
    )


def test_nothing_is_pass():
    assert render_python_code(ops.UpgradeOps([])) == "pass"
    assert render_python_code(ops.UpgradeOps([ops.ModifyTableOps("t", [])]), render_as_batch=True) == "pass"


def test_prefixes():
    code = render_python_code(
        ops.UpgradeOps([change()]), sqlalchemy_module_prefix="sqla.", alembic_module_prefix="ops."
    )
    assert code.startswith('ops.add_column("t", sqla.Column("email", sqla.String(length=120), nullable=True))')
    assert 'ops.f("ix")' in code


def test_imports_are_collected():
    imports = set()
    render_python_code(ops.UpgradeOps([ops.AddColumnOp("t", sa.Column("x", postgresql.JSONB()))]), imports=imports)
    assert imports == {"from sqlalchemy.dialects import postgresql"}


def test_render_item_comes_first():
    asked = []

    def render_item(type_, obj, autogen_context):
        asked.append(type_)
        if type_ == "type":
            autogen_context.imports.add("import mine")
            return "mine.Type()"
        return False

    imports = set()
    code = render_python_code(
        ops.UpgradeOps([ops.CreateTableOp.from_table(models())]), render_item=render_item, imports=imports
    )
    assert "mine.Type()" in code
    assert imports == {"import mine"}
    assert set(asked) >= {"type", "column", "primary_key", "unique", "foreign_key", "check"}


def test_a_user_defined_renderer_takes_precedence(context):
    class DropLoggedTableOp(ops.DropTableOp):
        pass

    @renderers.dispatch_for(DropLoggedTableOp)
    def render(autogen_context, operation):
        return [f"# {operation.table_name} is dropped", "op.execute('...')"]

    assert render_op_text(context, DropLoggedTableOp("x")) == "# x is dropped\nop.execute('...')"
    assert render_op_text(context, ops.DropTableOp("x")) == 'op.drop_table("x")'


def test_black_does_not_change_the_generated_code():
    operations = [cls.example() for cls in all_operations()]
    operations.append(
        ops.CreateTableOp(
            "t" * 60, [sa.Column("c" * n, sa.Numeric(n, 2), server_default="x" * n) for n in range(1, 60, 7)]
        )
    )
    operations.append(ops.ExecuteSQLOp("SELECT 1 " * 30))
    operations.append(change())
    for batch in (False, True):
        body = render_python_code(ops.UpgradeOps(operations), render_as_batch=batch)
        source = f"def upgrade():\n    {body}\n"
        command = [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--isolated",
            "--line-length",
            "88",
            "--stdin-filename",
            "x.py",
            "-",
        ]
        formatted = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
        assert formatted == source


def test_every_operation_has_its_source(context):
    for cls in all_operations():
        assert isinstance(cls.example(), MigrateOperation)
        compile(render_op_text(context, cls.example()), "x.py", "exec")


def test_a_line_that_cannot_be_broken_stays_long():
    assert lay_out(Code("f(", ("x" * 30,)), width=20) == ["f(", "    " + "x" * 30 + ",", ")"]
    assert lay_out("x" * 30, width=20) == ["x" * 30]


@pytest.mark.parametrize("text", ["'''; import os; os.abort()", '"); evil("', "\n    evil()", "\\"])
def test_a_name_never_becomes_code(context, text):
    table = ops.CreateTableOp(text, [sa.Column(text, sa.Integer, comment=text, server_default=text)])
    import ast

    calls = [node for node in ast.walk(ast.parse(render_op_text(context, table))) if isinstance(node, ast.Call)]
    assert {ast.unparse(node.func) for node in calls} <= {"op.create_table", "sa.Column", "sa.Integer"}


class Short(sa.String):
    pass


def test_a_kind_of_type_from_a_notebook_cell_keeps_its_length(write, monkeypatch):
    monkeypatch.setattr(Short, "__module__", "__main__")
    assert write.value(Short(7)) == "sa.String(length=7)"
