# Where the revisions are and how they are written. The database to migrate is configured in env.py.

[alembic]
# The folder with env.py and versions; %(here)s is the folder of this file.
script_location = ${script_location}

# Folders that env.py can import from.
prepend_sys_path = .

# Note in the database what each applied version file contains, so that a later edit is reported.
remember_content = true

# How lists of paths in this file are separated: os, newline, space, ":" or ";".
path_separator = os

# The names of new version files. Tokens: rev, slug, epoch, year, month, day, hour, minute, second.
# file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s
# truncate_slug_length = 40

# The time zone of "Create Date"; without it, local time.
# timezone = UTC

# The database, if DATABASE_URL is not set. Do not write a password here: this file is usually shared.
# sqlalchemy.url = sqlite:///dev.db

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
