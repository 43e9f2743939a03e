"""Files of a project that change after the kernel imported them: no command says that nothing differs."""

from __future__ import annotations

import os
import py_compile
import sys
from pathlib import Path

import pytest
from sampling import sampled

from mig_ipython.workspace.reloading.source_files import is_of_project, source_files

HEAD = "import sqlalchemy as sa\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
BASE = "class Base(DeclarativeBase): pass\n"
CAT = "class Cat(Base):\n    __tablename__ = 'cats'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
NAME = "    name: Mapped[str] = mapped_column(sa.String(40), server_default='')\n"
AGE = "    age: Mapped[int | None]\n"
MODELS = HEAD + BASE + CAT + NAME
DOG = "class Dog(Base):\n    __tablename__ = 'dogs'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
OWN = "from {module} import Base\ntarget_metadata = Base.metadata\n"
GIVEN = "target_metadata = context.config.attributes['target_metadata']\n"
ENV = """from alembic import context
{models}
context.configure(connection=context.config.attributes["connection"], target_metadata=target_metadata,
                  render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.fixture
def project(notebook, tmp_path, monkeypatch):
    """A notebook that is connected, beside the package ``shop`` and an environment of ``shop.models``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    (tmp_path / "shop/models.py").write_text(MODELS)
    (tmp_path / "m/versions").mkdir(parents=True)
    (tmp_path / "m/env.py").write_text(ENV.format(models=OWN.format(module="shop.models")))
    (tmp_path / "m/script.py.mako").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = ${repr(up_revision)}\n"
        "down_revision = ${repr(down_revision)}\ndef upgrade():\n    ${upgrades or 'pass'}\n"
        "def downgrade():\n    ${downgrades or 'pass'}\n"
    )
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_open m")
    yield notebook
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shop", "installed_base")]:
        del sys.modules[name]


@pytest.fixture
def settled(project):
    """A project whose models are in the database."""
    project.run("%mig_autogenerate -m first --id a1 --write\n%mig_upgrade")
    assert not project.run("%mig_diff")
    return project


def write(path: Path, text: str) -> None:
    """Write a file as an editor does; a later time stamp is not waited for."""
    path.write_text(text)


def state(notebook) -> tuple[object, ...]:
    """What no command may touch: the project's modules and the notebook's names."""
    modules = {name: id(one) for name, one in sys.modules.items() if name.partition(".")[0] == "shop"}
    return modules, {
        name: id(one) for name, one in notebook.shell.user_ns.items() if not name.startswith(("_", "In", "Out"))
    }


EDITS = {
    "a column": (MODELS + AGE, "Add column age"),
    "as many bytes": (MODELS.replace("40", "41"), "String(41)"),
    "a table": (MODELS + DOG, "Create table dogs"),
    "less": (HEAD + BASE + CAT, "Drop column name"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "sentence"), sampled(EDITS.values(), [EDITS["as many bytes"]]), ids=EDITS)
def test_models_of_env_py_that_were_edited_are_imported_again_by_every_command(settled, tmp_path, text, sentence):
    before = state(settled)
    write(tmp_path / "shop/models.py", text)
    for command in ("%mig_diff", "%mig_autogenerate -m second --id b2"):
        shown = repr(settled.run(command))
        assert "shop/models.py changed since this kernel imported it, and was read again" in shown
        assert sentence.split()[-1] in shown, shown
    status = settled.run("%mig")
    assert status.drift == 1
    assert "shop/models.py changed" in repr(status)
    error = settled.shell.run_cell("%mig_check").error_in_exec
    assert "shop/models.py changed" in str(error)
    settled.run("%mig_autogenerate -m second --id b2 --write\n%mig_upgrade")
    assert not settled.run("%mig_diff")
    assert "matches the models" in repr(settled.run("%mig_autogenerate"))
    assert state(settled) == before
    write(tmp_path / "shop/models.py", MODELS)
    assert settled.run("%mig_diff")


def test_modules_that_were_imported_before_are_those_of_afterwards(settled, tmp_path):
    def imported():
        return {name: module for name, module in sys.modules.items() if name.startswith("tests.")}

    before = imported()
    write(tmp_path / "shop/models.py", MODELS + AGE)
    assert settled.run("%mig_diff")
    assert __name__ in before
    assert imported() == before


