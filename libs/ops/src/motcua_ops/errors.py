"""Failures that an operator is told about in a line."""

import click


class OpsError(click.ClickException):
    """Something that an operator can mend: names the cause and what to do."""
