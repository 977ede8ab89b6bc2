"""The law of the one-stop process: no I/O, no clock, no framework."""
