"""Every place where SQLAlchemy's versions differ, or where only a private name serves; nowhere else."""

from .awaiting import await_on
from .checking import compiled_by, for_running, for_scripts
from .columns import changed_column, copy_column, table_of_column
from .constraints import (
    copy_constraint,
    excluded,
    final_name,
    is_made_on,
    is_type_bound,
    referent,
    referred_name,
    should_create,
    type_constraints,
)
from .expressions import (
    ddl_compiler,
    ddl_sql,
    default_argument,
    default_sql,
    has_parameters,
    inline_literal,
    literal_text,
    quoted_name,
    sql_text,
    typed_text,
)
from .redeclared import (
    class_called,
    declared_classes,
    forget_class,
    put_back_tables,
    remember_class,
    retire_class,
    set_target,
    tables_of,
)
from .reflected import MySQLTypes, PostgresqlTypes, sqlite_type
from .tables import dialect_options, sorted_tables, table_prefixes
from .types import same_affinity, type_repr, type_variants, without_variants
from .version import SQLALCHEMY_VERSION

__all__ = [
    "SQLALCHEMY_VERSION",
    "MySQLTypes",
    "PostgresqlTypes",
    "await_on",
    "changed_column",
    "class_called",
    "compiled_by",
    "copy_column",
    "copy_constraint",
    "ddl_compiler",
    "ddl_sql",
    "declared_classes",
    "default_argument",
    "default_sql",
    "dialect_options",
    "excluded",
    "final_name",
    "for_running",
    "for_scripts",
    "forget_class",
    "has_parameters",
    "inline_literal",
    "is_made_on",
    "is_type_bound",
    "literal_text",
    "put_back_tables",
    "quoted_name",
    "referent",
    "referred_name",
    "remember_class",
    "retire_class",
    "same_affinity",
    "set_target",
    "should_create",
    "sorted_tables",
    "sql_text",
    "sqlite_type",
    "table_of_column",
    "table_prefixes",
    "tables_of",
    "type_constraints",
    "type_repr",
    "type_variants",
    "typed_text",
    "without_variants",
]
