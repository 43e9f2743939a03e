"""--splice, which the engine advises where the parent of a new revision is not a head."""

import re

import pytest

WRITERS = {
    "%mig_revision -m Zip --id z1 --head a1": "",
    "%mig_autogenerate Base -m Zip --id z1 --head a1 --write": "",
    "%%migration Zip --id z1 --head a1 --write": "\nop.create_table('zips', sa.Column('id', sa.Integer))",
    "%mig_merge a1 z0 -m Zip --id z1": "",
}


@pytest.mark.parametrize("line", WRITERS)
def test_what_a_refused_parent_advises_is_taken(migrated, tmp_path, line):
    migrated.run("%mig_revision -m Root --id z0 --head base --label side")
    migrated.run("%mig_revision -m Next --id b2 --head a1")
    migrated.run("%mig_upgrade heads")
    migrated.declare("age: Mapped[int | None]")
    assert "Revision a1 is not a head. Add --splice" in migrated.fail(line + WRITERS[line])
    migrated.run(f"{line} --splice{WRITERS[line]}")
    [written] = (tmp_path / "migrations" / "versions").glob("z1_*.py")
    [parents] = re.findall(r"^down_revision.*", written.read_text(), re.MULTILINE)
    assert "'a1'" in parents.replace('"', "'")
