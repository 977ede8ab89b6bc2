"""The one-stop process: procedures, dossiers, clock, slips, documents of a person."""
