"""The teacher's side: a lesson in Markdown, the notebook and the sealed file that are built from it."""
