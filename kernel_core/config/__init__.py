"""What an environment is told (`Config`), and the program ``mig`` (`CommandLine`, `main`).

Where a setting comes from, the first that has it wins:

1. ``config.set_main_option()``, in memory
2. the section of the ini file that ``-n`` names (``[alembic]``)
3. ``[DEFAULT]`` of the ini file
4. ``[tool.alembic]`` of ``pyproject.toml``

Which files: those given with ``-c`` (one .ini, one .toml), else those of ``ALEMBIC_CONFIG``, else ``alembic.ini`` and
``pyproject.toml`` of the working folder.
"""

from .configuration import Config
from .program import CommandLine, main

__all__ = ["CommandLine", "Config", "main"]
