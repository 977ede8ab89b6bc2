"""One handler per command or query of the permits service."""
