[tool.alembic]
# The folder with env.py and versions; %(here)s is the folder of this file.
script_location = ${script_location}

# Folders that env.py can import from.
prepend_sys_path = ["."]

# Note in the database what each applied version file contains, so that a later edit is reported.
remember_content = true

# The names of new version files. Tokens: rev, slug, epoch, year, month, day, hour, minute, second.
# file_template = "%%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s"
# truncate_slug_length = 40

# The time zone of "Create Date"; without it, local time.
# timezone = "UTC"

# Programs that run on each new version file.
# [[tool.alembic.post_write_hooks]]
# name = "format"
# type = "exec"
# executable = "ruff"
# options = "format REVISION_SCRIPT_FILENAME"
