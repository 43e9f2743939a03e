from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_core.script import ScriptDirectory
from kernel_core.script.steps import upgrade_steps
from kernel_core.util.exc import BrokenScript, CommandError, EnvironmentMissing, MultipleHeads, RevisionError

NASTY = [
    'x"""\nimport os; os.mkdir("owned")\n"""',
    "x'''\nprint(1)\n'''",
    'ends with "',
    'ends with ""',
    '"""',
    "back\\slash\\",
    "two\nlines\n\nand a paragraph",
    "../../outside",
    "/etc/passwd",
    "🚀 émigré 中文",
    "${1/0} % if x: <%! import os %>",
    "nul\0 and \ud800 and \u202e",
    "# coding: rot13",
    "\r\nrevision = 'evil'\r\n",
]


class Settings:
    def __init__(self, **options: str) -> None:
        self.options = options

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        return self.options.get(name, default)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---- reading ----------------------------------------------------------------------------------------------------


def test_an_environment_without_revisions_has_no_head(scripts):
    assert scripts.get_current_head() is None
    assert (scripts.get_heads(), scripts.get_bases(), scripts.get_base()) == ([], [], None)
    assert list(scripts.walk_revisions()) == []


def test_history_runs_from_the_heads_to_base(scripts, put):
    for revision, down in (("a", None), ("b", "a"), ("c", "b")):
        put(revision, down)
    assert [script.revision for script in scripts.walk_revisions()] == ["c", "b", "a"]
    assert [script.revision for script in scripts.walk_revisions("b", "c")] == ["c", "b"]
    assert [script.revision for script in scripts.iterate_revisions("c", "a")] == ["c", "b"]


def test_a_script_has_the_fields_of_its_file(scripts, put):
    path = put("a", labels=("shop",))
    script = scripts.get_revision("a")
    assert script.path == str(path)
    assert script.doc == "About a"
    assert script.longdoc.startswith("About a\n\nMore of it.")
    assert script.create_date == datetime.fromisoformat("2013-01-01 10:00:00.000001")
    assert script.source == path.read_text()
    assert str(script) == "<base> -> a (shop) (head), About a"


def test_a_head_that_is_needed_and_what_needs_it_are_marked(scripts, put):
    put("a")
    put("b", None, None, "a")
    assert str(scripts.get_revision("a")) == "<base> -> a (effective head), About a"
    assert str(scripts.get_revision("b")) == "<base> (a) -> b (head), About b"
    assert scripts.get_revision("a").is_head
    assert scripts.get_revision("a").is_needed


def test_the_log_entry_of_a_branch_point_and_of_a_merge(scripts, put):
    put("d", labels="dep")
    path = put("a")
    put("b", "a", depends="dep")
    put("c", "a")
    put("m", ("b", "c"))
    date = "    Create Date: 2013-01-01 10:00:00.000001\n"
    assert scripts.get_revision("a").log_entry == (
        f"Rev: a (branchpoint)\nParent: <base>\nBranches into: b, c\nPath: {path}\n\n    About a\n\n    More of it.\n\n{date}"
    )
    assert scripts.get_revision("m").log_entry.startswith("Rev: m (head) (mergepoint)\nMerges: b, c\nPath: ")
    assert "\nAlso depends on: dep\n" in scripts.get_revision("b").log_entry


def test_names_become_ids(scripts, put):
    put("abc1")
    put("abd2", "abc1")
    assert scripts.as_revision_number("head") == "abd2"
    assert scripts.as_revision_number("heads") == ("abd2",)
    assert scripts.as_revision_number("base") is None
    assert scripts.as_revision_number("abc") == "abc1"


def test_several_heads_and_bases_are_distinguished(scripts, put):
    put("a")
    put("b", depends="a")
    assert scripts.get_heads() == ["a", "b"]
    assert scripts.get_heads(consider_depends_on=True) == ["b"]
    with pytest.raises(MultipleHeads):
        scripts.get_current_head()
    with pytest.raises(RevisionError, match="2 bases"):
        scripts.get_base()


def test_hidden_files_and_init_are_ignored(scripts, put, folder):
    put("a")
    for name in ("__init__.py", ".#a.py", "notes.txt", "x.pyc"):
        (folder / "versions" / name).write_text("x (")
    (folder / "versions" / "__pycache__").mkdir()
    assert scripts.get_heads() == ["a"]
    assert scripts.broken == ()


def test_broken_files_do_not_hide_the_others(scripts, put, folder):
    put("a")
    put("b", "a")
    bad = folder / "versions" / "bad.py"
    bad.write_text("revision = 'c\n")
    (folder / "versions" / "dir.py").mkdir()
    assert [script.revision for script in scripts.walk_revisions()] == ["b", "a"]
    assert [(os.path.basename(error.path), error.line) for error in scripts.broken] == [("bad.py", 1), ("dir.py", None)]


