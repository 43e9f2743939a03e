"""alembic_utils: functions, views, triggers and policies of PostgreSQL, registered in ``env.py``."""

import pytest

pytestmark = pytest.mark.peer

MODELS = '''
import sqlalchemy as sa
from alembic_utils.pg_extension import PGExtension
from alembic_utils.pg_function import PGFunction
from alembic_utils.pg_materialized_view import PGMaterializedView
from alembic_utils.pg_policy import PGPolicy
from alembic_utils.pg_trigger import PGTrigger
from alembic_utils.pg_view import PGView

metadata = sa.MetaData()
sa.Table("account", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.Text))
to_upper = PGFunction(
    schema="public",
    signature="to_upper(some_text text)",
    definition="""
    RETURNS text as
    $$
      SELECT upper(some_text)
    $$ language SQL;
    """,
)
touch = PGFunction(
    schema="public",
    signature="touch()",
    definition="RETURNS trigger AS $$ BEGIN NEW.email := lower(NEW.email); RETURN NEW; END; $$ LANGUAGE plpgsql",
)
trigger = PGTrigger(
    schema="public", signature="lower_email", on_entity="public.account",
    definition="BEFORE INSERT ON public.account FOR EACH ROW EXECUTE FUNCTION public.touch()",
)
loud = PGView(schema="public", signature="loud", definition="SELECT id, to_upper(email) AS email FROM account")
stored = PGMaterializedView(schema="public", signature="stored", definition="SELECT 1 AS one", with_data=True)
own = PGPolicy(schema="public", signature="own", on_entity="account", definition="FOR SELECT USING (id > 0)")
entities = [to_upper, touch, trigger, loud, stored, own]
'''
LINES = (
    "import models",
    "from alembic_utils.replaceable_entity import register_entities",
    "if {tables_first}: register_entities(models.entities)",
)
TABLES_FIRST = "'entities' in __import__('os').environ.get('REGISTERED', '')"


def test_entities_are_created_replaced_and_dropped(project, needs, postgresql_url):
    needs("alembic_utils")
    project.use(postgresql_url)
    project.write(models=MODELS)
    project.init(*(line.format(tables_first=TABLES_FIRST) for line in LINES))
    project.revise("Tables", "a1")
    project.alembic("upgrade", "head")
    project.variables["REGISTERED"] = "entities"
    source = project.revise("Entities", "b2")
    assert source.count("op.create_entity(") == source.count("op.drop_entity(") == 6
    assert "from alembic_utils.pg_function import PGFunction" in source
    project.alembic("upgrade", "head")
    project.alembic("check")
    use = """
import os, sqlalchemy as sa
with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
    connection.exec_driver_sql("INSERT INTO account VALUES (1, 'A@b.c') ON CONFLICT DO NOTHING")
    print(connection.exec_driver_sql("SELECT * FROM account, loud").all())
"""
    assert "(1, 'a@b.c', 1, 'A@B.C')" in project.run("-c", use)
    project.write(models=MODELS.replace("AS email FROM account", "AS email FROM account WHERE id > 0"))
    source = project.revise("A view", "c3")
    assert source.count("op.replace_entity(") == 2
    project.alembic("upgrade", "head")
    project.alembic("check")
    project.alembic("downgrade", "-1")
    project.alembic("stamp", "c3")
    assert "replace_entity" in project.revise("The view", "d4")
    project.alembic("upgrade", "head")
    project.alembic("downgrade", "c3")
    project.alembic("downgrade", "a1")
    project.alembic("downgrade", "base")
