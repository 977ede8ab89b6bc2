"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
"""The repository."""

STATE = ROOT / ".motcua"
"""State of the stacks on this machine: data, secrets, logs, spans. Never committed."""

VENV = ROOT / ".venv"
"""The one virtual environment."""

VENV_PYTHON = VENV / "bin" / "python"


def packages() -> list[Path]:
    """Folders of the suite's own Python packages, in a stable order."""
    return sorted(file.parent for group in ("libs", "services") for file in (ROOT / group).glob("*/pyproject.toml"))