def test_a_broken_body_is_marked_and_stays_in_the_graph(scripts, put):
    put("a")
    path = put("b", "a", body="def helper(:\n    pass")
    assert scripts.get_heads() == ["b"]
    assert [(error.path, error.line) for error in scripts.broken] == [(str(path), 11)]


def test_only_a_run_that_needs_a_broken_body_is_refused(scripts, put):
    put("a")
    put("b", "a", body="def helper(:")
    assert len(upgrade_steps(scripts.map, frozenset(), "a")) == 1
    with pytest.raises(BrokenScript, match="line 11"):
        upgrade_steps(scripts.map, frozenset(), "b")


def test_a_missing_parent_and_an_id_used_twice_are_listed_with_their_lines(scripts, put, folder):
    put("b", "lost")
    put("c", "b")
    (folder / "versions" / "d_again.py").write_text('revision = "c"\ndown_revision = None\n')
    found = {os.path.basename(error.path): (error.line, error.reason) for error in scripts.broken}
    assert found["b_x.py"] == (8, "needs revision lost, which no file here defines.")
    assert found["d_again.py"][0] == 1
    assert "is taken by" in found["d_again.py"][1]
    assert scripts.get_heads() == ["c"]


def test_reading_executes_nothing(scripts, put, tmp_path, folder):
    canary = tmp_path / "canary"
    touch = f"import pathlib; pathlib.Path({str(canary)!r}).touch()"
    put("a", body=touch)
    (folder / "env.py").write_text(touch)
    list(scripts.walk_revisions())
    assert scripts.broken == ()
    assert scripts.get_revision("a").log_entry
    assert upgrade_steps(scripts.map, frozenset(), "head")
    assert not canary.exists()
    assert scripts.get_revision("a").module
    assert canary.exists()


def test_listing_imports_neither_sqlalchemy_nor_mako(folder, put):
    put("a")
    code = (
        "import sys; from kernel_core.script import ScriptDirectory as D; d = D(sys.argv[1]);"
        "assert d.get_heads() == ['a'] and list(d.walk_revisions()) and not d.broken;"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'sqlalchemy', 'mako', 'alembic', 'IPython'}))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code, folder], cwd=root, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


# ---- where it is ------------------------------------------------------------------------------------------------


def test_a_missing_folder_or_one_without_an_environment_is_named(tmp_path):
    with pytest.raises(EnvironmentMissing, match="does not exist") as caught:
        ScriptDirectory(tmp_path / "no")
    assert caught.value.directory == str(tmp_path / "no")
    bare = ScriptDirectory(tmp_path)
    assert bare.get_heads() == []
    with pytest.raises(EnvironmentMissing, match="is not a migration environment") as caught:
        bare.require_environment()
    assert caught.value.directory == str(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentMissing, match="is a file"):
        ScriptDirectory(tmp_path / "file")


def test_a_configuration_names_the_environment(folder):
    found = ScriptDirectory.from_config(
        Settings(
            script_location=str(folder),
            file_template="%(slug)s",
            truncate_slug_length="7",
            version_locations=f"{folder}/versions:{folder}/more",
            path_separator=":",
            recursive_version_locations="true",
        )
    )
    assert found.dir == str(folder)
    assert (found.file_template, found.truncate_slug_length) == ("%(slug)s", 7)
    assert found.version_locations == [f"{folder}/versions", f"{folder}/more"]
    assert found.recursive_version_locations


def test_a_configuration_without_a_location_says_so():
    with pytest.raises(EnvironmentMissing, match="set script_location"):
        ScriptDirectory.from_config(Settings())


def test_a_package_may_hold_the_environment(tmp_path, monkeypatch):
    (tmp_path / "shop_pkg" / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "shop_pkg" / "__init__.py").write_text("raise SystemExit('never imported')")
    monkeypatch.syspath_prepend(tmp_path)
    found = ScriptDirectory.from_config(Settings(script_location="shop_pkg:migrations"))
    assert found.dir == str(tmp_path / "shop_pkg" / "migrations")
    with pytest.raises(EnvironmentMissing, match="no package nothing_there"):
        ScriptDirectory.from_config(Settings(script_location="nothing_there:migrations"))


def test_folders_in_the_version_folder_are_read_if_configured(folder, put):
    inner = folder / "versions" / "2013"
    inner.mkdir()
    put("a").rename(inner / "a.py")
    assert ScriptDirectory(folder).get_heads() == []
    assert ScriptDirectory(folder, recursive_version_locations=True).get_heads() == ["a"]


# ---- running ----------------------------------------------------------------------------------------------------


