"""The workshop as a static site: JupyterLite with a Python kernel that runs in the browser, for a plain file server.

``downloads`` fetches what is pinned, ``wheels`` and ``kernel`` prepare the kernel, ``build`` puts the site together.
Importing this package imports neither jupyterlite nor SQLAlchemy.
"""
