"""``python -m mig_ipython.lab`` and ``mig lab``: build lessons and the site in which they run; report on results."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from kernel_core.util.exc import CommandError

from .lesson import FOLDER

_SOURCES = "notebooks/workshop/lessons"


def main(argv: Sequence[str] | None = None, prog: str = "python -m mig_ipython.lab") -> int:
    """Run one command; return the exit code."""
    options = parser(prog).parse_args(argv)
    try:
        code: int = options.run(options)
    except CommandError as error:
        print(f"FAILED: {error}", file=sys.stderr)  # noqa: T201 - the program's output
        return 1
    return code


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the program."""
    found = argparse.ArgumentParser(prog=prog, description="Build lessons of a workshop.")
    commands = found.add_subparsers(title="commands", metavar="COMMAND", required=True)
    build = commands.add_parser("build", help="write notebooks and sealed files from the lessons' Markdown")
    build.add_argument("numbers", nargs="*", type=int, metavar="N", help="lessons (default: all)")
    build.add_argument(
        "--sources",
        default=_SOURCES,
        metavar="DIR",
        help="the lessons: Markdown files with a number and a name, such as 3_renames",
    )
    build.add_argument("--notebooks", default="notebooks/workshop", metavar="DIR", help="where notebooks are written")
    build.add_argument("--sealed", default=FOLDER, metavar="DIR", help="where sealed files are written")
    build.add_argument("--check", action="store_true", help="write nothing; fail where a file is not current")
    build.set_defaults(run=_build)
    _add_try(commands)
    _add_site(commands)
    _add_report(commands)
    return found


def _add_try(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    trial = commands.add_parser(
        "try", help="try every answer in the lessons' Markdown: right ones pass, wrong ones not"
    )
    trial.add_argument("numbers", nargs="*", metavar="N|N.M", help="lessons or exercises (default: all)")
    trial.add_argument("--sources", default=_SOURCES, metavar="DIR", help="the lessons")
    trial.add_argument("--sealed", default=FOLDER, metavar="DIR", help="where their sealed files are")
    trial.set_defaults(run=_try)


def _try(options: argparse.Namespace) -> int:
    from .lesson import file_of
    from .source.answers import try_answers
    from .source.files import read_sources
    from .source.shell import lesson_shell

    lessons = {number.partition(".")[0] for number in options.numbers}
    exercises = [number for number in options.numbers if "." in number]
    tried = faults = 0
    for source in read_sources(options.sources):
        if lessons and str(source.number) not in lessons:
            continue
        with lesson_shell() as shell:
            found = list(try_answers(source, file_of(source.number, options.sealed), shell, exercises))
        for answer, result in found:
            fault = answer.fault(result)
            tried, faults = tried + 1, faults + bool(fault)
            if fault:
                print(f"{answer}: {fault}\n{result}\n")  # noqa: T201 - the program's output
    print(f"{tried} answers tried, {faults} with another result than their lesson says.")  # noqa: T201 - the same
    return 1 if faults else 0


def _add_site(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    site = commands.add_parser("site", help="write a static site in which the notebooks run, for a plain file server")
    site.add_argument("out", metavar="OUT", help="the folder to write; an earlier site in it is replaced")
    site.add_argument(
        "--notebooks",
        nargs="+",
        default=["notebooks/workshop"],
        metavar="PATH",
        help="notebooks, or folders with notebooks (default: notebooks/workshop)",
    )
    site.add_argument("--pyodide", metavar="DIR", help="the unpacked npm package pyodide, in place of a download")
    site.add_argument("--wheels", metavar="DIR", help="a folder with the pinned wheels, in place of downloads")
    site.add_argument("--cache", metavar="DIR", help="where downloads are kept (default: in the user's cache folder)")
    site.set_defaults(run=_site)


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser("report", help="show what students handed in; their files are read, never run")
    report.add_argument("folder", metavar="FOLDER", help="a folder or a file for each student")
    report.add_argument("--html", default="", metavar="FILE", help="write the report as HTML too")
    report.add_argument("--csv", default="", metavar="FILE", help="write the results as CSV too")
    report.add_argument("--lessons", default="lessons", metavar="DIR", help="the sealed files of custom lessons")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from .report import report_on, write_report

    found = report_on(options.folder, options.lessons)
    print(found.text())  # noqa: T201 - the program's output
    for path in write_report(found, options.html, options.csv):
        print(f"{path}: written")  # noqa: T201 - the program's output
    return 0


def _site(options: argparse.Namespace) -> int:
    from .site.build import build_site
    from .site.downloads import default_cache

    cache = os.path.abspath(options.cache or default_cache())
    notebooks = build_site(options.out, options.notebooks, cache=cache, pyodide=options.pyodide, wheels=options.wheels)
    print(f"{options.out}: {len(notebooks)} notebooks. Serve it: python -m http.server -d {options.out}")  # noqa: T201
    return 0


def _build(options: argparse.Namespace) -> int:
    from .source.files import Places, build_lessons, is_current, write

    places = Places(*map(os.path.abspath, (options.sources, options.notebooks, options.sealed)))
    stale = 0
    for path, text in build_lessons(places, options.numbers):
        if options.check:
            current = is_current(path, text)
            stale += not current
            state = "current" if current else "not current"
        else:
            state = "written" if write(path, text) else "current"
        print(f"{os.path.relpath(path)}: {state}")  # noqa: T201 - the program's output
    return 1 if stale else 0
