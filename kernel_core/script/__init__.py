"""The revisions on disk. Reading them runs no file, and imports neither SQLAlchemy nor Mako."""

from . import write_hooks
from .base import Script, ScriptDirectory
from .revision import Revision, RevisionMap

__all__ = ["Revision", "RevisionMap", "Script", "ScriptDirectory", "write_hooks"]
