"""The settings of an environment (`Config`), and the program ``mig`` (`CommandLine`, `main`).

A setting is taken from the first of these that has it:

1. ``config.set_main_option()``, in memory
2. the section of the ini file that ``-n`` names (``[alembic]``)
3. ``[DEFAULT]`` of the ini file
4. ``[tool.alembic]`` of ``pyproject.toml``

The files are those given with ``-c`` (one .ini, one .toml), else those in ``ALEMBIC_CONFIG``, else ``alembic.ini`` and
``pyproject.toml`` in the working folder.
"""

from .configuration import Config
from .program import CommandLine, main

__all__ = ["CommandLine", "Config", "main"]
