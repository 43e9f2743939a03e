"""Published histories, rehearsed: every revision is described by what it did, and the database stays as it was."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from .published import HISTORIES, run

pytestmark = pytest.mark.peer

REHEARSE = """
import json

(found,) = command.rehearse(config, "head", and_back=False)
told = {each.revision for each in found.statements}
print(json.dumps({
    "revisions": len(found.revisions), "silent": [each for each in found.revisions if each not in told],
    "blockers": [each.text for each in found.blockers], "schema": len(found.schema), "live": found.live_unchanged,
}))
"""


@pytest.mark.sweep
@pytest.mark.parametrize("server", ["sqlite_url", "postgresql_url"])
@pytest.mark.parametrize("package", HISTORIES)
def test_each_revision_of_a_published_history_is_described(request, package, server):
    pytest.importorskip(package, reason="its history is not installed (extra histories)")
    url = request.getfixturevalue(server)
    found = json.loads(run("kernel_core", package, url, REHEARSE).splitlines()[-1])
    assert found["blockers"] == []
    assert len(found["silent"]) <= 3, "MLflow has three revisions that do nothing on a new database"
    assert found["revisions"] > 5
    assert found["schema"] > 5
    tables = sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).get_table_names()
    assert "alembic_version" not in tables
