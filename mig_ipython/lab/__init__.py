"""Workshops: lessons with exercises whose answers are checked by the state of the student's database.

`source` turns a lesson's Markdown into a notebook and a sealed file; `workshop` is what ``%mig_lab`` does with them.
Nothing here needs a server or an account; it also runs in the browser, so there are no threads and no processes.
"""