@pytest.mark.slow
@pytest.mark.parametrize("environment", [True, False], ids=["env.py takes them", "no environment"])
@pytest.mark.costly
def test_models_that_the_notebook_imported_and_that_were_edited_are_imported_again(project, tmp_path, environment):
    (tmp_path / "m/env.py").write_text(ENV.format(models=GIVEN))
    if not environment:
        (tmp_path / "m").rename(tmp_path / "elsewhere")
        project.run("%reload_ext mig_ipython\nfrom mig_ipython import mig\nmig.session._environment = None")
    project.run("from shop.models import Base, Cat")
    project.run(
        "import sqlalchemy as sa\nclass Own(Base):\n    __tablename__ = 'own'\n    id = sa.Column(sa.Integer, primary_key=True)"
    )
    before = state(project)
    write(tmp_path / "shop/models.py", MODELS + AGE)
    for command in ("%mig_diff", "%mig_diff Base", "%mig_autogenerate Base -m x"):
        found = project.run(command)
        shown = repr(found)
        assert "shop/models.py changed" in shown
        assert "cats" in shown
        assert "own" in shown
        assert any("age" in str(line.sql) for line in (found.lines() if callable(found.lines) else found.lines))
    assert state(project) == before


@pytest.mark.slow
@pytest.mark.parametrize("models", [GIVEN, OWN.format(module="shop.models")], ids=["given", "of env.py"])
@pytest.mark.costly
def test_a_table_that_a_cell_defines_in_place_of_the_file_counts_after_the_file_was_edited(settled, tmp_path, models):
    (tmp_path / "m/env.py").write_text(ENV.format(models=models))
    settled.run("from shop.models import Base")
    settled.run(f"%%mig_models Base\n{HEAD}{CAT}{NAME}{AGE}")
    write(tmp_path / "shop/models.py", MODELS + "# a comment\n")
    for command in ("%mig_diff Base", "%mig_diff Base", "%mig_diff"):
        shown = repr(settled.run(command))
        assert "Add column age" in shown
        assert "The table 'cats' is the one that a cell of this notebook defines, not that of the file." in shown


@pytest.mark.slow
def test_a_class_that_autoreload_has_updated_is_one_of_its_file(settled, tmp_path):
    settled.run("%load_ext autoreload\n%autoreload 2\nfrom shop.models import Base, Cat")
    write(tmp_path / "shop/models.py", MODELS + AGE)
    settled.run("1")
    for command in ("%mig_diff", "%mig_diff Base"):
        shown = repr(settled.run(command))
        assert "Add column age" in shown
        assert "of this notebook" not in shown


@pytest.mark.slow
def test_models_of_the_notebook_itself_are_not_reported_as_read_again(settled, tmp_path):
    (tmp_path / "m/env.py").write_text(ENV.format(models=GIVEN))
    settled.run("from shop.models import Base")
    write(tmp_path / "shop/models.py", MODELS + AGE)
    assert "changed since" in repr(settled.run("%mig_diff Base"))
    (tmp_path / "script.py").write_text(MODELS)
    settled.run("%run script.py")
    shown = repr(settled.run("%mig_diff Base"))
    assert "Add column age" not in shown
    assert "changed since" not in shown


def test_reload_gives_the_notebook_what_the_files_declare(settled, tmp_path):
    settled.run("import shop.models as models\nfrom shop.models import Base, Cat as Kitten\nnumber = 7")
    old = settled["Base"]
    write(tmp_path / "shop/models.py", MODELS + AGE)
    found = settled.run("%mig_diff --reload")
    assert len(found) == 1
    assert found.notes == ()
    assert settled["Base"] is not old
    assert settled["Base"] is settled["models"].Base is sys.modules["shop.models"].Base
    assert hasattr(settled["Kitten"], "age")
    assert settled["number"] == 7
    write(tmp_path / "shop/models.py", MODELS + "    1x\n")
    before = state(settled)
    assert "shop/models.py, line 8" in settled.fail("%mig_diff --reload")
    assert state(settled) == before