def test_a_module_is_the_file_as_it_is_now(folder, put):
    path = put("a", body="value = 1")
    stat = path.stat()
    assert ScriptDirectory(folder).get_revision("a").module.value == 1
    path.write_text(path.read_text().replace("value = 1", "value = 2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert ScriptDirectory(folder).get_revision("a").module.value == 2
    assert not list(folder.rglob("*.pyc"))


def test_a_module_is_run_once(scripts, put):
    put("a")
    script = scripts.get_revision("a")
    assert script.module is script.module


def test_a_module_may_define_dataclasses_whose_annotations_are_text(scripts, folder):
    (folder / "versions" / "a.py").write_text(
        "from __future__ import annotations\nimport dataclasses\nrevision = 'a'\n\n"
        "def upgrade():\n    @dataclasses.dataclass\n    class Row:\n        n: int\n    return Row(1).n\n"
    )
    assert scripts.get_revision("a").module.upgrade() == 1


def test_a_module_that_cannot_be_loaded_names_its_line(scripts, put):
    path = put("a", body="import no_such_module_here")
    with pytest.raises(BrokenScript, match="ModuleNotFoundError") as caught:
        _ = scripts.get_revision("a").module
    assert (caught.value.path, caught.value.line) == (str(path), 11)


def test_env_py_is_run_again_each_time(scripts, folder, tmp_path):
    log = tmp_path / "log"
    (folder / "env.py").write_text(
        f"import pathlib\nlog = pathlib.Path({str(log)!r})\nlog.write_text((log.read_text() if log.exists() else '') + 'x')"
    )
    scripts.run_env()
    scripts.run_env()
    assert log.read_text() == "xx"


def test_an_env_py_that_is_missing_or_not_valid_python_is_named(scripts, folder):
    (folder / "env.py").write_text("x\ny (\n")
    with pytest.raises(BrokenScript, match=r"env\.py, line 2"):
        scripts.run_env()
    (folder / "env.py").unlink()
    with pytest.raises(EnvironmentMissing, match=r"no env\.py, so nothing can run\. Restore it, or copy that of a new"):
        scripts.run_env()


# ---- writing ----------------------------------------------------------------------------------------------------


def test_a_new_revision_follows_the_head(scripts, put):
    put("a")
    script = scripts.generate_revision("b", "Add age", upgrades="op.x()", imports="import json")
    assert (script.revision, script.down_revision, script.doc) == ("b", "a", "Add age")
    assert os.path.basename(script.path) == "b_add_age.py"
    assert script.create_date is not None
    assert "    op.x()\n" in script.source
    assert "import json\n" in script.source
    assert "Revises: a\n" in script.source
    assert scripts.get_current_head() == "b"


def test_the_first_revision_has_no_parent_and_a_random_id(scripts):
    script = scripts.generate_revision(None, None)
    assert (script.down_revision, script.doc, len(script.revision)) == (None, "empty message", 12)
    assert os.path.basename(script.path) == f"{script.revision}.py"


def test_a_merge_a_label_and_a_dependency_are_written(scripts, put):
    put("a1")
    put("b1", labels="bb")
    put("c1")
    script = scripts.generate_revision("m", "x", head=["a1", "c1"], branch_labels="mm", depends_on="bb")
    assert (script.down_revision, script.dependencies) == (("a1", "c1"), "bb")
    assert script.own_labels == {"mm"}
    assert scripts.generate_revision("n", "x", head="base", depends_on=["b", "m"]).dependencies == ("b1", "m")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"revid": "a"}, "exists already"),
        ({"revid": "../x"}, "cannot be a revision id"),
        ({"head": "nowhere"}, "No revision is named"),
        ({"head": "a"}, "is not a head"),
        ({"depends_on": "nowhere"}, "No revision is named"),
        ({"branch_labels": "shop"}, "names a branch or a revision already"),
        ({"branch_labels": "a@b"}, "cannot be a branch label"),
        ({"version_path": "/tmp"}, "not one of version_locations"),
        ({"file_template": "../../%(rev)s"}, "would be written outside"),
        ({"file_template": "/tmp/%(rev)s"}, "would be written outside"),
        ({"file_template": "%(bad)s"}, "Its tokens are"),
        ({"file_template": "b_x"}, "already exists"),
    ],
)
def test_what_cannot_be_written_writes_nothing(scripts, put, folder, arguments, reason):
    put("a", labels="shop")
    put("b", "a")
    before = files(folder)
    with pytest.raises(CommandError, match=reason):
        scripts.generate_revision(**{"revid": "c", "message": "x", **arguments})
    assert files(folder) == before


