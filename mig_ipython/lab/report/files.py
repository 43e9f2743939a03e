"""Write a report as HTML and CSV."""

from __future__ import annotations

from kernel_core.util.exc import CommandError

from ..views.report import ReportView


def write_report(report: ReportView, html: str = "", csv: str = "") -> list[str]:
    """Write the files that are named, and return their paths; raises CommandError where that fails.

    The CSV begins with a byte order mark, by which spreadsheets recognise UTF-8.
    """
    written = []
    for path, text, encoding in ((html, report.page, "utf-8"), (csv, report.csv, "utf-8-sig")):
        if not path:
            continue
        try:
            with open(path, "w", encoding=encoding, errors="replace", newline="") as stream:
                stream.write(text())
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        written.append(path)
    return written
