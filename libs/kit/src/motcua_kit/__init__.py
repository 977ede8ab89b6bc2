"""What every Motcua service shares, and nothing about the City."""
