"""Failures that a developer is told about in one line."""


class DevError(Exception):
    """Something a developer can mend: one line that names the cause and what to do."""
