"""Options of tables of MariaDB."""

import pytest
import sqlalchemy as sa

from kernel_core.operations import ops
from kernel_core.util.exc import CommandError

pytestmark = pytest.mark.mariadb


def schema(**options):
    metadata = sa.MetaData()
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(20))
    sa.Table("t", metadata, *columns, **options)
    return metadata


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"mysql_engine": "MyISAM"}, {"mysql_engine": "InnoDB"}, "engine InnoDB"),
        ({"mysql_engine": "Aria", "mariadb_engine": "another dialect's"}, {"mysql_engine": "innodb"}, "engine InnoDB"),
        ({"mysql_charset": "latin1"}, {"mysql_charset": "utf8mb4"}, "charset utf8mb4"),
        (
            {"mysql_default_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"},
            {"mysql_default_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"},
            "charset utf8mb4, collate utf8mb4_unicode_ci",
        ),
        ({"mysql_row_format": "COMPACT"}, {"mysql_row_format": "DYNAMIC"}, "row_format dynamic"),
    ],
)
def test_a_changed_option_is_found_and_set(mariadb_migration, before, after, said):
    assert mariadb_migration.there_and_back(schema(**before), schema(**after)) == [f"Set {said} of table t"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mysql_engine": "innodb"},
        {"mysql_charset": "utf8"},
        {"mysql_charset": "utf8", "mysql_collate": "utf8_bin"},
        {"mysql_default_charset": "utf8mb4"},
    ],
)
def test_unstated_options_and_other_spellings_do_not_differ(mariadb_migration, options):
    mariadb_migration.create(schema(**options))
    assert mariadb_migration.found(schema(**options)) == []
    assert mariadb_migration.found(schema()) == []


def test_an_option_is_one_word(mariadb_migration):
    mariadb_migration.script(schema())
    with pytest.raises(CommandError, match="it must be a single word"):
        mariadb_migration.run(ops.UpgradeOps([ops.SetTableOptionsOp("t", engine="InnoDB; DROP TABLE t")]))


def test_an_unknown_option_is_refused():
    with pytest.raises(CommandError, match=r"no option 'colour'\. Those that can be set: engine"):
        ops.SetTableOptionsOp("t", colour="red")
