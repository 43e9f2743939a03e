"""The report on what students handed in. Their files are read, never run.

view = report_on("submissions")
view.page()       # an HTML document
view.csv()
"""

from .files import write_report
from .reading import Submission, read_submissions
from .results import report_on, results_of
from .verifying import is_verified

__all__ = ["Submission", "is_verified", "read_submissions", "report_on", "results_of", "write_report"]
