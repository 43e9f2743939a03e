# What belongs to this machine rather than to the code; the rest is in pyproject.toml, [tool.alembic].
# What stands in both counts as it stands here.

[alembic]
# The database, where DATABASE_URL is not set. No password here: this file is usually shared.
# sqlalchemy.url = sqlite+aiosqlite:///dev.db

# What the command line logs.

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
