"""The command line of `motcua`: its commands by name, each imported when it is used."""

import importlib

import click

COMMANDS = {
    "audit": "motcua_ops.audit.command",
    "backup": "motcua_ops.backup.take",
    "resend": "motcua_ops.backup.resend",
    "restore": "motcua_ops.backup.restore",
    "verify-backup": "motcua_ops.backup.verify",
    "verify-restore": "motcua_ops.backup.compare",
    "doctor": "motcua_ops.doctor.command",
    "rotate": "motcua_ops.secrets.rotate",
    "secrets": "motcua_ops.secrets.command",
    "smoke": "motcua_ops.smoke",
}
"""Name of each command and the module that has it as `command`."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua-ops")
def main() -> None:
    """Run Motcua on a cluster."""
