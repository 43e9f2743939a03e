# Settings of this machine; those of the code are in pyproject.toml, [tool.alembic].
# A setting that is in both files is taken from here.

[alembic]
# The database, if DATABASE_URL is not set. Do not write a password here: this file is usually shared.
# sqlalchemy.url = sqlite+aiosqlite:///dev.db

# Logging of the command line.

[loggers]
keys = root,sqlalchemy,kernel_core

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = WARNING
handlers = console

[logger_sqlalchemy]
level = WARNING
handlers =
qualname = sqlalchemy.engine

[logger_kernel_core]
level = WARNING
handlers =
qualname = kernel_core

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = plain

[formatter_plain]
format = %(levelname)-7s [%(name)s] %(message)s