def test_reload_leaves_alone_what_has_nothing_to_do_with_the_edit(settled, tmp_path):
    """A module of the project may do anything when it is imported: connect, print, start something."""
    (tmp_path / "shop/mixins.py").write_text("class Named: pass\n")
    (tmp_path / "shop/cats.py").write_text("from .models import Cat\nfrom .mixins import Named\n")
    (tmp_path / "shop/jobs.py").write_text("import builtins\nbuiltins.runs = getattr(builtins, 'runs', 0) + 1\n")
    settled.run("import shop.cats, shop.jobs")
    jobs, cats = sys.modules["shop.jobs"], sys.modules["shop.cats"]
    write(tmp_path / "shop/mixins.py", "class Named:\n    later = True\n")
    settled.run("%mig_diff --reload")
    assert sys.modules["shop.cats"] is not cats
    assert sys.modules["shop.cats"].Cat.metadata is sys.modules["shop.models"].Base.metadata
    assert sys.modules["shop.jobs"] is jobs
    assert sys.modules["shop"].jobs is jobs
    import builtins

    assert builtins.runs == 1
    del builtins.runs


def test_a_touched_file_and_one_that_no_model_needs_change_nothing(settled, tmp_path):
    (tmp_path / "shop/tools.py").write_text("x = 1\n")
    settled.run("import shop.tools")
    os.utime(tmp_path / "shop/models.py")
    write(tmp_path / "shop/tools.py", "x = 2\n")
    assert settled.run("%mig_diff").notes == ()
    assert settled.run("%mig").drift == 0