def test_a_new_branch_needs_splice(scripts, put):
    put("a")
    put("b", "a")
    assert scripts.generate_revision("c", "x", head="a", splice=True).down_revision == "a"
    assert scripts.get_heads() == ["b", "c"]


def test_the_head_is_not_guessed_while_a_file_cannot_be_read(scripts, put, folder):
    put("a")
    (folder / "versions" / "bad.py").write_text("revision = (")
    with pytest.raises(CommandError, match=r"bad\.py, line 1"):
        scripts.generate_revision("b", "x")
    assert scripts.generate_revision("b", "x", head="a").revision == "b"


@pytest.mark.parametrize("message", NASTY)
def test_a_hostile_message_stays_text_and_inside_the_folder(scripts, folder, tmp_path, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = scripts.generate_revision("b", message)
    assert Path(script.path).parent == folder / "versions"
    plain = message.replace("\r\n", "\n").replace("\r", "\n").strip().replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    docstring = ast.get_docstring(ast.parse(script.source), clean=False)
    assert docstring is not None
    assert docstring.startswith(plain + "\n\nRevision ID: b\n")
    assert script.revision == "b"
    assert script.module.upgrade() is None
    assert sorted(os.listdir(tmp_path)) == ["migrations"]


@settings(
    max_examples=settings.default.max_examples * 3 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.text(alphabet=st.one_of(st.sampled_from("\"'\\\n./$%{}"), st.characters()), max_size=30))
def test_any_message_stays_text_and_inside_the_folder(folder, message):
    scripts = ScriptDirectory(folder)
    script = scripts.generate_revision(None, message, head="base")
    assert Path(script.path).parent == folder / "versions"
    tree = ast.parse(script.source)
    assert [type(node).__name__ for node in tree.body[:2]] == ["Expr", "ImportFrom"]
    assert len(tree.body) == 10


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("# ${message}\n", "x\nimport os"),
        ("# ${message}\n", "x\nreturn nonsense here"),
        ('title = "${message}"\n', 'a" + str(1) + "b'),
        ('title = f"${message}"\n', "{1}"),
    ],
)
def test_a_template_that_would_make_a_message_code_is_refused(scripts, folder, place, message):
    mako = folder / "script.py.mako"
    mako.write_text(place + mako.read_text())
    with pytest.raises(CommandError, match=r"would become code|not valid Python"):
        scripts.generate_revision(None, message)
    assert scripts.get_heads() == []
    assert scripts.generate_revision("plain", "Add age")


def test_a_template_may_put_the_message_into_a_string_too(scripts, folder):
    mako = folder / "script.py.mako"
    mako.write_text(mako.read_text() + 'title = "${message}"\n')
    assert scripts.generate_revision("b", "naïve 🚀!").module.title == "naïve 🚀!"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${nothing_of_that_name}", "cannot be rendered"),
        ("% if x:\n", "not valid Mako"),
        ("revision = ${repr(up_revision)}\nx = (", "not valid Python"),
        ("down_revision = None", "assigns no revision id"),
        ("revision = 'always'", "does not write revision"),
    ],
)
def test_a_template_that_renders_no_version_file_is_named(scripts, folder, text, reason):
    (folder / "script.py.mako").write_text(text)
    before = files(folder)
    with pytest.raises(CommandError, match=reason):
        scripts.generate_revision("b", "x")
    assert files(folder) == before


def test_a_missing_template_is_named(scripts, folder):
    (folder / "script.py.mako").unlink()
    with pytest.raises(CommandError, match=r"script.py.mako cannot be read"):
        scripts.generate_revision("b", "x")


def test_a_folder_in_the_file_template_is_created(folder):
    scripts = ScriptDirectory(folder, file_template="%(year)d/%(rev)s", recursive_version_locations=True)
    script = scripts.generate_revision("b", "x")
    assert Path(script.path).parent.parent == folder / "versions"
    assert scripts.get_heads() == ["b"]


def test_of_several_folders_that_of_the_parent_is_used_or_one_must_be_named(folder, put):
    put("a")
    other = str(folder / "other")
    scripts = ScriptDirectory(folder, version_locations=[str(folder / "versions"), other])
    with pytest.raises(CommandError, match="name one"):
        scripts.generate_revision("b", "x", head="base")
    assert os.path.dirname(scripts.generate_revision("b", "x", head="base", version_path=other).path) == other
    assert os.path.dirname(scripts.generate_revision("c", "x", head="b").path) == other


def test_the_create_date_may_have_a_timezone(folder):
    script = ScriptDirectory(folder, timezone="utc").generate_revision("b", "x")
    assert script.create_date.utcoffset().total_seconds() == 0
    with pytest.raises(CommandError, match="not known here"):
        ScriptDirectory(folder, timezone="Mars/Olympus").generate_revision("c", "x")
