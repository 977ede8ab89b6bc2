"""What identity does on request: one handler for each command or query."""