FAILING = {
    "a syntax error": lambda path: write(path, MODELS + "class\n"),
    "an error": lambda path: write(path, MODELS + "1 / 0\n"),
    "deleted": lambda path: path.unlink(),
    "no Base any more": lambda path: write(path, HEAD),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", sampled(FAILING.values(), 2), ids=FAILING)
@pytest.mark.costly
def test_an_edited_file_that_cannot_be_imported_is_named_with_the_remedy(settled, tmp_path, edit):
    edit(tmp_path / "shop/models.py")
    for command in ("%mig_diff", "%mig_check", "%mig_autogenerate -m x"):
        shown = settled.fail(command)
        assert "shop/models.py" in shown
        assert "since this kernel imported it" in shown
        assert "restart the kernel" in shown
    status = settled.run("%mig")
    assert status.drift is None
    assert "shop/models.py" in repr(status)
    assert "up to date" not in repr(status)


@pytest.mark.sweep
def test_a_failed_autoreload_is_an_edit_and_a_done_one_is_none(settled, tmp_path):
    settled.run("%load_ext autoreload\n%autoreload 2\nfrom shop.models import Base")
    write(tmp_path / "shop/models.py", MODELS + AGE + "class\n")
    settled.run("1")
    assert "shop/models.py" in settled.fail("%mig_diff")
    write(tmp_path / "shop/models.py", MODELS + AGE)
    settled.run("1")
    found = settled.run("%mig_diff")
    assert "age" in repr(found)
    settled.run("%autoreload 0\n%unload_ext autoreload")


@pytest.mark.sweep
def test_a_new_module_of_a_package_that_imports_all_of_its_own_is_seen(settled, tmp_path):
    package = tmp_path / "shop/models"
    package.mkdir()
    (tmp_path / "shop/models.py").unlink()
    every = (
        "import importlib, pkgutil\nfrom shop.base import Base\n"
        "for one in pkgutil.iter_modules(__path__):\n    importlib.import_module(f'{__name__}.{one.name}')\n"
    )
    (package / "__init__.py").write_text(every)
    (tmp_path / "shop/base.py").write_text(HEAD + BASE)
    (package / "cats.py").write_text(HEAD + "from shop.base import Base\n" + CAT + NAME)
    assert not settled.run("%mig_diff")
    (package / "dogs.py").write_text(HEAD + "from shop.base import Base\n" + DOG)
    assert "Create table dogs" in repr(settled.run("%mig_diff"))
    (package / "dogs.py").unlink()
    assert not settled.run("%mig_diff")


@pytest.mark.sweep
def test_models_on_the_base_of_an_installed_package_can_be_imported_again(project, tmp_path, monkeypatch):
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages/installed_base.py").write_text(HEAD + BASE)
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    text = HEAD + "from installed_base import Base\n" + CAT
    write(tmp_path / "shop/models.py", text)
    project.run("%mig_autogenerate -m first --id a1 --write\n%mig_upgrade\nfrom shop.models import Cat")
    kept = sys.modules["installed_base"]
    write(tmp_path / "shop/models.py", text + AGE)
    for command in ("%mig_diff", "%mig_diff"):
        assert "age" in repr(project.run(command))
    assert sys.modules["installed_base"] is kept
    assert not hasattr(project["Cat"], "age")


def test_a_table_of_a_cell_that_is_built_from_an_edited_mixin_is_refused(project, tmp_path):
    (tmp_path / "m/env.py").write_text(ENV.format(models=GIVEN))
    (tmp_path / "shop/parts.py").write_text(HEAD + "class Named:\n" + NAME)
    project.run("from shop.parts import Named\n" + HEAD + BASE + CAT.replace("(Base)", "(Named, Base)"))
    assert "Create table cats" in repr(project.run("%mig_diff"))
    write(tmp_path / "shop/parts.py", HEAD + "class Named:\n" + NAME + AGE)
    shown = project.fail("%mig_diff")
    assert "shop/parts.py changed" in shown
    assert "'cats'" in shown
    assert "--reload" in shown


def test_models_that_env_py_takes_from_an_object_of_the_kernel_are_refused_when_edited(project, tmp_path):
    (tmp_path / "m/env.py").write_text(ENV.format(models="import sys\ntarget_metadata = sys.shop_application"))
    project.run("import sys\nimport shop.models\nsys.shop_application = shop.models.Base.metadata")
    try:
        assert "Create table cats" in repr(project.run("%mig_diff"))
        write(tmp_path / "shop/models.py", MODELS + AGE)
        assert "Restart the kernel" in project.fail("%mig_diff")
    finally:
        project.run("del sys.shop_application")


@pytest.mark.slow
def test_two_projects_with_a_module_of_one_name_have_each_their_models(notebook, tmp_path):
    for place, more in (("one", ""), ("two", AGE)):
        (tmp_path / place / "m/versions").mkdir(parents=True)
        (tmp_path / place / "shop.py").write_text(MODELS + more)
        (tmp_path / place / "m/env.py").write_text(ENV.format(models=OWN.format(module="shop")))
        (tmp_path / place / "alembic.ini").write_text(
            f"[alembic]\nscript_location = %(here)s/m\nprepend_sys_path = {tmp_path / place}\n"
        )
    notebook.run("%mig_connect sqlite:///dev.db")
    try:
        for place, columns in (("one", 2), ("two", 3), ("one", 2)):
            notebook.run(f"%mig_open {place}/alembic.ini")
            (line,) = notebook.run("%mig_diff").lines
            assert f"with {columns} columns" in line.sentence
    finally:
        sys.modules.pop("shop", None)


@pytest.mark.sweep
def test_a_review_notices_that_its_files_were_edited(settled, tmp_path):
    write(tmp_path / "shop/models.py", MODELS + AGE)
    settled.run("p = %mig_autogenerate -m second --id b2")
    assert settled.run("p.stale()") == ""
    write(tmp_path / "shop/models.py", MODELS + AGE + DOG)
    assert settled.run("p.stale()") == "The models have changed since this review was made."
    assert "The models have changed" in settled.fail("p.write()")
    settled.run("p.again().write()")
    settled.run("%mig_upgrade")
    assert not settled.run("%mig_diff")


@pytest.mark.slow
def test_a_file_that_was_edited_between_its_import_and_load_ext_is_seen(settled, tmp_path):
    settled.run("%unload_ext mig_ipython\nimport sys")
    for name in [name for name in sys.modules if name.startswith("shop")]:
        del sys.modules[name]
    settled.run("import shop.models")
    py_compile.compile(str(tmp_path / "shop/models.py"))
    write(tmp_path / "shop/models.py", MODELS + AGE)
    settled.run("%load_ext mig_ipython\n%mig_connect sqlite:///dev.db\n%mig_open m")
    assert "age" in repr(settled.run("%mig_diff"))


def test_an_interrupt_after_a_cell_is_one_line_and_no_import_of_the_cell_is_forgotten(notebook, tmp_path, monkeypatch):
    (tmp_path / "late_models.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "late_models", raising=False)
    asked = []

    def interrupted_once(name, module):
        asked.append(name)
        if asked.count("late_models") == 1 and name == "late_models":
            raise KeyboardInterrupt
        return is_of_project(name, module)

    monkeypatch.setattr("mig_ipython.workspace.reloading.source_files.is_of_project", interrupted_once)
    notebook.shell.run_cell("import late_models")
    shown = notebook.capsys.readouterr().out
    assert "KeyboardInterrupt: The cell has ended." in shown
    assert "Traceback" not in shown
    notebook.run("1")
    assert "late_models" in source_files.modules()
