"""The law of the land register: pure computing, no I/O."""
